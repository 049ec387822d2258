/**
 * Goal: running sessions are stopped in stages, wherever their calls arrive, and what stopped them is
 * recorded. Method: the real database, with two nodes over it.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig } from '#kernel';
import { testDatabase } from '#testing';
import { eventTypes, operator, roomsOn, type Rooms, startSession } from '../test-rooms.ts';
import { type BreakerService, createBreakerService } from './service.ts';
import { breakerSettings } from './settings.ts';

let rooms: Rooms;
let one: BreakerService & AsyncDisposable;
let other: BreakerService & AsyncDisposable;

beforeAll(async () => {
  rooms = roomsOn(await testDatabase());
  const { breakers } = loadConfig({
    env: {},
    flags: { data: '/nonexistent' },
    cwd: '/nonexistent',
  });
  const settings = breakerSettings(breakers);
  one = createBreakerService({ ...rooms, settings });
  other = createBreakerService({ ...rooms, settings });
});
afterAll(async () => {
  await one[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
  await rooms[Symbol.asyncDispose]();
});

const failing = {
  tool: 'Bash',
  args: { command: 'npm install left-pad' },
  ok: false,
  result: 'npm ERR! code E404',
  tokens: 1_000,
};
const guardOf = (externalId: string) => ({
  agent: 'claude-code',
  externalId,
  personId: operator().id,
  ...failing,
});

function start(externalId: string, more: object = {}) {
  return startSession(rooms, {
    agent: 'claude-code',
    externalId,
    repository: 'acme/shop',
    ...more,
  });
}

test('a loop that two nodes see in turn is stopped in stages, and each stop is recorded once', async () => {
  const { id } = await start('two-nodes');

  const nudged = [await one.observe(id, failing), await other.observe(id, failing)];
  const blocked = await one.judgeCall(guardOf('two-nodes'));
  const ended = await other.judgeCall(guardOf('two-nodes'));
  const stranger = await one.judgeCall({ ...guardOf('two-nodes'), personId: 'usr_eve' });
  const insisting = await one.judgeCall({ ...guardOf('two-nodes'), args: { command: 'ls' } });

  expect(nudged.map(({ stage }) => stage)).toEqual(['go-on', 'nudge']);
  expect(blocked).toMatchObject({ stage: 'block-call', rule: 'same-call', evidence: [0, 1] });
  expect(ended).toMatchObject({ stage: 'end-turn' });
  expect(stranger).toEqual({ stage: 'go-on' });
  expect(insisting).toMatchObject({ stage: 'end-turn' });
  expect(await one.ofSession(id)).toMatchObject({ stage: 'turn-ended', nudges: 1, trips: 1 });
  const { items } = await one.listTrips({ sessionId: id, limit: 10 });
  expect(items.map(({ stage }) => stage)).toEqual(['end-turn', 'block-call']);
  expect(items[0]).toMatchObject({
    savedTokens: 50_000,
    savedCostUsdMicros: null,
    savedMethod: expect.stringContaining('50 more steps at 1000 tokens'),
  });
  expect(await eventTypes(rooms.ledger, id)).toEqual([
    'session.started',
    'breaker.tripped',
    'breaker.tripped',
  ]);
});

test('a new prompt lets the session try again; the third stop ends it, with notes for the next', async () => {
  const { id } = await start('thrice', { branch: 'fix-it', intent: 'Fix the totals' });
  for (let turn = 0; turn < 3; turn += 1) {
    await one.startTurn(id);
    for (let call = 0; call < 3; call += 1) await one.observe(id, failing);
  }
  const next = await start('next-on-branch', { branch: 'fix-it' });

  const afterwards = [await one.startTurn(id), await one.observe(id, failing)];
  const note = await one.findHandOver({ ...next, workItemId: null });

  expect(afterwards.map(({ stage }) => stage)).toEqual(['end-session', 'end-session']);
  expect(await one.ofSession(id)).toMatchObject({ stage: 'session-ended', trips: 3 });
  expect(note).toContain('Task: Fix the totals');
  expect(note).toContain('fix-it');
});

test('a person lifts it: the session goes on, and the trips say who did', async () => {
  const { id } = await start('lifted');
  for (let call = 0; call < 3; call += 1) await one.observe(id, failing);

  const lifted = await other.lift(id, 'The registry is back.', operator());

  expect(lifted).toMatchObject({ stage: 'closed' });
  expect(await one.judgeCall(guardOf('lifted'))).toEqual({ stage: 'go-on' });
  const { items } = await one.listTrips({ sessionId: id, limit: 10 });
  expect(items).toMatchObject([{ stage: 'end-turn', liftedBy: operator().id }]);
  expect(await eventTypes(rooms.ledger, id)).toContain('breaker.lifted');
});

test('with a token that an agent was run with, or one made with it, nobody lifts or widens anything', async () => {
  const byAgent = { ...operator(), tokenId: 'tok_of_the_agent' };
  const { id } = await rooms.sessions.start(
    { agent: 'codex', externalId: 'own-token', repository: 'acme/shop' },
    byAgent,
  );
  for (let call = 0; call < 3; call += 1) await one.observe(id, failing);
  const made = { ...operator(), tokenId: 'tok_new', tokenLineage: ['tok_mid', byAgent.tokenId] };
  const refused = { code: 'breakers.token_of_a_session' };

  for (const by of [byAgent, made]) {
    await expect(one.lift(id, 'let me', by)).rejects.toMatchObject(refused);
    await expect(one.setBudget(id, { tokens: null }, by)).rejects.toMatchObject(refused);
    const provider = { scope: 'provider', key: 'codex' } as const;
    await expect(one.closeFleet(provider, 'let me', by)).rejects.toMatchObject(refused);
  }
  expect(await one.ofSession(id)).toMatchObject({ stage: 'turn-ended' });
  const byPerson = { ...operator(), tokenId: 'tok_of_the_person', tokenLineage: ['tok_clean'] };
  expect(await one.lift(id, 'The registry is back.', byPerson)).toMatchObject({ stage: 'closed' });
});

test('a budget of its own ends the session, whatever it does', async () => {
  const { id } = await start('budget');
  await one.setBudget(id, { tokens: 2_500 }, operator());

  const stages: string[] = [];
  for (const path of ['a', 'b', 'c']) {
    const step = { tool: 'Read', args: { file_path: path }, ok: true, result: path, tokens: 1_000 };
    stages.push((await one.observe(id, step)).stage);
  }

  expect(stages).toEqual(['go-on', 'nudge', 'end-session']);
});

test('steps of many sessions at once are all counted', async () => {
  const sessions = await Promise.all(Array.from({ length: 20 }, (_, n) => start(`many-${n}`)));

  await Promise.all(
    sessions.flatMap(({ id }) =>
      [one, other, one, other].map((node, index) =>
        node.observe(id, { ...failing, args: { command: `echo ${index}` }, ok: true }),
      ),
    ),
  );

  const spent = await Promise.all(sessions.map(async ({ id }) => (await one.ofSession(id)).spent));
  expect(new Set(spent.map(({ calls, tokens }) => `${calls} ${tokens}`))).toEqual(
    new Set(['4 4000']),
  );
});

test('how a session ended counts for its agent; one that did nothing does not', async () => {
  const ended = await Promise.all(
    Array.from({ length: 5 }, async (_, n) => {
      const session = await start(`looping-${n}`, { repository: 'acme/loops' });
      for (let call = 0; call < 3; call += 1) await one.observe(session.id, failing);
      return session;
    }),
  );
  const idle = await start('idle', { repository: 'acme/idle' });

  for (const session of [...ended, idle]) await one.finish(session);

  expect(await one.mayStart({ agent: 'codex', repository: 'acme/loops' })).toMatchObject({
    allowed: false,
  });
  expect(await one.mayStart({ agent: 'codex', repository: 'acme/idle' })).toMatchObject({
    allowed: true,
  });
  expect(await one.totals(1)).toMatchObject({ sessionsEnded: 2, lifted: 2 });
});
