/**
 * What policy asks for beyond the template, as steps of the graph: a verdict before every merge, a
 * consent where a rule wants one, a watch after what ships watched. Each says which rule put it there.
 * A template that has such a step already keeps it. Pure.
 */
import type { Decision } from '#policy';
import type { GraphStep, WorkflowGraph } from '../workflow-graph.ts';

/** How long production is looked at after a change that ships and is watched. */
const WATCH = '24h';
const ATTEMPTS = 6;
const BACKOFF_MS = 2_000;

/** The part of a verdict that asks for steps. */
export type Obliging = Pick<Decision, 'lane' | 'rules' | 'policySource'>;

/** The graph with what every change must go through before it lands. */
export function weaveGraph(graph: WorkflowGraph, verdict?: Obliging): WorkflowGraph {
  const merge = graph.steps.find(({ kind }) => kind === 'merge');
  if (merge === undefined) return graph;
  const added: GraphStep[] = [];
  const all = () => [...graph.steps, ...added];
  const before = (kind: string) =>
    all().find((step) => step.kind === kind && isBefore(all(), step.name, merge.name));

  let decide = before('policy.decide');
  const mergeNeeds = new Set(merge.needs);
  if (decide === undefined) {
    // What the checks came to is read by the verdict.
    const checks = graph.steps.filter(
      ({ kind, name }) => kind === 'check.command' && isBefore(graph.steps, name, merge.name),
    );
    const needs = checks.length > 0 ? checks.map(({ name }) => name) : merge.needs;
    decide = woven(
      'policy.decide',
      freeName(graph, 'decide'),
      needs,
      'policy: no change lands without a verdict',
    );
    added.push(decide);
    mergeNeeds.add(decide.name);
  }
  if (before('approval.request') === undefined) {
    const why =
      verdict === undefined
        ? 'policy: consents that rules ask for are given before the merge'
        : reasonOf(verdict);
    const approve = woven('approval.request', freeName(graph, 'approve'), [decide.name], why);
    added.push(approve);
    mergeNeeds.add(approve.name);
  }
  if (verdict !== undefined) added.push(...watchSteps(all(), merge.name, verdict));
  if (added.length === 0) return graph;
  const steps = graph.steps.map((step) =>
    step.name === merge.name ? { ...step, needs: [...mergeNeeds] } : step,
  );
  return { ...graph, steps: [...steps, ...added] };
}

/** Steps a verdict adds to a run that is under way: those of its lane that are not there yet. */
export function stepsOfVerdict(
  steps: readonly Pick<GraphStep, 'name' | 'kind' | 'needs'>[],
  verdict: Obliging,
): GraphStep[] {
  const merge = steps.find(({ kind }) => kind === 'merge');
  return merge === undefined ? [] : watchSteps(steps, merge.name, verdict);
}

function watchSteps(
  steps: readonly Pick<GraphStep, 'name'>[],
  merge: string,
  verdict: Obliging,
): GraphStep[] {
  if (verdict.lane !== 'ship-and-watch' || steps.some(({ name }) => name === 'watch')) return [];
  const origin = grantOf(verdict);
  const watch: GraphStep = {
    ...woven('wait.signal', 'watch', [merge], origin),
    with: {
      signal: 'deployed',
      match: { status: ['failed', 'rolled-back'] },
      timeout: WATCH,
      onTimeout: 'continue',
    },
  };
  const alarm: GraphStep = {
    ...woven('notify', 'watch-alarm', ['watch'], origin),
    with: { to: 'host', message: 'Watched change in trouble: {title}' },
    when: { watch: { isTimedOut: false } },
  };
  return [watch, alarm];
}

/** The rule that lets it ship watched, where the leader wrote it. */
function grantOf({ rules, policySource }: Obliging): string {
  const grant = rules.find(({ kind, isMet }) => kind === 'grant' && isMet);
  if (grant === undefined) return `${policySource}: what ships here is watched`;
  return `${grant.file}:${grant.line} ${grant.id}: ${grant.because}`.slice(0, 500);
}

/** The rules that want a consent. */
function reasonOf({ rules, policySource }: Obliging): string {
  const asking = rules.filter(({ reviewers, kind }) => reviewers > 0 && kind !== 'grant');
  if (asking.length === 0) return `${policySource}: consents are given before the merge`;
  return asking
    .map(({ file, line, id }) => `${file}:${line} ${id}`)
    .join(', ')
    .slice(0, 500);
}

function woven(kind: string, name: string, needs: readonly string[], origin: string): GraphStep {
  return {
    name,
    kind,
    needs: [...needs],
    with: {},
    origin,
    maxAttempts: ATTEMPTS,
    backoffMs: BACKOFF_MS,
    timeoutMs: null,
  };
}

function freeName({ steps }: WorkflowGraph, wanted: string): string {
  const taken = new Set(steps.map(({ name }) => name));
  for (let number = 1; ; number += 1) {
    const name = number === 1 ? wanted : `${wanted}-${number}`;
    if (!taken.has(name)) return name;
  }
}

/** Whether the second step waits for the first one, by however many steps between them. */
function isBefore(
  steps: readonly Pick<GraphStep, 'name' | 'needs'>[],
  first: string,
  second: string,
): boolean {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const open = [...(byName.get(second)?.needs ?? [])];
  const seen = new Set<string>();
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (name === first) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(byName.get(name)?.needs ?? []));
  }
  return false;
}
