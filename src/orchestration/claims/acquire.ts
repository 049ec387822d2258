/**
 * Granting claims. Grants in one scope come one after the other behind a row lock, and a unique key
 * stands behind that; scopes are locked in one order, so sets of claims never wait in a circle. Leases
 * count by the database's clock alone: nodes and laptops may disagree about the time, the holder may not.
 */
import type { Id, Tx } from '#kernel';
import { sessionActor } from '../deps.ts';
import type { Claim } from '../schema.ts';
import type { ClaimAnswer } from '../service.ts';
import { noteChangedHands } from './changed-hands.ts';
import { type Conflict, explainDenial } from './denial.ts';
import type { ClaimDeps } from './deps.ts';
import { claimDenied, claimExpired, claimGranted } from './events.ts';
import { findTakenOver } from './fence-store.ts';
import { holdersOf } from './path.ts';
import { MAX_HELD, sessionIsOver, tooManyHeld, unknownSession } from './problems.ts';
import { releaseById } from './release.ts';
import * as store from './store.ts';
import {
  conflicts,
  describeTarget,
  includes,
  isAboutFiles,
  keyOf,
  meets,
  rankOf,
  scopeOf,
  type Target,
} from './target.ts';

/** One thing that is asked for, in the scope where it is unique. */
export interface Wanted extends Target {
  repository: string;
  strength: Claim['strength'];
}

export interface Acquisition {
  sessionId: Id<'ses'>;
  /** In their total order. */
  wanted: readonly Wanted[];
  intent: string;
  origin: Claim['origin'];
  predicted?: Claim['predicted'] | undefined;
}

/** All or nothing. The session's own claims, and those of the sessions that started it, never stand in its way. */
export async function acquireIn(
  tx: Tx,
  deps: ClaimDeps,
  request: Acquisition,
): Promise<ClaimAnswer> {
  const { sessionId, wanted } = request;
  const session = await store.lockSession(tx, sessionId);
  if (session === undefined) throw unknownSession(sessionId);
  if (session.state === 'ended') throw sessionIsOver(sessionId);
  const fences = new Map<string, number>();
  for (const scope of scopesOf(wanted)) fences.set(scope, await store.lockRepository(tx, scope));

  const held = await findInTheWay(tx, session, wanted, { forUpdate: true });
  if (held.length > 0) {
    const ancestors = await store.findAncestors(tx, session.parent_id);
    const family = held.filter((claim) => ancestors.includes(claim.session_id));
    const others = held.filter((claim) => !ancestors.includes(claim.session_id));
    await expireStale(tx, deps, session, others);
    const inTheWay = others.filter(({ is_stale: isStale }) => !isStale);
    if (inTheWay.length > 0) return deny(tx, deps, session, wanted, inTheWay);
    await delegate(tx, deps, session, wanted, family);
  }

  const claims = await grant(tx, deps, request, fences);
  const actor = sessionActor({ id: sessionId, operatorId: session.operator_id });
  const thread = {
    actor,
    correlationId: session.correlation_id,
    workItemId: session.work_item_id,
  };
  await deps.ledger.appendMany(
    tx,
    claims.granted.map((claim) => claimGranted(claim, thread)),
  );
  await noteChangedHands(tx, sessionId, claims.granted);
  return { outcome: 'granted', claims: [...claims.renewed, ...claims.granted].map(store.toClaim) };
}

/** Claims of others that cannot stand beside what is wanted, those whose lease is over among them. */
export async function findInTheWay(
  queryable: Parameters<typeof store.findHeld>[0],
  session: { id: Id<'ses'> },
  wanted: readonly Wanted[],
  options: { forUpdate?: boolean } = {},
): Promise<store.HeldRow[]> {
  const ids: string[] = [];
  for (const scope of scopesOf(wanted)) {
    const here = wanted.filter(({ repository }) => repository === scope);
    const files = here.filter(isAboutFiles);
    const names = here.filter((target) => !isAboutFiles(target) && target.kind !== 'intent');
    if (files.length > 0) {
      const paths = [...new Set(files.map(({ path }) => path))];
      ids.push(...(await store.findTouching(queryable, scope, session.id, paths)));
    }
    if (names.length > 0) ids.push(...(await store.findNamed(queryable, scope, session.id, names)));
  }
  const held = await store.findHeld(queryable, ids, options);
  return held.filter((claim) =>
    wanted.some((one) => one.repository === claim.repository && conflicts(claim, one)),
  );
}

/** What nobody renewed is taken over by whoever asks. */
async function expireStale(
  tx: Tx,
  deps: ClaimDeps,
  session: store.HolderSession,
  held: readonly store.HeldRow[],
): Promise<void> {
  const ids = held.filter(({ is_stale: isStale }) => isStale).map(({ id }) => id);
  if (ids.length === 0) return;
  const stale = await store.endById(tx, ids, 'expired');
  const why = `the lease was over and session ${session.id} asked for it`;
  const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
  const thread = { actor, correlationId: session.correlation_id };
  await deps.ledger.appendMany(
    tx,
    stale.map((claim) => claimExpired(claim, why, thread)),
  );
}

