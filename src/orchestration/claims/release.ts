/** How claims end: given back, silent for too long. Whoever waited for them is told in the same commit. */
import type { Id, Tx } from '#kernel';
import { type OrchestrationDeps, ORCHESTRATION, sessionActor } from '../deps.ts';
import { leaveNotes, type NewNote } from '../notes/index.ts';
import { claimExpired, claimFreed, claimReleased } from './events.ts';
import { unknownSession } from './problems.ts';
import * as store from './store.ts';
import {
  conflicts,
  describeTarget,
  EVERYWHERE,
  isAboutFiles,
  meets,
  type Target,
} from './target.ts';
import * as waits from './wait-store.ts';

type Deps = Pick<OrchestrationDeps, 'ledger'>;

/** Gives back what a session holds, in the caller's transaction. Gives how many claims that were. */
export async function releaseClaims(
  tx: Tx,
  deps: Deps,
  request: {
    sessionId: Id<'ses'>;
    targets?: readonly Target[] | undefined;
    repository?: string | undefined;
    reason: string;
    state?: 'released' | 'expired';
  },
): Promise<number> {
  const session = await store.lockSession(tx, request.sessionId);
  if (session === undefined) throw unknownSession(request.sessionId);
  const { state = 'released', reason } = request;
  const rows = await store.endClaims(tx, request, state);
  await announce(tx, deps, rows, {
    state,
    reason,
    actor:
      state === 'released'
        ? sessionActor({ id: session.id, operatorId: session.operator_id })
        : ORCHESTRATION,
    session,
  });
  return rows.length;
}

/** Ends single claims of a session that was locked before. */
export async function releaseById(
  tx: Tx,
  deps: Deps,
  session: store.HolderSession,
  ids: readonly string[],
  reason: string,
  options: { isMove?: boolean } = {},
): Promise<store.ClaimRow[]> {
  if (ids.length === 0) return [];
  const rows = await store.endById(tx, ids, 'released');
  const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
  await announce(tx, deps, rows, { state: 'released', reason, actor, session, ...options });
  return rows;
}

/** Ends whoever's claim on an issue that is over. */
export async function releaseIssue(
  tx: Tx,
  deps: Deps,
  issue: Target,
  reason: string,
): Promise<void> {
  const ids = await store.findNamed(tx, EVERYWHERE, null, [issue]);
  if (ids.length === 0) return;
  const rows = await store.endById(tx, ids, 'released');
  for (const row of rows) {
    const session = { correlation_id: row.session_id, work_item_id: null };
    await announce(tx, deps, [row], { state: 'released', reason, actor: ORCHESTRATION, session });
  }
}

async function announce(
  tx: Tx,
  deps: Deps,
  rows: readonly store.ClaimRow[],
  how: {
    state: 'released' | 'expired';
    reason: string;
    actor: Parameters<typeof claimReleased>[2]['actor'];
    session: Pick<store.HolderSession, 'correlation_id' | 'work_item_id'>;
    /** Another session gets it in the same commit, so it is at no time free. */
    isMove?: boolean;
  },
): Promise<void> {
  const describe = how.state === 'released' ? claimReleased : claimExpired;
  const thread = {
    actor: how.actor,
    correlationId: how.session.correlation_id,
    workItemId: how.session.work_item_id,
  };
  await deps.ledger.appendMany(
    tx,
    rows.map((claim) => describe(claim, how.reason, thread)),
  );
  if (how.isMove !== true) await tellWaiters(tx, deps, rows);
}

/** Ends claims whose lease was over for a whole grace period, and gives how many. */
export async function expireSilentClaims(
  { db, ledger }: Pick<OrchestrationDeps, 'db' | 'ledger'>,
  graceMs: number,
): Promise<number> {
  return db.transaction(async (tx) => {
    const rows = await store.expireSilent(tx, graceMs, 500);
    await ledger.appendMany(
      tx,
      rows.map((claim) =>
        claimExpired(claim, 'no sign of life within the grace period', {
          actor: ORCHESTRATION,
          correlationId: claim.session_id,
        }),
      ),
    );
    await tellWaiters(tx, { ledger }, rows);
    return rows.length;
  });
}

/**
 * Tells those who wait for what has just ended, if nobody else is in their way. All of them are told:
 * who asks first gets it, and an agent that sleeps keeps nobody waiting.
 */
export async function tellWaiters(
  tx: Tx,
  { ledger }: Deps,
  ended: readonly store.ClaimRow[],
): Promise<void> {
  if (ended.length === 0) return;
  const scopes = [...new Set(ended.map(({ repository }) => repository))].sort();
  const open = await waits.lockWaits(tx, scopes);
  const touched = open.filter((wait) =>
    ended.some((claim) => claim.repository === wait.repository && meets(claim, wait)),
  );
  await tellFree(tx, { ledger }, touched);
}

async function tellFree(
  tx: Tx,
  { ledger }: Deps,
  waiting: readonly waits.WaitRow[],
): Promise<number> {
  const free: waits.WaitRow[] = [];
  for (const wait of waiting) {
    if (!(await isTaken(tx, wait))) free.push(wait);
  }
  if (free.length === 0) return 0;
  await waits.endWaits(
    tx,
    free.map(({ number }) => number),
  );
  const notes = free.map((wait): NewNote => {
    const others = free.filter((other) => other !== wait && meets(other, wait)).length;
    const also = others === 0 ? '' : ` ${others} more waited for it: who asks first gets it.`;
    return {
      sessionId: wait.session_id,
      kind: 'free',
      fromSessionId: null,
      text: `${describeTarget(wait)} in ${wait.repository} is free now; you waited for it since ${clock(wait.since)} UTC. Read it again before you change it: it was changed meanwhile.${also}`,
      dedupeKey: `free:${wait.number}`,
    };
  });
  await leaveNotes(tx, notes);
  await ledger.appendMany(
    tx,
    free.map((wait) => claimFreed(wait, ORCHESTRATION)),
  );
  return free.length;
}

/**
 * Tells those whose way became free without anybody noticing: a wait and a release may pass each
 * other, for neither sees the other's row before it is committed. Gives how many.
 */
export async function answerWaits({
  db,
  ledger,
}: Pick<OrchestrationDeps, 'db' | 'ledger'>): Promise<number> {
  return db.transaction(async (tx) => {
    const open = await waits.lockAllWaits(tx, 500);
    return tellFree(tx, { ledger }, open);
  });
}

async function isTaken(tx: Tx, wait: waits.WaitRow): Promise<boolean> {
  const ids = isAboutFiles(wait)
    ? await store.findTouching(tx, wait.repository, wait.session_id, [wait.path])
    : await store.findNamed(tx, wait.repository, wait.session_id, [wait]);
  const held = await store.findHeld(tx, ids);
  return held.some((claim) => conflicts(claim, { ...wait, strength: 'exclusive' }));
}

function clock(at: Date): string {
  return at.toISOString().slice(11, 16);
}
