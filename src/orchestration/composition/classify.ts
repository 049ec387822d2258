/**
 * Which workflow something that happened is for, by the explicit matchers of the library. Exactly one
 * is chosen: the highest priority, else the first by name, and then it is said that two matched. Pure.
 */
import type { MatchTrigger } from '../workflow/index.ts';
import type { LibraryWorkflow } from '../library/index.ts';
import type { MatchFacts } from './facts.ts';

export interface Candidate {
  workflow: string;
  /** File and line of the matcher. */
  origin: string;
  priority: number;
}

export interface Classification {
  outcome: 'chosen' | 'ambiguous' | 'none';
  chosen: LibraryWorkflow | undefined;
  /** All that match, the chosen one first. */
  candidates: Candidate[];
  /** What to do where the answer is not plain. */
  hint: string | null;
}

export function classify(facts: MatchFacts, library: readonly LibraryWorkflow[]): Classification {
  const matching = library
    .flatMap((workflow) => {
      const trigger = workflow.triggers.find(({ match }) => matches(match, facts));
      return trigger === undefined ? [] : [{ workflow, line: trigger.line }];
    })
    .sort(
      (a, b) =>
        b.workflow.priority - a.workflow.priority || (a.workflow.name < b.workflow.name ? -1 : 1),
    );
  const candidates = matching.map(({ workflow, line }) => ({
    workflow: workflow.name,
    origin: `${workflow.source}:${line}`,
    priority: workflow.priority,
  }));
  const [first, second] = matching;
  if (first === undefined) {
    const hint = `No workflow matches ${describe(facts)}. Add a matcher under on: in .loom/workflows, or change the labels.`;
    return { outcome: 'none', chosen: undefined, candidates, hint };
  }
  const chosen = first.workflow;
  if (second === undefined || second.workflow.priority < chosen.priority) {
    return { outcome: 'chosen', chosen, candidates, hint: null };
  }
  const tied = candidates.filter(({ priority }) => priority === chosen.priority);
  const names = tied.map(({ workflow }) => workflow);
  const hint = `${names.join(' and ')} match with the same priority; ${chosen.name} is first by name. Give one of them a higher priority, or narrow a matcher.`;
  return { outcome: 'ambiguous', chosen, candidates, hint };
}

/** Whether all given keys of a matcher hold. */
export function matches(match: MatchTrigger, facts: MatchFacts): boolean {
  switch (facts.kind) {
    case 'workItem': {
      const wanted = match.workItem;
      if (wanted === undefined) return false;
      const has = (label: string) => facts.labels.some((one) => isSame(one, label));
      return (
        (wanted.labels?.some(has) ?? true) &&
        (wanted.allLabels?.every(has) ?? true) &&
        !(wanted.withoutLabels?.some(has) ?? false) &&
        isNamed(wanted.repository, facts.repository) &&
        isNamed(wanted.source, facts.source)
      );
    }
    case 'comment': {
      const wanted = match.comment;
      return (
        wanted !== undefined &&
        wanted.command === facts.command &&
        isNamed(wanted.repository, facts.repository)
      );
    }
    case 'incident': {
      const wanted = match.incident;
      return (
        wanted !== undefined &&
        (wanted.severity?.includes(facts.severity) ?? true) &&
        isNamed(wanted.repository, facts.repository) &&
        isNamed(wanted.source, facts.source)
      );
    }
    case 'mainFailed': {
      const wanted = match.mainFailed;
      return (
        wanted !== undefined &&
        isNamed(wanted.check, facts.check) &&
        isNamed(wanted.repository, facts.repository)
      );
    }
    case 'advisory': {
      const wanted = match.advisory;
      return (
        wanted !== undefined &&
        (wanted.severity?.includes(facts.severity) ?? true) &&
        isNamed(wanted.package, facts.package) &&
        isNamed(wanted.repository, facts.repository)
      );
    }
  }
}

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** One of the patterns names it; no patterns name everything. `*` is any text, of any length. */
function isNamed(patterns: readonly string[] | undefined, name: string | null): boolean {
  if (patterns === undefined) return true;
  return name !== null && patterns.some((pattern) => fitsPattern(pattern, name));
}

/** Part by part, so that no pattern costs more than its length times that of the name. */
export function fitsPattern(pattern: string, name: string): boolean {
  const parts = pattern.toLowerCase().split('*');
  const text = name.toLowerCase();
  const [first = '', ...rest] = parts;
  if (rest.length === 0) return text === first;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}

function describe(facts: MatchFacts): string {
  switch (facts.kind) {
    case 'workItem': {
      const labels =
        facts.labels.length === 0 ? 'without labels' : `labelled ${facts.labels.join(', ')}`;
      return `a work item ${labels}`;
    }
    case 'comment':
      return `the command /loom ${facts.command}`;
    case 'incident':
      return `an incident of severity ${facts.severity}`;
    case 'mainFailed':
      return `a failure of ${facts.check} on the main branch`;
    case 'advisory':
      return `an advisory of severity ${facts.severity} for ${facts.package}`;
  }
}