async function deny(
  tx: Tx,
  deps: ClaimDeps,
  session: store.HolderSession,
  wanted: readonly Wanted[],
  held: readonly store.HeldRow[],
): Promise<ClaimAnswer> {
  const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
  const asked = {
    repository: wanted[0]!.repository,
    paths: wanted.map(describeTarget),
    strength: wanted[0]!.strength,
  };
  await deps.ledger.append(tx, claimDenied(session, asked, held, actor));
  const lost = await findTakenOver(tx, session.id, held);
  return explainDenial(toConflicts(wanted, held), {
    now: session.now,
    sessionId: session.id,
    classes: [...new Set(wanted.flatMap((one) => deps.classOf(one) ?? []))],
    lost: lost.map((claim) => ({ target: describeTarget(claim), endedAt: claim.ended_at })),
  });
}

/** A helper takes over what its parent holds of just this; the rest of the parent's stays as it is. */
async function delegate(
  tx: Tx,
  deps: ClaimDeps,
  session: store.HolderSession,
  wanted: readonly Wanted[],
  family: readonly store.HeldRow[],
): Promise<void> {
  const same = family.filter((claim) => wanted.some((one) => keyOf(one) === keyOf(claim)));
  for (const holder of new Set(same.map(({ session_id: id }) => id))) {
    const parent = await store.lockSession(tx, holder);
    const ids = same.filter(({ session_id: id }) => id === holder).map(({ id }) => id);
    await releaseById(tx, deps, parent!, ids, `handed to its helper ${session.id}`, {
      isMove: true,
    });
  }
}

/** The way is free: renews what the session holds, raises what it holds too weakly, adds the rest. */
async function grant(
  tx: Tx,
  deps: ClaimDeps,
  request: Acquisition,
  fences: Map<string, number>,
): Promise<{ renewed: store.ClaimRow[]; granted: store.ClaimRow[] }> {
  const { sessionId, wanted, intent, origin, predicted } = request;
  const own: store.OwnRow[] = [];
  for (const scope of scopesOf(wanted)) {
    const names = wanted.filter(({ repository }) => repository === scope).flatMap(namesOver);
    own.push(...(await store.findOwn(tx, scope, sessionId, names)));
  }
  const covering = wanted.map((one) => findCovering(own, one));
  const missing = wanted.filter((_, index) => covering[index] === undefined);
  const held = covering.flatMap((claim) => (claim === undefined ? [] : [claim.id]));
  if (missing.length > 0) {
    const count = await store.countHeld(tx, sessionId, MAX_HELD);
    if (count + missing.length > MAX_HELD) throw tooManyHeld();
  }

  const raised: store.ClaimRow[] = [];
  const added: store.NewClaim[] = [];
  for (const one of missing) {
    const fence = fences.get(one.repository)! + 1;
    fences.set(one.repository, fence);
    const weak = own.find(
      (claim) => claim.repository === one.repository && keyOf(claim) === keyOf(one),
    );
    if (weak === undefined) added.push({ ...one, id: deps.newId('clm'), fence });
    else raised.push(await store.upgrade(tx, weak.id, fence, deps.leaseMs));
  }
  const common = { sessionId, intent: intent.slice(0, 500), origin, predicted };
  const granted =
    added.length === 0
      ? []
      : await store.insertClaims(tx, added, { ...common, leaseMs: deps.leaseMs });
  for (const scope of new Set(missing.map(({ repository }) => repository))) {
    await store.setFence(tx, scope, fences.get(scope)!);
  }
  const renewed =
    held.length === 0 ? [] : await store.renew(tx, [...new Set(held)].sort(), deps.leaseMs);
  return { renewed, granted: [...raised, ...granted] };
}

/** Names under which a session may hold what includes the target. */
export function namesOver(target: Target): string[] {
  return isAboutFiles(target) ? holdersOf(target.path) : [target.path];
}

export function findCovering<Row extends store.ClaimRow>(
  own: readonly Row[],
  wanted: Wanted,
): Row | undefined {
  return own.find(
    (claim) =>
      claim.repository === wanted.repository &&
      includes(claim, wanted) &&
      (claim.strength === 'exclusive' || wanted.strength === 'shared'),
  );
}

/** In the one order in which everybody locks them. */
export function scopesOf(wanted: readonly { repository: string }[]): string[] {
  return [...new Set(wanted.map(({ repository }) => repository))].sort();
}

export function toWanted(target: Target, repository: string, strength: Claim['strength']): Wanted {
  return { ...target, repository: scopeOf(target, repository), strength };
}

/** One line per asked target and session in its way: a folder with a hundred claims is one conflict. */
export function toConflicts(wanted: readonly Wanted[], held: readonly store.HeldRow[]): Conflict[] {
  const strongestFirst = [...held].sort((a, b) => rankOf(b) - rankOf(a));
  return wanted.flatMap((one) => {
    const perSession = new Map<string, store.HeldRow>();
    for (const row of strongestFirst) {
      if (row.repository !== one.repository || !meets(row, one)) continue;
      if (!perSession.has(row.session_id)) perSession.set(row.session_id, row);
    }
    return [...perSession.values()].map((row) => ({
      path: describeTarget(one),
      heldBy: {
        sessionId: row.session_id,
        claimId: row.id,
        target: describeTarget(row),
        agent: row.agent,
        operator: row.operator_name,
        intent: row.intent === '' ? row.session_intent : row.intent,
        branch: row.branch,
        since: row.granted_at,
        until: row.lease_until,
      },
    }));
  });
}
