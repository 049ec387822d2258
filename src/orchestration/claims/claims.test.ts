/**
 * Goal: at every moment at most one session holds a path, whoever asks, however many at once.
 * Method: the real database; leases are ended by moving them into the past, never by waiting.
 */
import { expect, test } from 'vitest';
import { openDatabase } from '#kernel';
import { testDatabase } from '#testing';
import { eventTypes, LEASE_MS, operator, roomsOver, startSession, roomsOn } from '../test-rooms.ts';

const repository = 'acme/shop';

test('an exclusive claim keeps others out, and tells them who, since when, and what they can do', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [holder, other] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquire({
    sessionId: holder.id,
    repository,
    paths: ['src/pay.ts'],
    intent: 'round refunds',
  });

  const answer = await rooms.claims.acquire({
    sessionId: other.id,
    repository,
    paths: ['src/pay.ts'],
  });

  expect(answer).toMatchObject({
    outcome: 'denied',
    conflicts: [
      {
        path: 'src/pay.ts',
        heldBy: { sessionId: holder.id, operator: 'Ada', intent: 'round refunds' },
      },
    ],
  });
  expect(answer.outcome === 'denied' && answer.message).toMatch(
    /src\/pay\.ts is held by claude-code .*run by Ada.* for "round refunds" since \d\d:\d\d until \d\d:\d\d/,
  );
  expect(answer.outcome === 'denied' && answer.choices).toHaveLength(6);
  expect(await eventTypes(rooms.ledger, other.id)).toEqual(['session.started', 'claim.denied']);
});

test('a folder and a file in it cannot be held by two, in either order', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];

  await rooms.claims.acquire({ sessionId: one.id, repository, paths: ['src/', 'docs/a.md'] });
  const inside = await rooms.claims.acquire({ sessionId: two.id, repository, paths: ['src/x.ts'] });
  const around = await rooms.claims.acquire({ sessionId: two.id, repository, paths: ['docs/'] });
  const all = await rooms.claims.acquire({ sessionId: two.id, repository, paths: ['.'] });
  const beside = await rooms.claims.acquire({ sessionId: two.id, repository, paths: ['src-2/x'] });

  expect([inside, around, all, beside].map(({ outcome }) => outcome)).toEqual([
    'denied',
    'denied',
    'denied',
    'granted',
  ]);
});

test('editing what one holds writes nothing while most of the lease is left, and renews it after that', async () => {
  await using rooms = roomsOn(await testDatabase());
  const { id: sessionId } = await startSession(rooms);
  const edit = { sessionId, repository, paths: ['src/pay.ts'] };
  const leftSeconds = async () => {
    const [row] = await rooms.db.query<{ left: number }>(
      `select extract(epoch from lease_until - now())::float8 as left from loom.claims`,
    );
    return row!.left;
  };
  const setLeft = (seconds: number) =>
    rooms.db.query(`update loom.claims set lease_until = now() + $1 * interval '1 second'`, [
      seconds,
    ]);
  await rooms.claims.acquire(edit);
  const lease = LEASE_MS / 1_000;

  await setLeft(lease * 0.7);
  const fresh = await rooms.claims.acquire(edit);
  const afterFresh = await leftSeconds();
  await setLeft(lease * 0.6);
  const used = await rooms.claims.acquire(edit);
  const afterUsed = await leftSeconds();
  // Over, but nobody took it yet.
  await setLeft(-1);
  const stale = await rooms.claims.acquire(edit);

  expect([fresh.outcome, used.outcome, stale.outcome]).toEqual(['granted', 'granted', 'granted']);
  expect(afterFresh).toBeLessThanOrEqual(lease * 0.7);
  expect(afterUsed).toBeGreaterThan(lease * 0.9);
  expect(await leftSeconds()).toBeGreaterThan(lease * 0.9);
});

