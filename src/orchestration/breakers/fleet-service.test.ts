/**
 * Goal: starts are held back where everything fails, and only there, and one probe finds out when to go on.
 * Method: the real database; time passes by moving the breaker's own times back.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testDatabase } from '#testing';
import { eventTypes, operator, roomsOn, type Rooms, startSession } from '../test-rooms.ts';
import { createFleetBreakers, type FleetBreakers } from './fleet-service.ts';
import type { Outcome } from './schema.ts';

let rooms: Rooms;
let fleet: FleetBreakers;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
  fleet = createFleetBreakers({
    ...rooms,
    settings: {
      isEnabled: true,
      failures: 5,
      windowMinutes: 30,
      cooldownMinutes: 10,
      reviewDays: 2,
      reviewFloor: 3,
      feedbackTurns: 4,
      feedbackMinutes: 10,
    },
  });
});
afterAll(() => rooms[Symbol.asyncDispose]());

async function end(agent: string, repository: string, outcome: Outcome, count = 1) {
  for (let index = 0; index < count; index += 1) {
    const { id } = await startSession(rooms, { agent, repository });
    await fleet.reportOutcome({ sessionId: id, agent, repository, outcome });
  }
}

const cooledDown = (key: string) =>
  rooms.db.query(
    `update loom.fleet_breakers set until = now() - interval '1 second' where key = $1`,
    [key],
  );

test('an agent whose sessions all fail starts none, elsewhere neither; other agents do', async () => {
  await end('gemini', 'acme/one', 'failed', 3);
  expect(await fleet.mayStart({ agent: 'gemini', repository: 'acme/two' })).toEqual({
    allowed: true,
    isProbe: false,
  });

  await end('gemini', 'acme/two', 'failed', 2);

  expect(await fleet.mayStart({ agent: 'gemini', repository: 'acme/three' })).toEqual({
    allowed: false,
    reason: expect.stringContaining('5 of the last 5 sessions of gemini failed'),
    until: expect.any(Date),
  });
  expect(await fleet.mayStart({ agent: 'codex', repository: 'acme/one' })).toMatchObject({
    allowed: true,
  });
});

test('failures among successes hold nothing back', async () => {
  await end('cursor', 'acme/mixed', 'worked', 3);
  await end('cursor', 'acme/mixed', 'failed', 6);

  expect(await fleet.mayStart({ agent: 'cursor' })).toMatchObject({ allowed: true });
});

test('after a while exactly one of many starts goes through as a probe, and its success lets all in', async () => {
  await end('opencode', 'acme/probe', 'failed', 5);
  await cooledDown('opencode');
  await cooledDown('acme/probe');

  const start = { agent: 'opencode', repository: 'acme/probe' };
  const answers = await Promise.all(Array.from({ length: 8 }, () => fleet.mayStart(start)));
  await end('opencode', 'acme/probe', 'worked');

  expect(answers.filter(({ allowed }) => allowed)).toEqual([{ allowed: true, isProbe: true }]);
  expect(await fleet.mayStart(start)).toEqual({ allowed: true, isProbe: false });
  expect(await eventTypes(rooms.ledger, 'agent:opencode')).toEqual([
    'breaker.opened',
    'breaker.probed',
    'breaker.closed',
  ]);
});

test('a probe that fails opens it again for twice as long', async () => {
  await end('copilot', 'acme/again', 'failed', 5);
  await cooledDown('copilot');
  await cooledDown('acme/again');
  await fleet.mayStart({ agent: 'copilot', repository: 'acme/again' });

  await end('copilot', 'acme/again', 'failed');

  const breaker = (await fleet.listFleet()).find(({ key }) => key === 'copilot');
  const minutes = (breaker!.until!.getTime() - breaker!.changedAt.getTime()) / 60_000;
  expect(breaker).toMatchObject({ state: 'open', reason: 'The probe failed too.' });
  expect(minutes).toBeCloseTo(20, 0);
});

test('three sessions without a model are an outage; one that gets an answer ends it', async () => {
  await end('claude-code', 'acme/out', 'provider-trouble', 3);
  const during = await fleet.mayStart({ agent: 'claude-code' });
  await cooledDown('claude-code');
  await fleet.mayStart({ agent: 'claude-code' });
  await end('claude-code', 'acme/out', 'failed');

  expect(during).toMatchObject({ allowed: false, reason: expect.stringContaining('unavailable') });
  expect(await fleet.mayStart({ agent: 'claude-code' })).toMatchObject({ allowed: true });
});

test('two systems that answer each other are left alone until a person closes it', async () => {
  const by = operator();
  const turns: boolean[] = [];
  for (let index = 0; index < 8; index += 1) {
    turns.push(await fleet.noteTurn('issue:acme/shop#7', index % 2 === 0 ? 'us' : 'mirror'));
  }
  const many = await Promise.all(
    Array.from({ length: 9 }, () => fleet.noteTurn('issue:acme/shop#8', 'mirror')),
  );

  await rooms.db.query(
    `update loom.subject_turns set window_started_at = now() - interval '1 hour'`,
  );
  const later = await fleet.noteTurn('issue:acme/shop#7', 'us');
  await fleet.closeFleet({ scope: 'subject', key: 'issue:acme/shop#7' }, 'fixed the rule', by);

  expect(turns).toEqual([true, true, true, true, true, false, false, false]);
  expect(many).not.toContain(false);
  expect(later).toBe(false);
  expect(await fleet.noteTurn('issue:acme/shop#7', 'us')).toBe(true);
  await expect(
    fleet.closeFleet({ scope: 'subject', key: 'issue:acme/shop#7' }, 'again', by),
  ).rejects.toMatchObject({ code: 'breakers.not_open' });
});
