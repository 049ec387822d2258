/**
 * From text to a policy that may take force: read, compiled, validated and its own tests run. One
 * problem anywhere refuses it.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '#kernel';
import { BUILT_IN_DOCUMENT, BUILT_IN_FILE } from './built-in.ts';
import { NO_CATALOG, type PolicyCatalog } from './catalog.ts';
import { type CompiledPolicy, compilePolicy, compileProblems } from './compile.ts';
import { type PolicyDirectory, POLICY_PATH, readPolicy } from './read-policy.ts';
import { evaluatePolicyTests, type PolicyTestResult, runPolicyTests } from './policy-tests.ts';
import type { PolicyProblem } from './service.ts';

export type LoadedPolicy =
  | { policy: CompiledPolicy; problems: [] }
  | { policy: null; problems: PolicyProblem[] };

/** All that a verdict's rules come from. Kept with the version, so that it can be made again. */
export interface PolicySources {
  /** Null: the repository has no file of its own. */
  text: string | null;
  file: string;
  /** The organisation's file, which the repository's may only tighten. */
  organisation: { text: string; file: string } | null;
  catalog: PolicyCatalog;
}

export const BUILT_IN_POLICY: CompiledPolicy = compilePolicy(BUILT_IN_DOCUMENT, BUILT_IN_FILE);

/** A file read alone, as on a machine without a server. */
export function loadPolicy(text: string, file: string = POLICY_PATH): LoadedPolicy {
  return loadSources({ text, file, organisation: null, catalog: NO_CATALOG });
}

export type LoadSources = (
  sources: PolicySources,
  directory?: PolicyDirectory | null,
) => LoadedPolicy;

/** Reads both files, compiles them and runs the repository's own tests (else the organisation's). */
export function loadSources(
  sources: PolicySources,
  directory: PolicyDirectory | null = null,
): LoadedPolicy {
  const { policy, problems } = readAndCompile(sources, directory);
  if (policy === null) return { policy, problems };
  const failed = runPolicyTests(policy);
  return failed.length === 0 ? { policy, problems: [] } : { policy: null, problems: failed };
}

/** The file's own tests one by one; problems when it cannot be read at all. */
export function testPolicy(
  text: string,
  file: string = POLICY_PATH,
  catalog: PolicyCatalog = NO_CATALOG,
): { problems: PolicyProblem[]; results: PolicyTestResult[] } {
  const { policy, problems } = readAndCompile({ text, file, organisation: null, catalog }, null);
  return { problems, results: policy === null ? [] : evaluatePolicyTests(policy) };
}

function readAndCompile(sources: PolicySources, directory: PolicyDirectory | null): LoadedPolicy {
  const { text, file, organisation, catalog } = sources;
  if (text === null && organisation === null) return { policy: BUILT_IN_POLICY, problems: [] };
  const above =
    organisation === null
      ? null
      : readPolicy(organisation.text, {
          file: organisation.file,
          catalog,
          directory,
          organisation: null,
          isForAll: true,
        });
  if (above !== null && above.document === null) {
    return { policy: null, problems: inFile(above.problems, sources, organisation?.file) };
  }
  const own =
    text === null
      ? null
      : readPolicy(text, { file, catalog, directory, organisation: above?.document ?? null });
  if (own !== null && own.document === null) return { policy: null, problems: own.problems };
  const document = own?.document ?? above!.document!;
  const policy = compilePolicy(document, versionedText(sources));
  const found = compileProblems(policy).map(({ line, message }): PolicyProblem => ({
    line,
    column: 1,
    path: '',
    message,
    suggestion: null,
  }));
  return found.length === 0 ? { policy, problems: [] } : { policy: null, problems: found };
}

/** Problems of another file than the one under judgement say which. */
function inFile(
  problems: readonly PolicyProblem[],
  { text }: PolicySources,
  file = '',
): PolicyProblem[] {
  if (text === null) return [...problems];
  return problems.map((problem) => ({ ...problem, message: `${file}: ${problem.message}` }));
}

/** Equal for equal rules: the text alone where nothing else had a say. */
function versionedText(sources: PolicySources): string {
  const { text, organisation, catalog } = sources;
  if (organisation === null && catalog.services.size === 0) return text ?? '';
  return canonicalJson([text, organisation?.text ?? null, [...catalog.services]]);
}

/** Remembers the last policies, since most changes of a repository are judged under one. */
export function createPolicyLoader(size = 64): LoadSources {
  const known = new Map<string, LoadedPolicy>();
  return (sources, directory) => {
    const key = createHash('sha256')
      .update(
        canonicalJson([
          sources.text,
          sources.file,
          sources.organisation,
          [...sources.catalog.services],
          [...sources.catalog.teams],
          directory == null ? null : [[...directory.teams], [...directory.roles]],
        ]),
      )
      .digest('hex');
    const found = known.get(key) ?? loadSources(sources, directory);
    known.delete(key);
    known.set(key, found);
    if (known.size > size) {
      const [oldest = ''] = known.keys();
      known.delete(oldest);
    }
    return found;
  };
}
