/**
 * From text to a policy that may take force: read, compiled, validated and its own tests run. One
 * problem anywhere refuses it.
 */
import { BUILT_IN_DOCUMENT, BUILT_IN_FILE } from './built-in.ts';
import { type CompiledPolicy, compilePolicy, compileProblems } from './compile.ts';
import { POLICY_PATH, readPolicy } from './read-policy.ts';
import { evaluatePolicyTests, type PolicyTestResult, runPolicyTests } from './policy-tests.ts';
import type { PolicyProblem } from './service.ts';

export type LoadedPolicy =
  | { policy: CompiledPolicy; problems: [] }
  | { policy: null; problems: PolicyProblem[] };

export const BUILT_IN_POLICY: CompiledPolicy = compilePolicy(BUILT_IN_DOCUMENT, BUILT_IN_FILE);

export function loadPolicy(text: string, file: string = POLICY_PATH): LoadedPolicy {
  const { policy, problems } = readAndCompile(text, file);
  if (policy === null) return { policy, problems };
  const failed = runPolicyTests(policy);
  return failed.length === 0 ? { policy, problems: [] } : { policy: null, problems: failed };
}

/** The file's own tests one by one; problems when it cannot be read at all. */
export function testPolicy(
  text: string,
  file: string = POLICY_PATH,
): { problems: PolicyProblem[]; results: PolicyTestResult[] } {
  const { policy, problems } = readAndCompile(text, file);
  return { problems, results: policy === null ? [] : evaluatePolicyTests(policy) };
}

function readAndCompile(text: string, file: string): LoadedPolicy {
  const { document, problems } = readPolicy(text, file);
  if (document === null) return { policy: null, problems };
  const policy = compilePolicy(document, text);
  const found = compileProblems(policy).map(({ line, message }): PolicyProblem => ({
    line,
    column: 1,
    path: '',
    message,
    suggestion: null,
  }));
  return found.length === 0 ? { policy, problems: [] } : { policy: null, problems: found };
}

/** Remembers the last texts, since most changes of a repository are judged under one. */
export function createPolicyLoader(size = 64): (text: string, file?: string) => LoadedPolicy {
  const known = new Map<string, LoadedPolicy>();
  return (text, file = POLICY_PATH) => {
    const key = `${file}\n${text}`;
    const found = known.get(key) ?? loadPolicy(text, file);
    known.delete(key);
    known.set(key, found);
    if (known.size > size) {
      const [oldest = ''] = known.keys();
      known.delete(oldest);
    }
    return found;
  };
}
