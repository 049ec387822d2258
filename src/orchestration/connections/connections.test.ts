/**
 * Goal: people see how each connection fares and can pause it; what an outage hid is caught up once.
 * Method: the real database, and an outside system of the test's own whose history can be swept.
 */
import { expect, test } from 'vitest';
import type { Signal, SignalSweep } from '#connectors/contract';
import { AppError } from '#kernel';
import { testClock, testDatabase } from '#testing';
import type { ChangeKeeper } from '../changes/index.ts';
import { createIntakeService } from '../intake/index.ts';
import { roomsOn } from '../test-rooms.ts';
import { type ConnectionPart, createConnectionService, createSweepLoop } from './index.ts';

const ADA = { kind: 'person', id: 'usr_ada' } as const;

function part(more: Partial<ConnectionPart> = {}): ConnectionPart {
  return {
    name: 'example',
    title: 'Example',
    summary: 'A system of the test.',
    capabilities: ['signals'],
    documentation: 'docs/connectors/github.md',
    missing: undefined,
    settings: [{ path: 'example.token', value: '[set]' }],
    webhookUrl: 'https://loom.example/webhooks/example',
    ...more,
  };
}

function deployment(number: number): Signal {
  return {
    type: 'deployment.reported',
    source: 'example',
    dedupeKey: `example:${number}`,
    occurredAt: new Date(Date.UTC(2026, 0, 5, 9, number)),
    repository: 'acme/shop',
    environment: 'production',
    sha: 'a'.repeat(40),
    status: 'succeeded',
    externalKey: String(number),
  };
}

/** Tells its history three by three; fails, or wants us to wait, when told to. */
function historyOf(count: () => number, failing: () => AppError | undefined): SignalSweep {
  return {
    listScopes: () => Promise.resolve(['acme']),
    async sweep(_scope, cursor) {
      const error = failing();
      if (error !== undefined) throw error;
      const from = Number(cursor ?? 0);
      const to = Math.min(count(), from + 3);
      return {
        deliveries: Array.from({ length: to - from }, (_, index) => ({
          deliveryId: `d${from + index}`,
          signals: [deployment(from + index)],
        })),
        cursor: String(to),
        hasMore: to < count(),
      };
    },
  };
}

test('state follows what happened, and secrets are shown as set', async () => {
  await using rooms = roomsOn(await testDatabase());
  const clock = testClock();
  const connections = createConnectionService({
    ...rooms,
    clock,
    parts: () => [part(), part({ name: 'unset', missing: 'Set unset.token.' })],
  });
  const states = async () => (await connections.list()).map(({ state }) => state);

  const before = await states();
  connections.tally.delivered('example', { accepted: 2, isDuplicate: false });
  connections.tally.delivered('example', { accepted: 0, isDuplicate: true });
  const heard = await states();
  clock.advance(1_000);
  connections.tally.refused(
    'example',
    new AppError('unauthenticated', 'example.bad_signature', { message: 'Not signed.' }),
  );
  const refused = await connections.read('example');

  expect(before).toEqual(['waiting', 'off']);
  expect(heard).toEqual(['healthy', 'off']);
  expect(refused).toMatchObject({
    // A stranger at the door does not make what has worked look broken.
    state: 'healthy',
    settings: [{ path: 'example.token', value: '[set]' }],
    lastError: { code: 'example.bad_signature', message: 'Not signed.' },
    counts: { deliveries: 2, duplicates: 1, refused: 1, signals: 2 },
  });
});

test('a secret that never fitted is a failing connection', async () => {
  await using rooms = roomsOn(await testDatabase());
  const connections = createConnectionService({ ...rooms, parts: () => [part()] });

  connections.tally.refused(
    'example',
    new AppError('unauthenticated', 'example.bad_signature', { message: 'Not signed.' }),
  );

  expect(await connections.read('example')).toMatchObject({ state: 'failing' });
});

