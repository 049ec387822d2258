/** A lease moves to another session: at no time is it free, and it moves whole or not at all. */
import { AppError, type Id, type Tx } from '#kernel';
import type { Claim } from '../schema.ts';
import { acquireIn } from './acquire.ts';
import type { ClaimDeps } from './deps.ts';
import { sessionIsOver, unknownSession } from './problems.ts';
import { releaseById } from './release.ts';
import * as store from './store.ts';
import { keyOf, type Target } from './target.ts';

/** Sessions are locked in the order of their ids, as everywhere where two are. */
export async function lockPair(
  tx: Tx,
  one: Id<'ses'>,
  other: Id<'ses'>,
): Promise<[store.HolderSession, store.HolderSession]> {
  const found = new Map<string, store.HolderSession>();
  for (const id of [one, other].sort()) {
    const session = await store.lockSession(tx, id);
    if (session === undefined) throw unknownSession(id);
    found.set(id, session);
  }
  return [found.get(one)!, found.get(other)!];
}

/**
 * Moves what `from` holds, all of it or these targets, to `to` under new numbers. Gives the new claims.
 * @throws AppError `sessions.over`, `claims.nothing_to_hand_over`, `claims.shared_with_others`.
 */
export async function moveClaims(
  tx: Tx,
  deps: ClaimDeps,
  move: {
    from: store.HolderSession;
    to: store.HolderSession;
    targets?: readonly Target[] | undefined;
    /** Whether it is all right to hold nothing: a session may have only its work item to give. */
    isWhole: boolean;
  },
): Promise<Claim[]> {
  const { from, to, targets } = move;
  if (to.state === 'ended') throw sessionIsOver(to.id);
  const all = await store.findAllOwn(tx, null, from.id);
  const scopes = [...new Set(all.map(({ repository }) => repository))].sort();
  for (const scope of scopes) await store.lockRepository(tx, scope);
  // Read again behind the locks.
  const held = (await store.findAllOwn(tx, null, from.id)).filter(
    (claim) => targets === undefined || targets.some((one) => keyOf(one) === keyOf(claim)),
  );
  if (held.length === 0) {
    if (move.isWhole) return [];
    throw new AppError('conflict', 'claims.nothing_to_hand_over', {
      message: `The session ${from.id} does not hold that any more.`,
      hint: 'Ask for it: it may be free.',
    });
  }
  const moved = held.filter(({ kind }) => kind !== 'intent');
  await releaseById(
    tx,
    deps,
    from,
    held.map(({ id }) => id),
    `handed over to ${to.id}`,
    { isMove: true },
  );
  if (moved.length === 0) return [];
  const answer = await acquireIn(tx, deps, {
    sessionId: to.id,
    wanted: moved.map(({ kind, path, detail, repository, strength }) => ({
      kind,
      path,
      detail,
      repository,
      strength,
    })),
    intent: held[0]!.intent,
    origin: 'declared',
  });
  if (answer.outcome === 'granted') return answer.claims;
  throw new AppError('conflict', 'claims.shared_with_others', {
    message: `It cannot be handed over: ${answer.message}`,
    hint: 'Hand over only what no third session holds a part of.',
  });
}