test('shared claims stand beside each other, an exclusive one beside none', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];
  const shared = { repository, paths: ['README.md'], strength: 'shared' as const };

  const first = await rooms.claims.acquire({ ...shared, sessionId: one.id });
  const second = await rooms.claims.acquire({ ...shared, sessionId: two.id });
  const alone = await rooms.claims.acquire({ ...shared, sessionId: one.id, strength: 'exclusive' });

  expect([first.outcome, second.outcome, alone.outcome]).toEqual(['granted', 'granted', 'denied']);
});

test('a shared claim is raised once the others are gone, under a higher number', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];
  const shared = { repository, paths: ['README.md'], strength: 'shared' as const };
  await rooms.claims.acquire({ ...shared, sessionId: one.id });
  await rooms.claims.acquire({ ...shared, sessionId: two.id });
  await rooms.claims.release({ sessionId: two.id, reason: 'done' });

  const raised = await rooms.claims.acquire({
    ...shared,
    sessionId: one.id,
    strength: 'exclusive',
  });

  expect(raised).toMatchObject({
    outcome: 'granted',
    claims: [{ strength: 'exclusive', fence: 3, path: 'README.md' }],
  });
});

test('a set is granted whole or not at all', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquire({ sessionId: one.id, repository, paths: ['b'] });

  const set = await rooms.claims.acquire({ sessionId: two.id, repository, paths: ['a', 'b', 'c'] });

  expect(set.outcome).toBe('denied');
  expect((await rooms.claims.list({ sessionId: two.id, limit: 50 })).items).toEqual([]);
});

test('asking again for what one holds renews it without a new grant', async () => {
  await using rooms = roomsOn(await testDatabase());
  const session = await startSession(rooms);
  const request = { sessionId: session.id, repository, paths: ['src/'] };
  const first = await rooms.claims.acquire(request);
  await rooms.db.query(`update loom.claims set lease_until = now() + interval '1 second'`);

  const again = await rooms.claims.acquire({ ...request, paths: ['src/deep/x.ts'] });

  expect(first.outcome === 'granted' && again.outcome === 'granted').toBe(true);
  if (first.outcome !== 'granted' || again.outcome !== 'granted') return;
  expect(again.claims[0]!.id).toBe(first.claims[0]!.id);
  expect(again.claims[0]!.fence).toBe(first.claims[0]!.fence);
  expect(again.claims[0]!.leaseUntil.getTime()).toBeGreaterThan(Date.now() + 60_000);
  expect(await eventTypes(rooms.ledger, session.id)).toEqual(['session.started', 'claim.granted']);
});

test('a silent holder loses the path to whoever asks, and the newcomer has the higher number', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [silent, other] = [await startSession(rooms), await startSession(rooms)];
  const old = await rooms.claims.acquire({ sessionId: silent.id, repository, paths: ['a', 'z'] });
  await rooms.db.query(`update loom.claims set lease_until = now() - interval '1 second'`);

  const taken = await rooms.claims.acquire({ sessionId: other.id, repository, paths: ['a'] });

  expect(taken).toMatchObject({ outcome: 'granted', claims: [{ fence: 3 }] });
  expect(await eventTypes(rooms.ledger, silent.id)).toContain('claim.expired');
  const left = await rooms.claims.list({ sessionId: silent.id, state: 'held', limit: 50 });
  // What nobody asked for stays with the silent one until its grace is over.
  expect(left.items.map(({ path }) => path)).toEqual(['z']);
  expect(old.outcome).toBe('granted');
});

test('a check tells what a claim would be answered and grants nothing', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];
  await rooms.claims.acquire({ sessionId: one.id, repository, paths: ['a'] });

  const denied = await rooms.claims.check({ sessionId: two.id, repository, paths: ['a'] });
  const free = await rooms.claims.check({ sessionId: two.id, repository, paths: ['b'] });

  expect([denied.outcome, free]).toEqual(['denied', { outcome: 'granted', claims: [] }]);
});

test('an ended session is refused, an unknown one is not found', async () => {
  await using rooms = roomsOn(await testDatabase());
  const session = await startSession(rooms);
  await rooms.sessions.end(session.id, 'done');

  const ended = rooms.claims.acquire({ sessionId: session.id, repository, paths: ['a'] });
  const unknown = rooms.claims.acquire({
    sessionId: 'ses_019abc00000070008000000000000009',
    repository,
    paths: ['a'],
  });

  await expect(ended).rejects.toMatchObject({ code: 'sessions.over' });
  await expect(unknown).rejects.toMatchObject({ code: 'sessions.unknown' });
});