test('a pause is one event, is known to other nodes, and ends', async () => {
  await using rooms = roomsOn(await testDatabase());
  const [here, there] = [1, 2].map(() =>
    createConnectionService({ ...rooms, parts: () => [part()] }),
  );

  await here!.pause('example', 'migration', ADA);
  await here!.pause('example', 'again', ADA);
  await there!.sync();
  const isKnown = there!.isPaused('example');
  const shown = await there!.read('example');
  await there!.resume('example', ADA);
  await here!.sync();

  expect(isKnown).toBe(true);
  expect(shown).toMatchObject({ state: 'paused', pause: { by: 'usr_ada', reason: 'migration' } });
  expect(here!.isPaused('example')).toBe(false);
  const events = await rooms.ledger.list({ limit: 20 });
  expect(
    events.items.map(({ type }) => type).filter((type) => type.startsWith('connection.')),
  ).toHaveLength(2);
});

test('what a day of outage hid is caught up by sweep, once, and beside webhooks that came too', async () => {
  await using rooms = roomsOn(await testDatabase());
  let [count, failure] = [4, undefined as AppError | undefined];
  const connections = createConnectionService({
    ...rooms,
    parts: () => [
      part({
        sweep: historyOf(
          () => count,
          () => failure,
        ),
      }),
    ],
  });
  await using intake = createIntakeService({
    ...rooms,
    changes: {} as ChangeKeeper,
    onDeployment: async () => {},
    onIncident: async () => {},
  });
  await using sweeps = createSweepLoop({ ...rooms, connections, intake });
  const isDue = () => rooms.db.query(`update loom.connection_sweeps set due_at = now()`);
  const received = async () =>
    (await rooms.ledger.list({ type: 'signal.received', limit: 200 })).items.length;

  await sweeps.runOnce();
  const first = await received();
  failure = new AppError('unavailable', 'connector.unreachable', { message: 'Down.' });
  count = 30;
  await intake.receive({ source: 'example', deliveryId: 'd7', signals: [deployment(7)] });
  await isDue();
  await sweeps.runOnce();
  const state = (await connections.read('example')).state;
  failure = undefined;
  await isDue();
  await sweeps.runOnce();
  await isDue();
  await sweeps.runOnce();

  expect([first, state, await received()]).toEqual([4, 'failing', 30]);
});

test('a paused connection is not swept', async () => {
  await using rooms = roomsOn(await testDatabase());
  let calls = 0;
  const sweep: SignalSweep = {
    listScopes: () => Promise.resolve(['acme']),
    async sweep() {
      calls += 1;
      return { deliveries: [], cursor: '', hasMore: false };
    },
  };
  const connections = createConnectionService({ ...rooms, parts: () => [part({ sweep })] });
  await using intake = createIntakeService({
    ...rooms,
    changes: {} as ChangeKeeper,
    onDeployment: async () => {},
    onIncident: async () => {},
  });
  await using sweeps = createSweepLoop({ ...rooms, connections, intake });

  await connections.pause('example', null, ADA);
  await sweeps.runOnce();
  const whilePaused = calls;
  await connections.resume('example', ADA);
  await sweeps.runOnce();

  expect([whilePaused, calls]).toEqual([0, 1]);
});

test('a test that is refused is a finding, and a system without one says so', async () => {
  await using rooms = roomsOn(await testDatabase());
  const refuse = () =>
    Promise.reject(
      new AppError('unavailable', 'connector.bad_credentials', { message: 'No.', hint: 'Renew.' }),
    );
  const connections = createConnectionService({
    ...rooms,
    parts: () => [part({ test: refuse }), part({ name: 'mute' })],
  });

  const refused = await connections.test('example');

  expect(refused).toMatchObject({
    isWorking: false,
    findings: [{ level: 'problem', text: 'No.', hint: 'Renew.' }],
  });
  await expect(connections.test('mute')).rejects.toMatchObject({ code: 'connections.no_test' });
  await expect(connections.read('nobody')).rejects.toMatchObject({ kind: 'not_found' });
});
