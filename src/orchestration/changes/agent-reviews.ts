/**
 * Reviews by agents: evidence that a second agent looked, never a consent. The session must not be the
 * one that made the change, nor one that it started or was started by, nor in the custody otherwise.
 */
import { type Principal, sharedIdentities } from '#governance';
import { AppError, type Id } from '#kernel';
import { ORCHESTRATION, sessionActor } from '../deps.ts';
import { findSessions, type SessionRow } from '../sessions/index.ts';
import type { ChangeDeps } from './deps.ts';
import { agentReviewed } from './events.ts';
import { insertAgentReview } from './evidence-store.ts';
import { unknownChange } from './problems.ts';
import * as store from './store.ts';

const MAX_ANCESTORS = 20;

/**
 * Writes the first word of a session on the current head down and has the change judged again.
 * @throws AppError `changes.unknown`, `changes.not_open`, `changes.head_moved`,
 * `changes.review_needs_session`, `changes.own_session`.
 */
export async function recordAgentReview(
  deps: ChangeDeps,
  id: Id<'chg'>,
  review: {
    sessionId: Id<'ses'>;
    decision: 'approve' | 'decline';
    headSha: string;
    reason: string;
  },
  by: Principal,
): Promise<store.ChangeRow> {
  return deps.db.transaction(async (tx) => {
    const row = await store.findChange(tx, id, { forUpdate: true });
    if (row === undefined) throw unknownChange(id);
    if (row.state !== 'open') {
      throw new AppError('conflict', 'changes.not_open', {
        message: `The change is ${row.state}; there is nothing left to review.`,
        hint: 'A new push to a branch makes a new change.',
      });
    }
    if (row.head_sha !== review.headSha) {
      throw new AppError('conflict', 'changes.head_moved', {
        message: 'The change has moved on since you looked at it.',
        hint: `Look at ${row.head_sha.slice(0, 12)} and decide again.`,
      });
    }
    const session = await sessionOf(tx, review.sessionId, by);
    await refuseMaker(tx, row, session);
    const isNew = await insertAgentReview(tx, { ...review, changeId: id });
    if (!isNew) return row;
    const { decision, reason } = review;
    const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
    const reviewer = { decision, reason, agent: session.agent, sessionId: session.id };
    await deps.ledger.append(tx, agentReviewed(row, reviewer, { actor }));
    if (row.run_id !== null) {
      await deps.workflow.signal(tx, {
        runId: row.run_id,
        name: 'review',
        body: { decision: 'reconsider', reason: 'an agent reviewed it' },
        dedupeKey: `agent-review:${review.headSha}:${session.id}`,
        actor: ORCHESTRATION,
      });
    }
    return row;
  });
}

type Reader = Parameters<typeof findSessions>[0];

async function sessionOf(tx: Reader, id: Id<'ses'>, by: Principal): Promise<SessionRow> {
  const [session] = await findSessions(tx, [id]);
  const isTheirs =
    session !== undefined &&
    by.kind === 'agent' &&
    (by.id === session.id || (by.id === by.onBehalfOf && session.operator_id === by.id));
  if (isTheirs && ['active', 'idle'].includes(session.state)) return session;
  throw new AppError('forbidden', 'changes.review_needs_session', {
    message: 'A review by an agent counts only from a live session of its own.',
    hint: 'Start a session with the same token and name it in `sessionId`.',
  });
}

async function refuseMaker(tx: Reader, change: store.ChangeRow, session: SessionRow) {
  const isMaker =
    sharedIdentities({ id: session.id, identities: [] }, change.custody).length > 0 ||
    (change.session_id !== null && (await isSameLine(tx, change.session_id, session.id)));
  if (!isMaker) return;
  throw new AppError('forbidden', 'changes.own_session', {
    message: 'The session that made a change, and those it started, cannot review it.',
    hint: 'Let a session review it that had no hand in the change.',
  });
}

/** Whether one of two sessions comes from the other, or both from a third. */
async function isSameLine(tx: Reader, left: Id<'ses'>, right: Id<'ses'>): Promise<boolean> {
  return (await originOf(tx, left)) === (await originOf(tx, right));
}

async function originOf(tx: Reader, id: Id<'ses'>): Promise<Id<'ses'>> {
  let origin = id;
  for (let steps = 0; steps < MAX_ANCESTORS; steps += 1) {
    const [session] = await findSessions(tx, [origin]);
    if (session?.parent_id == null) return origin;
    origin = session.parent_id;
  }
  return origin;
}
