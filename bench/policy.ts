/**
 * One verdict, from the files of a change to lane, rules and what is missing, beside one bare question
 * to Cedar over the same compiled rules and facts. Both in turn, change by change, so that the load of
 * the machine falls on both.
 */
import { evaluateCedar } from '../src/policy/cedar-engine.ts';
import { attributesOf, type CompiledPolicy } from '../src/policy/compile.ts';
import { buildFacts } from '../src/policy/facts.ts';
import { judge } from '../src/policy/judge.ts';
import { loadPolicy } from '../src/policy/load-policy.ts';
import { percentile, type Table, type Verdict } from './report.ts';

export interface PolicyMeasured {
  rules: number;
  loadMs: number;
  verdictMs: number[];
  factsMs: number[];
  rawMs: number[];
  /** Processor time, which other programs of the machine do not stretch. */
  verdictCpuMs: number[];
  rawCpuMs: number[];
}

const SIZES = [
  { rules: 100, barMs: 20 },
  { rules: 1_000, barMs: 60 },
] as const;
const FOLDERS = 40;

export function measurePolicy({ changes }: { changes: number }): PolicyMeasured[] {
  return SIZES.map(({ rules }) => measureSize(rules, changes));
}

function measureSize(rules: number, changes: number): PolicyMeasured {
  const began = performance.now();
  const { policy, problems } = loadPolicy(policyOf(rules));
  if (policy === null) throw new Error(problems[0]?.message ?? 'no policy');
  const measured: PolicyMeasured = {
    rules,
    loadMs: performance.now() - began,
    verdictMs: [],
    factsMs: [],
    rawMs: [],
    verdictCpuMs: [],
    rawCpuMs: [],
  };
  for (let index = -100; index < changes; index += 1) {
    const one = measureChange(policy, index + 100);
    // The first ones parse the set and warm the engine.
    if (index < 0) continue;
    measured.verdictMs.push(one.verdictMs);
    measured.factsMs.push(one.factsMs);
    measured.rawMs.push(one.rawMs);
    measured.verdictCpuMs.push(one.verdictCpuMs);
    measured.rawCpuMs.push(one.rawCpuMs);
  }
  return measured;
}

function measureChange(policy: CompiledPolicy, index: number) {
  const cpuBefore = cpuMs();
  const start = performance.now();
  const facts = buildFacts(policy.document, policy.matchers, {
    files: filesOf(index),
    headSha: 'a',
    policyVersion: policy.version,
    authorKind: index % 2 === 0 ? 'agent' : 'human',
    checks: 'passed',
    owners: new Map(),
    approvals:
      index % 4 === 0
        ? [{ person: 'usr_1', roles: ['approver'], teams: ['t1'], headSha: 'a' }]
        : [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: new Date('2026-06-03T12:00:00Z'),
  });
  const built = performance.now();
  const { score } = judge(policy, facts);
  const judged = performance.now();
  const cpuBetween = cpuMs();
  const attributes = attributesOf(facts, score);
  const asked = performance.now();
  evaluateCedar(policy.cedar, {
    principal: { type: 'Author', id: facts.authorKind },
    action: 'ship',
    resource: { type: 'Change', id: 'change', attributes },
    context: { met: [] },
  });
  const answered = performance.now();
  return {
    verdictMs: judged - start,
    factsMs: built - start,
    rawMs: answered - asked,
    verdictCpuMs: cpuBetween - cpuBefore,
    rawCpuMs: cpuMs() - cpuBetween,
  };
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function filesOf(index: number) {
  return Array.from({ length: 1 + (index % 12) }, (_, file) => ({
    status: 'modified' as const,
    path: `services/s${(index + file) % FOLDERS}/src/module-${file}/file-${index % 7}.ts`,
    addedLines: 5 + (index % 90),
    deletedLines: index % 40,
    isSubmodule: false,
  }));
}

/** Rules of every kind, over forty services in four tiers. */
function policyOf(rules: number): string {
  const names = Array.from({ length: FOLDERS }, (_, index) => `s${index}`);
  const services = names.map((name) => `  ${name}: ["services/${name}/**"]`);
  const tiers = [0, 1, 2, 3].map(
    (tier) => `  tier${tier}: [${names.filter((_, index) => index % 4 === tier).join(', ')}]`,
  );
  const lines = Array.from({ length: rules }, (_, index) => {
    const when = [
      `paths: ["services/s${index % FOLDERS}/**/file-${index % 9}*"]`,
      `service: s${index % FOLDERS}, changed_lines: ">${index % 200}"`,
      `tier: tier${index % 4}, author: agent, files: ">${index % 20}"`,
      `tags: [migration, auth], score: ">=${index % 100}"`,
    ][index % 4]!;
    const require = ['reviewers: 1', 'reviewers: 1, from: team:t1', 'reviewers: 2', 'ticket: true'];
    return `  - { id: r${index}, when: { ${when} }, require: { ${require[index % 4]!} } }`;
  });
  return `version: 1
services:
${services.join('\n')}
tiers:
${tiers.join('\n')}
autonomy: { tier3: { max_score: 60, agents: true } }
rules:
${lines.join('\n')}
`;
}

const inMs = (value: number): string => value.toFixed(2);

export function policyTable(measured: readonly PolicyMeasured[]): Table {
  return {
    head: [
      'rules',
      'verdict p50',
      'verdict p95',
      'of it facts p95',
      'raw Cedar p50',
      'raw Cedar p95',
      'processor p95',
      'raw processor p95',
      'load',
    ],
    rows: measured.map(({ rules, loadMs, verdictMs, factsMs, rawMs, verdictCpuMs, rawCpuMs }) => [
      String(rules),
      `${inMs(percentile(verdictMs, 0.5))} ms`,
      `${inMs(percentile(verdictMs, 0.95))} ms`,
      `${inMs(percentile(factsMs, 0.95))} ms`,
      `${inMs(percentile(rawMs, 0.5))} ms`,
      `${inMs(percentile(rawMs, 0.95))} ms`,
      `${inMs(percentile(verdictCpuMs, 0.95))} ms`,
      `${inMs(percentile(rawCpuMs, 0.95))} ms`,
      `${inMs(loadMs)} ms`,
    ]),
  };
}

export function policyVerdicts(measured: readonly PolicyMeasured[]): Verdict[] {
  return measured.map(({ rules, verdictMs, rawMs }) => {
    const { barMs } = SIZES.find((size) => size.rules === rules)!;
    const p95 = percentile(verdictMs, 0.95);
    const raw = percentile(rawMs, 0.95);
    return {
      bar: `a verdict at ${rules} rules, p95 <= ${barMs} ms`,
      figure: `${inMs(p95)} ms, ${(p95 / raw).toFixed(1)}x raw Cedar`,
      isMet: p95 <= barMs,
    };
  });
}
