/** The end of a change in its base branch: merged by us, or by somebody on the host. */
import type { MergeResult } from '#connectors/contract';
import type { Id, Tx } from '#kernel';
import type { Actor } from '#ledger';
import { releaseClaims } from '../claims/index.ts';
import { ORCHESTRATION } from '../deps.ts';
import { findSessions } from '../sessions/index.ts';
import { completeWorkItem } from '../work/index.ts';
import type { ChangeDeps } from './deps.ts';
import { changeMerged } from './events.ts';
import * as store from './store.ts';
import { tellRunsOfWorkItem } from './tell-work.ts';

/** Step that carries our own merge; while it is at work, news of a merge is news of ours. */
const MERGE_AT_WORK = ['running', 'waiting'];

/**
 * Writes the merge down once, frees what the session held, ends the work item, and tells the run:
 * the one that merged goes on, any other has nothing left to do.
 */
export async function markMerged(
  tx: Tx,
  deps: ChangeDeps,
  row: store.ChangeRow,
  merge: { mergeSha: string; at: Date; actor: Actor; cause?: Id<'evt'> | undefined },
): Promise<store.ChangeRow> {
  if (row.state === 'merged') return row;
  const isOurs = row.run_id !== null && (await isMerging(tx, row.run_id));
  const merged = await store.updateChange(tx, row.id, {
    state: 'merged',
    state_at: merge.at,
    merged_at: merge.at,
    merge_sha: merge.mergeSha,
  });
  const event = deps.newId('evt');
  const releasedClaims =
    row.session_id === null
      ? 0
      : await releaseClaims(tx, deps, {
          sessionId: row.session_id,
          repository: row.repository,
          reason: 'its change was merged',
        });
  const about = { id: event, actor: merge.actor, cause: merge.cause, occurredAt: merge.at };
  const via = isOurs ? 'loomstack' : 'host';
  await deps.ledger.append(tx, changeMerged(merged, { via, releasedClaims }, about));
  const [session] = row.session_id === null ? [] : await findSessions(tx, [row.session_id]);
  await deps.policy.recordLanding(tx, {
    changeId: row.id,
    repository: row.repository,
    headSha: row.head_sha,
    mergeSha: merge.mergeSha,
    title: row.title,
    text: row.body,
    agent: row.author_kind === 'agent' ? (session?.agent ?? row.author_name).toLowerCase() : null,
    isOurs,
    at: merge.at,
  });
  if (row.work_item_id !== null) {
    await completeWorkItem(tx, deps, row.work_item_id, 'its change was merged', {
      actor: merge.actor,
      cause: event,
      refs: { change: row.id, mergeCommit: merge.mergeSha },
    });
  }
  if (row.run_id !== null) {
    if (isOurs) {
      await signalMerged(tx, deps, row.run_id, { outcome: 'merged', mergeSha: merge.mergeSha });
    } else {
      await deps.workflow.cancel(row.run_id, 'merged on the host', ORCHESTRATION, tx);
    }
  }
  await tellRunsOfWorkItem(tx, deps, {
    workItemId: row.work_item_id,
    name: 'landed',
    body: { changeId: row.id, mergeSha: merge.mergeSha, branch: row.branch },
    dedupeKey: `landed:${row.id}`,
    actor: merge.actor,
  });
  return merged;
}

/** Tells the merge step how it went. The same merge told twice is one signal. */
export async function signalMerged(
  tx: Tx,
  { workflow }: ChangeDeps,
  runId: Id<'run'>,
  result: MergeResult,
  attemptKey = '',
): Promise<void> {
  const key = result.outcome === 'merged' ? result.mergeSha : `${result.outcome}:${attemptKey}`;
  await workflow.signal(tx, {
    runId,
    name: 'merged',
    body: { ...result },
    dedupeKey: `merged:${runId}:${key}`,
    actor: ORCHESTRATION,
  });
}

async function isMerging(tx: Tx, runId: Id<'run'>): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from loom.steps where run_id = $1 and kind = 'merge' and state = any($2::text[])`,
    [runId, MERGE_AT_WORK],
  );
  return rows.length > 0;
}
