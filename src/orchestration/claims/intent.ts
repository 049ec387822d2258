/** What a session is about, before it has touched anything. One intent a session; it blocks nobody. */
import type { Tx } from '#kernel';
import { sessionActor } from '../deps.ts';
import type { Claim } from '../schema.ts';
import type { ClaimService } from '../service.ts';
import type { ClaimDeps } from './deps.ts';
import { claimGranted } from './events.ts';
import { sessionIsOver, unknownSession } from './problems.ts';
import { releaseById } from './release.ts';
import * as store from './store.ts';

const MAX_PREDICTED = 100;

export async function declareIntentIn(
  tx: Tx,
  deps: ClaimDeps,
  request: Parameters<ClaimService['declareIntent']>[0],
): Promise<Claim> {
  const { sessionId, repository } = request;
  const session = await store.lockSession(tx, sessionId, { forUpdate: true });
  if (session === undefined) throw unknownSession(sessionId);
  if (session.state === 'ended') throw sessionIsOver(sessionId);
  const fence = (await store.lockRepository(tx, repository)) + 1;
  const held = await store.findAllOwn(tx, null, sessionId);
  const before = held.filter(({ kind }) => kind === 'intent').map(({ id }) => id);
  await releaseById(tx, deps, session, before, 'another intent took its place');
  const predicted = (request.predicted ?? [])
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MAX_PREDICTED);
  const [claim] = await store.insertClaims(
    tx,
    [
      {
        id: deps.newId('clm'),
        repository,
        kind: 'intent',
        path: '',
        detail: '',
        strength: 'shared',
        fence,
      },
    ],
    {
      sessionId,
      intent: request.intent.slice(0, 500),
      origin: 'declared',
      predicted: predicted.length === 0 ? null : predicted,
      leaseMs: deps.leaseMs,
    },
  );
  await store.setFence(tx, repository, fence);
  const actor = sessionActor({ id: sessionId, operatorId: session.operator_id });
  await deps.ledger.append(
    tx,
    claimGranted(claim!, {
      actor,
      correlationId: session.correlation_id,
      workItemId: session.work_item_id,
    }),
  );
  return store.toClaim(claim!);
}