test('the same path in two repositories is two things', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [one, two] = [await startSession(rooms), await startSession(rooms)];

  const here = await rooms.claims.acquire({ sessionId: one.id, repository, paths: ['a'] });
  const there = await rooms.claims.acquire({
    sessionId: two.id,
    repository: 'acme/other',
    paths: ['a'],
  });

  expect([here.outcome, there.outcome]).toEqual(['granted', 'granted']);
});

test('of a hundred sessions on several nodes that race for one file, exactly one gets it each round', async () => {
  await using rooms = roomsOn(await testDatabase());
  const nodes = [1, 2, 3, 4].map(() => openDatabase({ url: rooms.database.url, poolSize: 4 }));
  await using stack = new AsyncDisposableStack();
  nodes.forEach((db) => stack.use(db));
  const services = nodes.map((db) => roomsOver(db).claims);
  const sessions = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      startSession(rooms, { externalId: `racer-${index}` }, operator(`Person ${index}`)),
    ),
  );
  // Half ask for the file, half for the folder around it.
  const pathOf = (index: number) => (index % 2 === 0 ? 'src/hot.ts' : 'src/');

  for (let round = 1; round <= 3; round += 1) {
    const answers = await Promise.all(
      sessions.map((session, index) =>
        services[index % services.length]!.acquire({
          sessionId: session.id,
          repository,
          paths: [pathOf(index)],
        }),
      ),
    );

    const winners = sessions.filter((_, index) => answers[index]!.outcome === 'granted');
    expect(winners).toHaveLength(1);
    const held = await rooms.claims.list({ repository, state: 'held', limit: 50 });
    expect(held.items.map(({ fence }) => fence)).toEqual([round]);
    await rooms.claims.release({ sessionId: winners[0]!.id, reason: 'next round' });
  }
});

test('sessions that take overlapping sets while others fall silent never hold the same path twice', async () => {
  await using rooms = roomsOn(await testDatabase({ poolSize: 12 }));
  const sessions = await Promise.all(Array.from({ length: 12 }, () => startSession(rooms)));
  const paths = ['a', 'b', 'c', 'd', 'e'];

  await Promise.all(
    sessions.map(async (session, index) => {
      for (let turn = 0; turn < 6; turn += 1) {
        const wanted = paths.filter((_, at) => (at + index + turn) % 3 !== 0);
        await rooms.claims.acquire({ sessionId: session.id, repository, paths: wanted });
        if (turn % 3 === 0) {
          await rooms.db.query(
            `update loom.claims set lease_until = now() - interval '1 second'
             where session_id = $1 and state = 'held'`,
            [session.id],
          );
        } else if (turn % 3 === 1) {
          await rooms.sessions.touch(session.id, { tool: 'Read' });
        } else {
          await rooms.claims.release({ sessionId: session.id, reason: 'turn over' });
        }
      }
    }),
  );

  // The history tells: no two grants of one path overlap in time, and no number was used twice.
  const twice = await rooms.db.query(
    `select fence from loom.claims where repository = $1 group by fence having count(*) > 1`,
    [repository],
  );
  const holders = await rooms.db.query(
    `select path from loom.claims where state = 'held' group by path having count(*) > 1`,
  );
  expect(twice).toEqual([]);
  expect(holders).toEqual([]);
});

test('claims are listed in pages, newest first, without gaps', async () => {
  await using rooms = roomsOn(await testDatabase());
  const session = await startSession(rooms);
  const paths = Array.from({ length: 7 }, (_, index) => `file-${index}`);
  await rooms.claims.acquire({ sessionId: session.id, repository, paths });

  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await rooms.claims.list({ repository, limit: 3, cursor });
    seen.push(...page.items.map(({ path }) => path));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);

  expect(seen.sort()).toEqual(paths);
});
