/** Changes: what was proposed, by whose hands, and what became of it. */
import { z } from 'zod';
import type { MergeResult, Signal } from '#connectors/contract';
import type { GitRepository } from '#git';
import { decodeCursor, type Id, isId, toPage, type Tx } from '#kernel';
import { ORCHESTRATION } from '../deps.ts';
import type { Change } from '../schema.ts';
import type { ChangeService } from '../service.ts';
import { recordAgentReview } from './agent-reviews.ts';
import { applyCheckSignal } from './checks.ts';
import { applyChangeSignal } from './apply.ts';
import { recordDeployment } from './deployments.ts';
import type { ChangeDeps } from './deps.ts';
import { mirrorToJudgeIn, mirrorWithBranchAt, refreshMirror } from './gather.ts';
import { markMerged, signalMerged } from './merged.ts';
import { unknownChange } from './problems.ts';
import { applyReviewSignal, recordReview } from './reviews.ts';
import * as store from './store.ts';
import { findMissedSignals } from './sweep.ts';

const ChangeCursor = z.tuple([z.iso.datetime(), z.string()]);

/** Verbs for intake, the outbox and the steps; callers outside this room need `ChangeService` only. */
export interface ChangeKeeper extends ChangeService {
  /** Takes over news of a change. False: not one of our repositories. */
  apply(
    signal: Extract<Signal, { type: 'change.opened' | 'change.updated' | 'change.closed' }>,
    cause: Id<'evt'>,
  ): Promise<boolean>;
  applyReview(
    signal: Extract<Signal, { type: 'review.submitted' }>,
    cause: Id<'evt'>,
  ): Promise<void>;
  /** A branch moved: brings the mirror up to date; changes into it are considered again. */
  applyPush(signal: Extract<Signal, { type: 'branch.pushed' }>): Promise<boolean>;
  /** A check of the host ended: told to the runs of changes at that commit as signal `check`. */
  applyCheck(signal: Extract<Signal, { type: 'check.completed' }>): Promise<void>;
  /**
   * What became of the merge a run asked for: the change is merged, or its step learns why not.
   * `idempotencyKey` is that of the outbox message. A second call changes nothing.
   */
  recordMergeResult(answer: {
    changeId: Id<'chg'>;
    runId: Id<'run'>;
    idempotencyKey: string;
    result: MergeResult;
  }): Promise<Change>;
  /** News the host should have told and did not, found by comparing branches with changes. */
  findMissedSignals(repository: string): Promise<Signal[]>;
  /** Merged changes of a repository by merge commit: to see which of them a deployment carries. */
  mergedBySha(repository: string): Promise<Map<string, { id: Id<'chg'>; correlationId: string }>>;
  /** `review` with more that is written in the same commit. */
  reviewWith(
    id: Id<'chg'>,
    review: Parameters<ChangeService['review']>[1],
    by: Parameters<ChangeService['review']>[2],
    also: (tx: Tx, change: store.ChangeRow) => Promise<void>,
  ): Promise<Change>;
  setLane(id: Id<'chg'>, headSha: string, lane: string): Promise<void>;
  /** The mirror for judging a change, fetched first where this node's is missing or behind. */
  openMirror(change: Pick<Change, 'repository' | 'headSha' | 'baseBranch'>): Promise<GitRepository>;
}

