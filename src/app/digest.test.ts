/**
 * Goal: each channel is told once a day, in the zone it lives in, what shipped, waits, broke and cost.
 * Method: the real tables and outbox key; the clock is moved over days and over a restart.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { dueDay, readChannel } from '#insights';
import { createLogger, createNewId } from '#kernel';
import { createLedger } from '#ledger';
import { testClock, testDatabase } from '#testing';
import { sendDigests } from './digest-loop.ts';

test('a day is due from its time on, in its zone, and each day once however often one looks', () => {
  expect(dueDay(new Date('2026-03-01T06:59:00Z'), '08:00', 'Europe/Berlin')).toBeUndefined();
  expect(dueDay(new Date('2026-03-01T07:00:00Z'), '08:00', 'Europe/Berlin')).toBe('2026-03-01');
  expect(dueDay(new Date('2026-03-01T23:30:00Z'), '00:15', 'Europe/Berlin')).toBe('2026-03-02');
  const at = fc
    .tuple(fc.nat(23), fc.nat(59))
    .map((parts) => parts.map((n) => `${n}`.padStart(2, '0')).join(':'));
  const zone = fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata');
  fc.assert(
    fc.property(at, zone, (time, place) => {
      const from = Date.UTC(2026, 2, 1);
      const minutes = Array.from({ length: 4 * 24 }, (_, n) => new Date(from + n * 60 * 60_000));
      const days = minutes.flatMap((now) => dueDay(now, time, place) ?? []);
      // Time goes on, and so do the days: none comes again after the next one.
      expect(days).toEqual([...days].sort());
      expect(new Set(days).size).toBeGreaterThanOrEqual(3);
    }),
    { numRuns: 8 },
  );
});

test('a channel may be of one repository alone', () => {
  expect(readChannel('slack:#shop=acme/shop')).toEqual({
    channel: 'slack:#shop',
    repository: 'acme/shop',
  });
  expect(readChannel('email:team@example.com')).toEqual({
    channel: 'email:team@example.com',
    repository: null,
  });
});

test('what the day brought is told to each channel once, also after a restart', async () => {
  await using database = await testDatabase();
  const { db } = database;
  const clock = testClock(new Date('2026-03-02T07:00:00Z'));
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const settings = { to: ['slack:#all', 'slack:#ledger=acme/ledger'], at: '08:00', zone: 'UTC' };
  const deps = { db, ledger, clock, settings, publicUrl: 'https://loom.example' };
  const land = (number: number, lane: string, mergedAt: string) =>
    db.query(
      `insert into loom.changes (id, repository, host, number, branch, base_branch, head_sha, title, body,
         author_name, author_kind, state, lane, correlation_id, head_at, state_at, merged_at)
       values ($1, 'acme/shop', 'github', $2, $3, 'main', 'a', $4, '', 'Ada', 'agent', 'merged', $5, 'c',
         now(), now(), $6)`,
      [newId('chg'), number, `topic-${number}`, `Round\ntotals ${number}`, lane, mergedAt],
    );
  await land(1, 'ship', '2026-03-01T12:00:00Z');
  await land(2, 'one-reviewer', '2026-03-01T13:00:00Z');
  await land(3, 'ship', '2026-02-20T12:00:00Z');
  await db.query(
    `insert into loom.incidents (id, title, severity, state, repository, external_key, detected_at)
     values ($1, 'Checkout is down', 'high', 'open', 'acme/shop', 'k', '2026-02-01')`,
    [newId('inc')],
  );

  expect(await sendDigests(deps)).toBe(0);
  clock.advance(90 * 60_000);
  expect(await sendDigests(deps)).toBe(2);
  // Another node, or the same after a restart: nothing is kept in memory.
  expect(await sendDigests({ ...deps })).toBe(0);
  clock.advance(24 * 3_600_000);
  expect(await sendDigests(deps)).toBe(2);

  const told = await db.query<{ channel: string; text: string }>(
    `select payload ->> 'channel' as channel, payload ->> 'text' as text from loom.outbox_messages
     where target = 'notify' order by created_at, id`,
  );
  const first = told.find(({ channel }) => channel === 'slack:#all')!.text;
  expect(first).toContain('Shipped alone: 1; landed after a review: 1.');
  expect(first).toContain('• acme/shop#1 Round totals 1');
  expect(first).toContain('Incidents: 1 open, 0 over.');
  const other = told.find(({ channel }) => channel === 'slack:#ledger')!.text;
  expect(other).toContain('The day of acme/ledger, 2026-03-02');
  expect(other).toContain('Shipped alone: 0');
  expect(other).toContain('No incidents.');
});
