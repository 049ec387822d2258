/**
 * Which policy is in force at a protected commit. A text that cannot be trusted never takes force:
 * the last good one stays, and where there never was one, every change needs two people. Holding
 * everything instead would hold the correction too.
 */
import { createHash } from 'node:crypto';
import type { GitRepository } from '#git';
import { AppError, type Clock, type Db } from '#kernel';
import type { Ledger } from '#ledger';
import { BUILT_IN_FILE } from './built-in.ts';
import type { CompiledPolicy } from './compile.ts';
import { policyActivated, policyRefused, policyRemoved } from './events.ts';
import { BUILT_IN_POLICY, type loadPolicy } from './load-policy.ts';
import { MAX_POLICY_BYTES, POLICY_PATH } from './read-policy.ts';
import type { PolicyProblem } from './service.ts';
import * as store from './store.ts';

export interface ActivePolicy {
  policy: CompiledPolicy;
  /** `.loom/policy.yaml@<commit>` or `built-in`. */
  source: string;
  sourceCommit: string;
  /** The text at the commit asked for; null when there is no file. */
  text: string | null;
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
  load: typeof loadPolicy;
}): ActivePolicies {
  const { db, ledger, clock, load } = deps;

  async function resolve(
    repository: string,
    git: GitRepository,
    baseSha: string,
  ): Promise<ActivePolicy> {
    const source = `${POLICY_PATH}@${baseSha}`;
    const text = await readPolicyText(git, baseSha);
    if (text === undefined) return { ...builtIn(baseSha), text: null };
    const loaded = load(text);
    if (loaded.policy !== null) {
      const { policy } = loaded;
      return { policy, source, sourceCommit: baseSha, text, refused: null, isUnreadable: false };
    }
    const textHash = createHash('sha256').update(text).digest('hex');
    const refused = { source, textHash, problems: loaded.problems };
    const lastGood = await store.selectActivePolicy(db, repository);
    const policy = lastGood === undefined ? null : load(lastGood.text).policy;
    if (lastGood === undefined || policy === null) {
      return { ...builtIn(baseSha), text, refused, isUnreadable: true };
    }
    return {
      policy,
      source: `${POLICY_PATH}@${lastGood.sourceCommit}`,
      sourceCommit: lastGood.sourceCommit,
      text,
      refused,
      isUnreadable: false,
    };
  }

  async function record(repository: string, found: ActivePolicy, baseSha: string): Promise<void> {
    const known = await store.selectActivePolicy(db, repository);
    const { policy, source, sourceCommit, text, refused } = found;
    if (refused === null && text === null && known === undefined) return;
    if (refused === null && text !== null && known?.version === policy.version) return;
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
      } else if (text === null) {
        const version = await store.deactivatePolicy(tx, repository);
        if (version !== undefined) {
          await ledger.append(tx, policyRemoved(repository, { version, sourceCommit: baseSha }));
        }
      } else {
        const active = { version: policy.version, text, sourceCommit };
        if (await store.activatePolicy(tx, repository, active, now)) {
          await ledger.append(tx, policyActivated(repository, { ...active, source }));
        }
      }
    });
  }

  return { resolve, record };
}

function builtIn(baseSha: string): Omit<ActivePolicy, 'text'> {
  return {
    policy: BUILT_IN_POLICY,
    source: BUILT_IN_FILE,
    sourceCommit: baseSha,
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
