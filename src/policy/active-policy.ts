/**
 * Which policy is in force at a protected commit: the repository's file there, below the organisation's
 * published one. A text that cannot be trusted never takes force: the last good one stays, and where
 * there never was one, every change needs two people. Holding everything instead would hold the
 * correction too.
 */
import { createHash } from 'node:crypto';
import type { GitRepository } from '#git';
import { AppError, type Clock, type Db } from '#kernel';
import type { Ledger } from '#ledger';
import { BUILT_IN_FILE } from './built-in.ts';
import { createCatalogReader } from './catalog.ts';
import type { CompiledPolicy } from './compile.ts';
import { policyActivated, policyRefused, policyRemoved } from './events.ts';
import { BUILT_IN_POLICY, type LoadSources, type PolicySources } from './load-policy.ts';
import { selectActiveOrganisationPolicy } from './organisation-store.ts';
import { MAX_POLICY_BYTES, type PolicyDirectory, POLICY_PATH } from './read-policy.ts';
import type { PolicyProblem } from './service.ts';
import * as store from './store.ts';

export const ORGANISATION_FILE = 'organisation policy';

export interface ActivePolicy {
  policy: CompiledPolicy;
  /** `.loom/policy.yaml@<commit>`, `organisation policy@<version>`, or `built-in`. */
  source: string;
  sourceCommit: string;
  /** What it was compiled from; null where nothing but the built-in rules holds. */
  sources: PolicySources | null;
  refused: { source: string; textHash: string; problems: PolicyProblem[] } | null;
  /** True when the text is refused and there is no earlier good one. */
  isUnreadable: boolean;
}

export interface ActivePolicies {
  /** Reads; writes nothing. */
  resolve(repository: string, git: GitRepository, baseSha: string): Promise<ActivePolicy>;
  /** Writes down what `resolve` found, with its events, if it is news. */
  record(repository: string, found: ActivePolicy, baseSha: string): Promise<void>;
}

export function createActivePolicies(deps: {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  load: LoadSources;
  directory: () => Promise<PolicyDirectory | null>;
}): ActivePolicies {
  const { db, ledger, clock, load, directory } = deps;
  const readCatalog = createCatalogReader();

  async function resolve(
    repository: string,
    git: GitRepository,
    baseSha: string,
  ): Promise<ActivePolicy> {
    const text = (await readPolicyText(git, baseSha)) ?? null;
    const above = await selectActiveOrganisationPolicy(db);
    const source =
      text === null ? `${ORGANISATION_FILE}@${above?.version ?? 0}` : `${POLICY_PATH}@${baseSha}`;
    if (text === null && above === undefined) return builtIn(baseSha);
    const sources: PolicySources = {
      text,
      file: POLICY_PATH,
      organisation: above === undefined ? null : { text: above.text, file: ORGANISATION_FILE },
      catalog: await readCatalog(git, baseSha),
    };
    const loaded = load(sources, await directory());
    if (loaded.policy !== null) {
      const { policy } = loaded;
      return { policy, source, sourceCommit: baseSha, sources, refused: null, isUnreadable: false };
    }
    const refusedText = createHash('sha256').update(JSON.stringify([text, above?.text]));
    const refused = { source, textHash: refusedText.digest('hex'), problems: loaded.problems };
    const lastGood = await store.selectActivePolicy(db, repository);
    // Who is in the teams today does not undo what was good.
    const policy = lastGood === undefined ? null : load(lastGood.sources).policy;
    if (lastGood === undefined || policy === null) {
      return { ...builtIn(baseSha), refused, isUnreadable: true };
    }
    return {
      policy,
      source: `${POLICY_PATH}@${lastGood.sourceCommit}`,
      sourceCommit: lastGood.sourceCommit,
      sources: lastGood.sources,
      refused,
      isUnreadable: false,
    };
  }

  async function record(repository: string, found: ActivePolicy, baseSha: string): Promise<void> {
    const known = await store.selectActivePolicy(db, repository);
    const { policy, source, sourceCommit, sources, refused } = found;
    if (refused === null && sources === null && known === undefined) return;
    if (refused === null && sources !== null && known?.version === policy.version) return;
    const now = clock.now();
    await db.transaction(async (tx) => {
      if (refused !== null) {
        const { textHash, problems } = refused;
        const refusal = { repository, textHash, sourceCommit: baseSha, problems, now };
        if (await store.insertRefusalOnce(tx, refusal)) {
          const event = {
            source: refused.source,
            sourceCommit: baseSha,
            problems,
            inForce: source,
          };
          await ledger.append(tx, policyRefused(repository, event));
        }
      } else if (sources === null) {
        const version = await store.deactivatePolicy(tx, repository);
        if (version !== undefined) {
          await ledger.append(tx, policyRemoved(repository, { version, sourceCommit: baseSha }));
        }
      } else {
        const active = { version: policy.version, sources, sourceCommit };
        if (await store.activatePolicy(tx, repository, active, now)) {
          await ledger.append(tx, policyActivated(repository, { ...active, source }));
        }
      }
    });
  }

  return { resolve, record };
}

function builtIn(baseSha: string): ActivePolicy {
  return {
    policy: BUILT_IN_POLICY,
    source: BUILT_IN_FILE,
    sourceCommit: baseSha,
    sources: null,
    refused: null,
    isUnreadable: false,
  };
}

/** The policy text at a commit. One that is too large is cut just where the reader says so. */
export async function readPolicyText(
  git: GitRepository,
  revision: string,
): Promise<string | undefined> {
  try {
    return await git.readText(revision, POLICY_PATH, MAX_POLICY_BYTES);
  } catch (error) {
    if (error instanceof AppError && error.code === 'git.file_too_large') {
      return ' '.repeat(MAX_POLICY_BYTES + 1);
    }
    throw error;
  }
}
