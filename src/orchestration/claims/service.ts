/**
 * Path claims: one holder at a time, by lease. Grants in one repository come one after the other
 * behind a row lock, and a unique key stands behind that. Leases count by the database's clock alone:
 * nodes and laptops may disagree about the time, the holder may not.
 */
import { AppError, decodeCursor, type Id, toPage, type Tx } from '#kernel';
import { z } from 'zod';
import { type OrchestrationDeps, ORCHESTRATION, sessionActor } from '../deps.ts';
import type { Claim } from '../schema.ts';
import type { ClaimAnswer, ClaimService } from '../service.ts';
import { type Conflict, explainDenial } from './denial.ts';
import { claimDenied, claimExpired, claimGranted, claimReleased } from './events.ts';
import { covers, normalisePaths, overlaps } from './path.ts';
import * as store from './store.ts';

const MAX_HELD = 2_000;
/** The share of a lease that must be left for an edit to cost no write. */
export const RENEW_BELOW = 2 / 3;
const ClaimCursor = z.tuple([z.iso.datetime(), z.string()]);

export interface ClaimDeps extends OrchestrationDeps {
  leaseMs: number;
}

type AcquireRequest = Parameters<ClaimService['acquire']>[0];

export function createClaimService(deps: ClaimDeps): ClaimService {
  const { db, ledger, newId, leaseMs } = deps;

  async function acquire(request: AcquireRequest): Promise<ClaimAnswer> {
    const strength = request.strength ?? 'exclusive';
    const paths = normalisePaths(request.paths);
    const renewed = await renewOwn({ ...request, paths, strength });
    if (renewed !== undefined) return { outcome: 'granted', claims: renewed };
    return db.transaction((tx) => decide(tx, { ...request, paths, strength }));
  }

  /**
   * An edit of what the session holds already, by far the usual case, needs no lock and no event; and
   * no write either while most of the lease is left, for until then nobody can take the claim over.
   */
  async function renewOwn(wanted: {
    sessionId: Id<'ses'>;
    repository: string;
    paths: string[];
    strength: Claim['strength'];
  }): Promise<Claim[] | undefined> {
    const own = await store.findOwn(db, wanted.repository, wanted.sessionId, wanted.paths);
    const covering = new Map<string, store.OwnRow>();
    for (const path of wanted.paths) {
      const claim = findCovering(own, path, wanted.strength);
      if (claim === undefined) return undefined;
      covering.set(claim.id, claim);
    }
    const claims = [...covering.values()];
    const used = claims.filter(({ lease_left_ms: left }) => left < leaseMs * RENEW_BELOW);
    if (used.length === 0) return claims.map(store.toClaim);
    const renewed = await store.renew(
      db,
      used.map(({ id }) => id),
      leaseMs,
    );
    // Fewer than asked for: one was taken over or released in between.
    if (renewed.length < used.length) return undefined;
    const renewedById = new Map(renewed.map((claim) => [claim.id, claim]));
    return claims.map((claim) => store.toClaim(renewedById.get(claim.id) ?? claim));
  }

  async function decide(
    tx: Tx,
    request: AcquireRequest & { strength: Claim['strength'] },
  ): Promise<ClaimAnswer> {
    const { sessionId, repository, paths, strength } = request;
    const session = await store.lockSession(tx, sessionId);
    if (session === undefined) throw unknownSession(sessionId);
    if (session.state === 'ended') throw sessionIsOver(sessionId);
    const actor = sessionActor({ id: sessionId, operatorId: session.operator_id });
    const fence = await store.lockRepository(tx, repository);

    const touching = await store.findTouching(tx, repository, sessionId, paths);
    if (touching.length > 0) {
      const denial = await contest(tx, session, { repository, paths, strength }, touching);
      if (denial !== undefined) return denial;
    }

    const claims = await grant(tx, request, fence);
    const thread = {
      actor,
      correlationId: session.correlation_id,
      workItemId: session.work_item_id,
    };
    await ledger.appendMany(
      tx,
      claims.granted.map((claim) => claimGranted(claim, thread)),
    );
    return {
      outcome: 'granted',
      claims: [...claims.renewed, ...claims.granted].map(store.toClaim),
    };
  }

  /** Takes over what nobody renewed; what is left in the way is the answer. */
  async function contest(
    tx: Tx,
    session: store.HolderSession,
    wanted: { repository: string; paths: string[]; strength: Claim['strength'] },
    touching: readonly string[],
  ): Promise<ClaimAnswer | undefined> {
    const actor = sessionActor({ id: session.id, operatorId: session.operator_id });
    const stale = await store.expireStale(tx, touching);
    const why = `the lease was over and session ${session.id} asked for it`;
    await ledger.appendMany(
      tx,
      stale.map((claim) =>
        claimExpired(claim, why, { actor, correlationId: session.correlation_id }),
      ),
    );
    const rows = await store.findConflicts(tx, touching, wanted.strength, { withStale: true });
    if (rows.length === 0) return undefined;
    await ledger.append(tx, claimDenied(session, wanted, rows, actor));
    return explainDenial(toConflicts(wanted.paths, rows), session.now);
  }

  /** The way is free: renews what the session holds, raises what it holds too weakly, adds the rest. */
  async function grant(
    tx: Tx,
    request: AcquireRequest & { strength: Claim['strength'] },
    lastFence: number,
  ): Promise<{ renewed: store.ClaimRow[]; granted: store.ClaimRow[] }> {
    const { sessionId, repository, paths, strength, intent = '' } = request;
    const own = await store.findOwn(tx, repository, sessionId, paths);
    const covering = new Map(paths.map((path) => [path, findCovering(own, path, strength)]));
    const missing = paths.filter((path) => covering.get(path) === undefined);
    const held = [...covering.values()].flatMap((claim) => (claim === undefined ? [] : [claim.id]));
    if (missing.length > 0) {
      const count = await store.countHeld(tx, sessionId, MAX_HELD);
      if (count + missing.length > MAX_HELD) throw tooManyHeld();
    }

    let fence = lastFence;
    const raised: store.ClaimRow[] = [];
    const added: { id: Id<'clm'>; path: string; fence: number }[] = [];
    for (const path of missing) {
      fence += 1;
      const weak = own.find((claim) => claim.path === path);
      if (weak === undefined) added.push({ id: newId('clm'), path, fence });
      else raised.push(await store.upgrade(tx, weak.id, fence, leaseMs));
    }
    const common = { sessionId, repository, strength, intent: intent.slice(0, 500), leaseMs };
    const granted = added.length === 0 ? [] : await store.insertClaims(tx, added, common);
    if (fence > lastFence) await store.setFence(tx, repository, fence);
    const renewed = held.length === 0 ? [] : await store.renew(tx, [...new Set(held)], leaseMs);
    return { renewed, granted: [...raised, ...granted] };
  }

  async function check(request: Parameters<ClaimService['check']>[0]): Promise<ClaimAnswer> {
    const paths = normalisePaths(request.paths);
    const { repository, sessionId } = request;
    const touching = await store.findTouching(db, repository, sessionId, paths);
    const rows = await store.findConflicts(db, touching, 'exclusive', { withStale: false });
    if (rows.length > 0) return explainDenial(toConflicts(paths, rows), rows[0]!.now);
    const own = await store.findOwn(db, repository, sessionId, paths);
    return { outcome: 'granted', claims: own.map(store.toClaim) };
  }

  return {
    acquire,
    check,
    async release({ sessionId, paths, reason }) {
      const wanted = paths === undefined ? undefined : normalisePaths(paths);
      return db.transaction((tx) =>
        releaseClaims(tx, deps, { sessionId, paths: wanted, reason: reason.slice(0, 500) }),
      );
    },
    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(ClaimCursor, cursor);
      const rows = await store.listClaims(db, filter, after, limit + 1);
      return toPage(rows.map(store.toClaim), limit, (claim) => [
        claim.grantedAt.toISOString(),
        claim.id,
      ]);
    },
  };
}

