/**
 * Goal: one answer says who works on what, what it holds, whom it waits for and what it costs, and what
 * waits for people. Method: the real services over a real database; rows of breakers and collisions,
 * which other rooms write, are written as they write them.
 */
import { expect, test } from 'vitest';
import { createLogger, createNewId, systemClock } from '#kernel';
import { createLedger } from '#ledger';
import { createClaimService, createSessionService, createWorkService } from '#orchestration';
import { testDatabase } from '#testing';
import { readBoard } from './read-board.ts';

const LEASE_MS = 900_000;
const ada = {
  kind: 'person',
  id: 'usr_019abc00000070008000000000000001',
  name: 'Ada',
  roles: [],
  teams: [],
  identities: [],
  scopes: 'all',
} as const;

test('an empty organisation has an empty board', async () => {
  await using database = await testDatabase();

  const board = await readBoard(database.db, new Date());

  expect(board).toMatchObject({ sessions: [], changes: [], items: [] });
  expect(board.totals).toMatchObject({ sessions: 0, collisions: 0, usd: 0, readyItems: 0 });
});

test('sessions come with what they hold, cost, collide with and wait for', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const newId = createNewId(systemClock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock: systemClock, newId, log, tenant: 'test' });
  const deps = { db, ledger, clock: systemClock, newId, log };
  const sessions = createSessionService({ ...deps, leaseMs: LEASE_MS });
  const claims = createClaimService({
    ...deps,
    leaseMs: LEASE_MS,
    classOf: () => undefined,
    editStrength: 'exclusive',
  });
  const work = createWorkService({ ...deps, leaseMs: LEASE_MS });
  await work.create({ title: 'Round totals', repository: 'acme/shop' }, ada);
  const start = (externalId: string, repository = 'acme/shop') =>
    sessions.start({ agent: 'claude-code', externalId, repository }, ada);
  const [holder, waiter] = [await start('one'), await start('two')];
  await start('three', 'acme/ledger');
  await claims.acquire({ sessionId: holder.id, repository: 'acme/shop', paths: ['src/a.ts'] });
  await db.query(
    `insert into loom.claim_waits (session_id, repository, kind, path)
     values ($1, 'acme/shop', 'path', 'src/a.ts')`,
    [waiter.id],
  );
  await db.query(
    `insert into loom.session_breakers (session_id, state, stage, tokens, cost_usd_micros)
     values ($1, '', 'turn-ended', 1200, 3500000)`,
    [holder.id],
  );
  await db.query(
    `insert into loom.collisions (id, repository, a, b, sides, level, why, state)
     values ($1, 'acme/shop', $2, $3, '[]', 'path', 'a file in common', 'open')`,
    [newId('col'), holder.id, waiter.id],
  );

  const board = await readBoard(db, new Date(), { repository: 'acme/shop' });

  expect(board.totals).toMatchObject({
    sessions: 2,
    waiting: 1,
    collisions: 1,
    stopped: 1,
    tokens: 1200,
    usd: 3.5,
    readyItems: 1,
  });
  const of = (id: string) => board.sessions.find((session) => session.id === id);
  expect(of(holder.id)).toMatchObject({
    breaker: 'turn-ended',
    claims: { held: 1, newest: ['src/a.ts'] },
    collisions: 1,
    spend: { tokens: 1200, usd: 3.5 },
    waitsFor: null,
  });
  expect(of(waiter.id)).toMatchObject({
    collisions: 1,
    waitsFor: { what: 'src/a.ts', holder: { sessionId: holder.id, agent: 'claude-code' } },
    spend: { tokens: 0, usd: null },
  });
  expect((await readBoard(db, new Date())).sessions).toHaveLength(3);
});
