/**
 * Goal: whatever sessions do, in whatever order, one of them holds a thing at a time, sets are granted
 * whole or not at all and exactly when nobody is in the way, numbers rise, and nobody waits for ever.
 * Method: generated steps on the real service. Before each, a model that knows only the list of what is
 * held says what the answer must be; then the same kinds of steps all at once, after which what must
 * always hold is looked at.
 */
import {
  type Arbitrary,
  array,
  assert,
  asyncProperty,
  constant,
  constantFrom,
  nat,
  oneof,
  record,
} from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generatedCases, testDatabase } from '#testing';
import type { Id } from '#kernel';
import type { Claim } from '../schema.ts';
import { type Rooms, roomsOn, startSession } from '../test-rooms.ts';
import { conflicts, includes, parseTarget } from './target.ts';

const SESSIONS = 4;
const TARGETS = ['a/', 'a/x.ts', 'a/x.ts#f', 'a/x.ts#g', 'a/*.ts', 'b.ts', 'port:1', 'issue:o/r#1'];

const who = nat(SESSIONS - 1);
const what = array(constantFrom(...TARGETS), { minLength: 1, maxLength: 3 });
const step = oneof(
  { weight: 6, arbitrary: record({ kind: constant('take' as const), who, what }) },
  { weight: 2, arbitrary: record({ kind: constant('release' as const), who, what }) },
  { weight: 2, arbitrary: record({ kind: constant('fall silent' as const), who, what }) },
  { weight: 1, arbitrary: record({ kind: constant('hand over' as const), who, to: who }) },
);
const steps = array(step, { minLength: 1, maxLength: 20 });
type Step = typeof step extends Arbitrary<infer One> ? One : never;

let rooms: Rooms;
let sessions: Id<'ses'>[];

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
  sessions = [];
  for (let index = 0; index < SESSIONS; index += 1) sessions.push((await startSession(rooms)).id);
});
afterAll(() => rooms[Symbol.asyncDispose]());

const repository = 'acme/model';

async function begin(): Promise<void> {
  await rooms.db.query(`update loom.claims set state = 'released' where state = 'held'`);
}

async function held(): Promise<(Claim & { isStale: boolean })[]> {
  const { items } = await rooms.claims.list({ state: 'held', limit: 200 });
  const rows = await rooms.db.query<{ id: string }>(
    `select id from loom.claims where state = 'held' and lease_until < now()`,
  );
  const stale = new Set(rows.map(({ id }) => id));
  return items.map((claim) => ({ ...claim, isStale: stale.has(claim.id) }));
}

async function perform(it: Step): Promise<unknown> {
  const sessionId = sessions[it.who]!;
  switch (it.kind) {
    case 'take':
      return rooms.claims.acquire({ sessionId, repository, targets: it.what });
    case 'release':
      return rooms.claims.release({ sessionId, targets: it.what, reason: 'done' });
    case 'fall silent':
      return rooms.db.query(
        `update loom.claims set lease_until = now() - interval '1 second'
         where session_id = $1 and state = 'held'`,
        [sessionId],
      );
    case 'hand over':
      return it.to === it.who
        ? undefined
        : rooms.negotiation.handOver({ sessionId, to: sessions[it.to]! });
  }
}

function exclusive(target: string) {
  return { ...parseTarget(target), strength: 'exclusive' as const };
}

/** What always holds, whoever did what. */
function expectSound(now: readonly Claim[]): void {
  for (const [index, one] of now.entries()) {
    for (const other of now.slice(index + 1)) {
      const isShared = one.sessionId === other.sessionId || one.repository !== other.repository;
      const stand = [one.target, other.target].map(exclusive);
      if (!isShared) expect(conflicts(stand[0]!, stand[1]!)).toBe(false);
      if (one.repository === other.repository) expect(one.fence).not.toBe(other.fence);
    }
  }
}

async function lastFences(): Promise<Map<string, number>> {
  const rows = await rooms.db.query<{ repository: string; fence: number }>(
    'select repository, fence from loom.claim_fences',
  );
  return new Map(rows.map(({ repository: scope, fence }) => [scope, fence]));
}

test('one step after the other: granted exactly when nobody alive is in the way, and whole', async () => {
  await assert(
    asyncProperty(steps, async (all) => {
      await begin();
      for (const it of all) {
        const before = await held();
        const fences = await lastFences();
        const answer = await perform(it);
        const after = await held();

        expectSound(after);
        for (const claim of after.filter(({ id }) => !before.some((one) => one.id === id))) {
          expect(claim.fence).toBeGreaterThan(fences.get(claim.repository) ?? 0);
        }
        if (it.kind !== 'take') continue;
        const mine = sessions[it.who]!;
        const isFree = !before.some(
          (claim) =>
            !claim.isStale &&
            claim.sessionId !== mine &&
            it.what.some((target) => conflicts(exclusive(claim.target), exclusive(target))),
        );
        expect(answer).toMatchObject({ outcome: isFree ? 'granted' : 'denied' });
        const own = after.filter(({ sessionId }) => sessionId === mine);
        const ownBefore = before.filter(({ sessionId }) => sessionId === mine);
        if (isFree) {
          for (const target of it.what) {
            expect(
              own.some(
                (one) => !one.isStale && includes(parseTarget(one.target), parseTarget(target)),
              ),
            ).toBe(true);
          }
        } else expect(own.map(({ id }) => id)).toEqual(ownBefore.map(({ id }) => id));
      }
    }),
    { numRuns: generatedCases(15) },
  );
}, 60_000);

test('all at once: every step ends, one holder of each thing is left, and no number is given twice', async () => {
  await assert(
    asyncProperty(steps, async (all) => {
      await begin();

      await Promise.all(all.map(perform));

      expectSound(await held());
      const twice = await rooms.db.query(
        `select repository, fence from loom.claims group by 1, 2 having count(*) > 1`,
      );
      expect(twice).toEqual([]);
    }),
    { numRuns: generatedCases(25) },
  );
}, 60_000);
