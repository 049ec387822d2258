/** Runs the examples a leader wrote into the file: a policy that contradicts one does not take force. */
import type { FileChange } from '#git';
import type { CompiledPolicy } from './compile.ts';
import type { PolicyTest } from './document.ts';
import { buildFacts } from './facts.ts';
import { judge } from './judge.ts';
import type { PolicyProblem } from './service.ts';

/** Examples without a moment are judged outside every freeze. */
const LONG_AGO = new Date(0);

export function runPolicyTests(policy: CompiledPolicy): PolicyProblem[] {
  return policy.document.tests.flatMap((test) => {
    const verdict = judge(policy, factsOf(policy, test));
    const fired = verdict.rules.map(({ id }) => id);
    const absent = test.expect.rules.filter((id) => !fired.includes(id));
    const wrong: string[] = [];
    if (test.expect.lane !== null && test.expect.lane !== verdict.lane) {
      wrong.push(`expected lane ${test.expect.lane}, got ${verdict.lane}`);
    }
    if (absent.length > 0) {
      wrong.push(`expected ${absent.join(', ')} among the deciding rules, got ${fired.join(', ')}`);
    }
    return wrong.map((message): PolicyProblem => ({
      line: test.line,
      column: test.column,
      path: `tests: ${test.name}`,
      message: `The test "${test.name}" fails: ${message} (score ${verdict.score})`,
      suggestion: null,
    }));
  });
}

function factsOf(policy: CompiledPolicy, { change }: PolicyTest) {
  const lines = Math.floor(change.changedLines / Math.max(1, change.paths.length));
  const rest = change.changedLines - lines * change.paths.length;
  const files = change.paths.map((path, index): FileChange => ({
    status: 'modified',
    path,
    addedLines: index === 0 ? lines + rest : lines,
    deletedLines: 0,
    isSubmodule: false,
  }));
  return buildFacts(policy.document, policy.matchers, {
    files,
    headSha: '',
    policyVersion: policy.version,
    authorKind: change.author,
    checks: change.checks,
    owners: new Map(),
    approvals: [],
    editedPolicyProblem: null,
    isPolicyUnreadable: false,
    now: change.at ?? LONG_AGO,
  });
}
