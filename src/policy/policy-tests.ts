/** Runs the examples a leader wrote into the file: a policy that contradicts one does not take force. */
import type { FileChange } from '#git';
import type { CompiledPolicy } from './compile.ts';
import type { PolicyTest } from './document.ts';
import { buildFacts, type Facts } from './facts.ts';
import { judge, type Verdict } from './judge.ts';
import type { Lane } from './schema.ts';
import { NO_WORK } from './work-facts.ts';
import type { PolicyProblem } from './service.ts';

/** Examples without a moment are judged outside every freeze; which moment then does not matter. */
const LONG_AGO = new Date(0);

/** What one example of the file gave. */
export interface PolicyTestResult {
  name: string;
  line: number;
  column: number;
  isPassed: boolean;
  lane: Lane;
  score: number;
  /** Ids of the rules that decided. */
  rules: string[];
  /** How it differs from what the leader expects; empty when it passed. */
  differences: string[];
}

export function evaluatePolicyTests(policy: CompiledPolicy): PolicyTestResult[] {
  return policy.document.tests.map((test) => {
    const { lane, score, rules } = judge(policy, factsOf(policy, test), scoreOf(test));
    const fired = rules.map(({ id }) => id);
    const absent = test.expect.rules.filter((id) => !fired.includes(id));
    const differences: string[] = [];
    if (test.expect.lane !== null && test.expect.lane !== lane) {
      differences.push(`expected lane ${test.expect.lane}, got ${lane}`);
    }
    if (absent.length > 0) {
      differences.push(
        `expected ${absent.join(', ')} among the deciding rules, got ${fired.join(', ')}`,
      );
    }
    const { name, line, column } = test;
    const isPassed = differences.length === 0;
    return { name, line, column, isPassed, lane, score, rules: fired, differences };
  });
}

export function runPolicyTests(policy: CompiledPolicy): PolicyProblem[] {
  return evaluatePolicyTests(policy).flatMap(({ name, line, column, score, differences }) =>
    differences.map((difference): PolicyProblem => ({
      line,
      column,
      path: `tests: ${name}`,
      message: `The test "${name}" fails: ${difference} (score ${score})`,
      suggestion: null,
    })),
  );
}

/** The score an example gives itself; undefined leaves it to the model. */
function scoreOf({
  change: { riskPercentile },
}: PolicyTest): Pick<Verdict, 'score' | 'factors'> | undefined {
  if (riskPercentile === null) return undefined;
  const explanation = 'Given by the example.';
  return {
    score: riskPercentile,
    factors: [{ name: 'given', value: riskPercentile, points: riskPercentile, explanation }],
  };
}

function factsOf(policy: CompiledPolicy, { change }: PolicyTest): Facts {
  const lines = Math.floor(change.changedLines / Math.max(1, change.paths.length));
  const rest = change.changedLines - lines * change.paths.length;
  const files = change.paths.map((path, index): FileChange => ({
    status: 'modified',
    path,
    addedLines: index === 0 ? lines + rest : lines,
    deletedLines: 0,
    isSubmodule: false,
  }));
  const document = change.at === null ? { ...policy.document, freezes: [] } : policy.document;
  const marks = (['second-agent-review', 'hotfix'] as const).filter((mark) =>
    change.tags.includes(mark),
  );
  const facts = buildFacts(document, policy.matchers, {
    files,
    headSha: '',
    policyVersion: policy.version,
    authorKind: change.author,
    checks: change.tags.includes('checks-passed') ? 'passed' : change.checks,
    owners: new Map(),
    approvals: [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: change.at ?? LONG_AGO,
    marks,
    alsoTouches: change.services,
    hasTicket: true,
    work: { ...NO_WORK, labels: [...change.labels], priority: change.priority },
  });
  const given = change.tags.filter((tag) => tag !== 'hotfix');
  return { ...facts, tags: [...new Set([...facts.tags, ...given])].sort() };
}