/** Gives back what a session holds, in the caller's transaction. Gives how many claims that were. */
export async function releaseClaims(
  tx: Tx,
  { ledger }: Pick<OrchestrationDeps, 'ledger'>,
  request: {
    sessionId: Id<'ses'>;
    paths?: readonly string[] | undefined;
    repository?: string | undefined;
    reason: string;
    state?: 'released' | 'expired';
  },
): Promise<number> {
  const session = await store.lockSession(tx, request.sessionId);
  if (session === undefined) throw unknownSession(request.sessionId);
  const { state = 'released', reason } = request;
  const rows = await store.endClaims(tx, request, state);
  const thread = {
    actor:
      state === 'released'
        ? sessionActor({ id: session.id, operatorId: session.operator_id })
        : ORCHESTRATION,
    correlationId: session.correlation_id,
    workItemId: session.work_item_id,
  };
  const describe = state === 'released' ? claimReleased : claimExpired;
  await ledger.appendMany(
    tx,
    rows.map((claim) => describe(claim, reason, thread)),
  );
  return rows.length;
}

/** Renews what a session holds, as part of its sign of life. */
export const renewClaims = store.renewAll;

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
    return rows.length;
  });
}

function findCovering<Row extends store.ClaimRow>(
  own: readonly Row[],
  path: string,
  strength: Claim['strength'],
): Row | undefined {
  return own.find(
    (claim) =>
      covers(claim.path, path) && (claim.strength === 'exclusive' || strength === 'shared'),
  );
}

/** One line per asked path and session in its way: a folder with a hundred claims is one conflict. */
function toConflicts(paths: readonly string[], rows: readonly store.HeldRow[]): Conflict[] {
  return paths.flatMap((path) => {
    const perSession = new Map<string, store.HeldRow>();
    for (const row of rows) {
      if (overlaps(row.path, path) && !perSession.has(row.session_id)) {
        perSession.set(row.session_id, row);
      }
    }
    return [...perSession.values()].map((row) => ({
      path,
      heldBy: {
        sessionId: row.session_id,
        agent: row.agent,
        operator: row.operator_name,
        intent: row.intent === '' ? row.session_intent : row.intent,
        since: row.granted_at,
        until: row.lease_until,
      },
    }));
  });
}

function unknownSession(sessionId: string): AppError {
  return new AppError('not_found', 'sessions.unknown', {
    message: `There is no session ${sessionId}.`,
    hint: 'Register it first: the SessionStart hook does, or POST /v1/sessions.',
  });
}

function sessionIsOver(sessionId: string): AppError {
  return new AppError('conflict', 'sessions.over', {
    message: `The session ${sessionId} has ended and cannot hold anything.`,
    hint: 'Start it again; the same agent and external id take it up where it was.',
  });
}

function tooManyHeld(): AppError {
  return new AppError('limit_exceeded', 'claims.too_many_held', {
    message: `A session may hold at most ${MAX_HELD} claims at once.`,
    hint: 'Release what is done, or claim a folder instead of its files.',
  });
}
