/** Claims: one holder at a time, by lease. What is in whose way is in target.ts, granting in acquire.ts. */
import { decodeCursor, type Id, toPage, type Tx } from '#kernel';
import { z } from 'zod';
import type { Claim } from '../schema.ts';
import type { ClaimAnswer, ClaimedThings, ClaimService } from '../service.ts';
import {
  acquireIn,
  findCovering,
  findInTheWay,
  namesOver,
  toConflicts,
  toWanted,
  type Wanted,
} from './acquire.ts';
import { explainDenial } from './denial.ts';
import type { ClaimDeps } from './deps.ts';
import { migrationOf } from './exclusive-classes.ts';
import { passGate, passMerge, recordPush } from './gate.ts';
import { declareIntentIn } from './intent.ts';
import { releaseClaims } from './release.ts';
import * as store from './store.ts';
import {
  describeTarget,
  normaliseTargets,
  parseTarget,
  pathTarget,
  type Target,
} from './target.ts';
import { listWaits } from './wait-store.ts';

/** The share of a lease that must be left for an edit to cost no write. */
export const RENEW_BELOW = 2 / 3;
const ClaimCursor = z.tuple([z.iso.datetime(), z.string()]);
const WaitCursor = z.tuple([z.int()]);

/** The targets of a request in their total order. @throws AppError `claims.bad_path`, `claims.bad_target`. */
export function readTargets({ paths = [], targets = [] }: ClaimedThings): Target[] {
  return normaliseTargets([...paths.map(pathTarget), ...targets.map(parseTarget)]);
}

/** For rooms that take in what sessions push. */
export interface PushGate {
  recordPush(tx: Tx, push: Parameters<typeof recordPush>[2]): Promise<void>;
}

export function createClaimService(deps: ClaimDeps): ClaimService & PushGate {
  const { db, leaseMs } = deps;

  function strengthOf(target: Target, asked: Claim['strength']): Claim['strength'] {
    return deps.classOf(target) === undefined ? asked : 'exclusive';
  }

  async function take(request: {
    sessionId: Id<'ses'>;
    wanted: readonly Wanted[];
    intent?: string | undefined;
    origin: Claim['origin'];
  }): Promise<ClaimAnswer> {
    const renewed = await renewOwn(request.sessionId, request.wanted);
    if (renewed !== undefined) return { outcome: 'granted', claims: renewed };
    const { intent = '' } = request;
    return db.transaction((tx) => acquireIn(tx, deps, { ...request, intent }));
  }

  /**
   * An edit of what the session holds already, by far the usual case, needs no lock and no event; and
   * no write either while most of the lease is left, for until then nobody can take the claim over.
   */
  async function renewOwn(
    sessionId: Id<'ses'>,
    wanted: readonly Wanted[],
  ): Promise<Claim[] | undefined> {
    const scope = wanted[0]!.repository;
    if (wanted.some(({ repository }) => repository !== scope)) return undefined;
    const own = await store.findOwn(db, scope, sessionId, wanted.flatMap(namesOver));
    const covering = new Map<string, store.OwnRow>();
    for (const one of wanted) {
      const claim = findCovering(own, one);
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

  return {
    acquire({ sessionId, repository, strength = 'exclusive', intent, ...things }) {
      const wanted = readTargets(things).map((target) =>
        toWanted(target, repository, strengthOf(target, strength)),
      );
      return take({ sessionId, wanted, intent, origin: 'declared' });
    },

    async acquireForEdit({ sessionId, repository, paths, intent }) {
      const files = paths.map(pathTarget);
      const own = await store.findOwn(
        db,
        repository,
        sessionId,
        files.map(({ path }) => path),
      );
      const defined = new Set(own.filter(({ kind }) => kind === 'symbol').map(({ path }) => path));
      const numbers = files.flatMap(({ path }) => migrationOf(path) ?? []);
      const wanted = normaliseTargets([...files, ...numbers]).map((target) => {
        const isFile = target.kind === 'path';
        const asked = isFile && defined.has(target.path) ? 'shared' : deps.editStrength;
        return toWanted(target, repository, isFile ? strengthOf(target, asked) : 'exclusive');
      });
      return take({ sessionId, wanted, intent, origin: 'edit' });
    },

    declareIntent: (request) => db.transaction((tx) => declareIntentIn(tx, deps, request)),

    async check({ sessionId, repository, ...things }) {
      const wanted = readTargets(things).map((it) => toWanted(it, repository, 'exclusive'));
      const held = await findInTheWay(db, { id: sessionId }, wanted);
      const live = held.filter(({ is_stale: isStale }) => !isStale);
      if (live.length > 0) {
        return explainDenial(toConflicts(wanted, live), { now: live[0]!.now, sessionId });
      }
      const own = await store.findOwn(db, repository, sessionId, wanted.flatMap(namesOver));
      return { outcome: 'granted', claims: own.map(store.toClaim) };
    },

    async release({ sessionId, reason, ...things }) {
      const isAll = things.paths === undefined && things.targets === undefined;
      const targets = isAll ? undefined : readTargets(things);
      return db.transaction((tx) =>
        releaseClaims(tx, deps, { sessionId, targets, reason: reason.slice(0, 500) }),
      );
    },

    gate: (request) => passGate(deps, request),
    gateMerge: (change) => passMerge(deps, change),
    recordPush: (tx, push) => recordPush(tx, deps, push),

    async list({ limit, cursor, ...filter }) {
      const after = cursor === undefined ? null : decodeCursor(ClaimCursor, cursor);
      const rows = await store.listClaims(db, filter, after, limit + 1);
      return toPage(rows.map(store.toClaim), limit, (claim) => [
        claim.grantedAt.toISOString(),
        claim.id,
      ]);
    },

    async listWaits({ limit, cursor, ...filter }) {
      const [after] = cursor === undefined ? [0] : decodeCursor(WaitCursor, cursor);
      const rows = await listWaits(db, filter, after, limit + 1);
      const page = toPage(rows, limit, ({ number }) => [number]);
      const items = page.items.map((row) => ({
        sessionId: row.session_id,
        agent: row.agent,
        repository: row.repository,
        target: describeTarget(row),
        since: row.since,
      }));
      return { ...page, items };
    },
  };
}

/** Renews what a session holds, as part of its sign of life. */
export const renewClaims = store.renewAll;