export function createChangeService(deps: ChangeDeps): ChangeKeeper {
  const { db, context, workflow } = deps;

  return {
    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(ChangeCursor, cursor);
      const rows = await store.listChanges(db, filter, after, limit + 1);
      return toPage(rows.map(store.toChange), limit, (change) => [
        change.openedAt.toISOString(),
        change.id,
      ]);
    },

    async find(id) {
      const row = await store.findChange(db, id);
      return row === undefined ? undefined : store.toChange(row);
    },

    async resolve(reference) {
      const row = await findByReference(deps, reference.trim());
      return row === undefined ? undefined : store.toChange(row);
    },

    review: async (id, review, by) => store.toChange(await recordReview(deps, id, review, by)),

    reviewWith: async (id, review, by, also) =>
      store.toChange(await recordReview(deps, id, review, by, also)),

    apply: async (signal, cause) => (await applyChangeSignal(deps, signal, cause)) !== undefined,
    recordAgentReview: async (id, review, by) =>
      store.toChange(await recordAgentReview(deps, id, review, by)),

    applyReview: (signal, cause) => applyReviewSignal(deps, signal, cause),

    async applyPush(signal) {
      const repository = await context.findRepository(signal.repository);
      if (repository === undefined) return false;
      await mirrorWithBranchAt(deps, repository, signal.branch, signal.afterSha);
      const changes = await store.openChanges(db, signal.repository);
      for (const change of changes) {
        if (change.base_branch === signal.branch && change.run_id !== null) {
          await reconsider(change.run_id, signal.afterSha ?? 'deleted');
        }
      }
      return true;
    },

    applyCheck: (signal) => applyCheckSignal(deps, signal),

    async recordMergeResult({ changeId, runId, idempotencyKey, result }) {
      const row = await db.transaction(async (tx) => {
        const known = await store.findChange(tx, changeId, { forUpdate: true });
        if (known === undefined) throw unknownChange(changeId);
        if (result.outcome === 'merged') {
          const merged = await markMerged(tx, deps, known, {
            mergeSha: result.mergeSha,
            at: deps.clock.now(),
            actor: ORCHESTRATION,
          });
          // The host's own news may have been faster; the step hears it once either way.
          const mergeSha = merged.merge_sha ?? result.mergeSha;
          await signalMerged(tx, deps, runId, { outcome: 'merged', mergeSha });
          return merged;
        }
        await signalMerged(tx, deps, runId, result, idempotencyKey);
        return known;
      });
      return store.toChange(row);
    },

    recordDeploymentSignal: (news, by) => recordDeployment(deps, news, by),

    async findMissedSignals(name) {
      const repository = await context.findRepository(name);
      if (repository === undefined) return [];
      await refreshMirror(deps, repository);
      return findMissedSignals(deps, repository);
    },

    async mergedBySha(repository) {
      const rows = await store.mergedChanges(db, repository, 5_000);
      return new Map(
        rows.map((row) => [
          row.merge_sha ?? row.head_sha,
          { id: row.id, correlationId: row.correlation_id },
        ]),
      );
    },

    setLane: (id, headSha, lane) => store.setLane(db, id, headSha, lane),

    openMirror: (change) => mirrorToJudgeIn(deps, change),
  };

  /** The base moved: a verdict that waits may come out otherwise now. */
  async function reconsider(runId: Id<'run'>, baseSha: string): Promise<void> {
    await db.transaction((tx) =>
      workflow.signal(tx, {
        runId,
        name: 'review',
        body: { decision: 'reconsider', reason: 'the base branch moved' },
        dedupeKey: `reconsider:${baseSha}`,
        actor: ORCHESTRATION,
      }),
    );
  }
}

async function findByReference(
  { db, context }: ChangeDeps,
  reference: string,
): Promise<store.ChangeRow | undefined> {
  if (isId('chg', reference)) return store.findChange(db, reference);
  const named = /^(?<repository>[^#:\s]+\/[^#:\s]+)(?:#(?<number>\d{1,9})|:(?<branch>\S+))$/.exec(
    reference,
  )?.groups;
  if (named !== undefined) {
    const { number, branch = '' } = named;
    const called = named['repository'] ?? '';
    const repository = (await context.findRepository(called))?.name ?? called;
    const name = number === undefined ? { branch } : { number: Number(number) };
    return store.findByRepositoryAndName(db, repository, name);
  }
  if (/^[0-9a-f]{7,64}$/i.test(reference)) return store.findByCommit(db, reference.toLowerCase());
  return undefined;
}
