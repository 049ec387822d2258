/**
 * Goal: each subscriber is told of what it asked for, once and provably by us; a broken one is paused, and
 * nobody makes us call inside.
 * Method: the real ledger, outbox and database; a receiver that verifies as the standard says.
 */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGuardedFetch } from '#connectors/contract';
import { createLogger, createNewId, createSecretBox } from '#kernel';
import { createLedger, createOutboxWorker, createProjector, createSequencer } from '#ledger';
import { testClock, testDatabase } from '#testing';
import { operator } from '../test-rooms.ts';
import { subscriptionHandler, subscriptionProjection } from './deliver.ts';
import { isWanted } from './schema.ts';
import { createSubscriptionService } from './service.ts';

const DAY = 24 * 3_600_000;
const stack = new AsyncDisposableStack();
let world: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  world = await open();
});
afterAll(() => stack.disposeAsync());

interface Received {
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string;
}

async function open() {
  const { db } = stack.use(await testDatabase());
  const clock = testClock(new Date('2026-01-06T09:00:00Z'));
  const newId = createNewId(clock);
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId, log, tenant: 'test' });
  const deps = { db, ledger, clock, newId, log };
  const secretBox = createSecretBox(['k'.repeat(32)]);
  const receiver = { status: 204, received: [] as Received[] };
  const outbox = stack.use(
    createOutboxWorker({
      ...deps,
      handlers: [
        subscriptionHandler({
          ...deps,
          secretBox,
          async send(url, request = {}) {
            const { headers = {}, body } = request;
            receiver.received.push({ url: String(url), headers, body: String(body) });
            return new Response(null, { status: receiver.status });
          },
        }),
      ],
      retryInMs: () => 0,
      maxAttempts: 3,
      maxAttemptsWhileAway: 3,
      start: false,
    }),
  );
  const sequencer = stack.use(
    createSequencer({ db, clock, log, origin: 'test.example/log', start: false }),
  );
  const projector = stack.use(
    createProjector({ db, clock, log, projections: [subscriptionProjection(deps)], start: false }),
  );
  return {
    ...deps,
    receiver,
    service: createSubscriptionService({
      ...deps,
      secretBox,
      insideUrls: ['http://127.0.0.1:9999'],
    }),
    async happen(...types: string[]) {
      const actor = { kind: 'system', id: 'test' } as const;
      await db.transaction((tx) =>
        ledger.appendMany(
          tx,
          types.map((type) => ({ type, subject: 'chg_1', actor, data: { title: 'Größe' } })),
        ),
      );
      await sequencer.runOnce();
      await projector.runOnce();
      await outbox.runOnce();
    },
  };
}

function isSignedBy(secret: string, { headers, body }: Received): boolean {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const wanted = `v1,${createHmac('sha256', key).update(content).digest('base64')}`;
  return headers['webhook-signature']!.split(' ').includes(wanted);
}

test('a subscriber is told of what it asked for, from then on, once and signed', async () => {
  const { db, service, receiver } = world;
  await world.happen('change.merged');
  const fields = {
    url: 'https://hooks.example.com/loom?key=1',
    eventTypes: ['change.', 'run.started'],
  };
  const { subscription, secret } = await service.create(fields, operator());
  const kept = () => db.query<{ secret: string }>('select secret from loom.webhook_subscriptions');
  expect(JSON.stringify(await kept())).not.toContain(secret);
  // As a release before this left it: it is sealed, and signs on as it did.
  await db.query('update loom.webhook_subscriptions set secret = $1', [secret]);
  expect(await service.sealAnew()).toBe(1);
  expect(await service.sealAnew()).toBe(0);
  expect(JSON.stringify(await kept())).not.toContain(secret);
  world.clock.advance(1_000);

  await world.happen('change.merged', 'run.started', 'run.ended', 'decision.made');
  await world.happen();

  expect(
    receiver.received.map(({ body }) => (JSON.parse(body) as { type: string }).type).sort(),
  ).toEqual(['change.merged', 'run.started']);
  expect(receiver.received.every((one) => isSignedBy(secret, one))).toBe(true);
  expect(JSON.parse(receiver.received[0]!.body)).toMatchObject({
    data: { subject: 'chg_1', data: { title: 'Größe' } },
  });
  expect(await service.find(subscription.id)).toMatchObject({ failingSince: null });
  expect(JSON.stringify(await service.list({ limit: 10 }))).not.toContain(secret);

  const renewed = await service.renewSecret(subscription.id, operator());
  receiver.received.length = 0;
  await world.happen('change.closed');
  expect(
    receiver.received.every((one) => isSignedBy(secret, one) && isSignedBy(renewed.secret, one)),
  ).toBe(true);
  await service.remove(subscription.id, operator());
});

test('one that takes nothing for days is paused, and what is paused is told nothing', async () => {
  const { service, receiver } = world;
  const fields = { url: 'https://broken.example.com/', eventTypes: ['change.', 'outbox.'] };
  const { subscription } = await service.create(fields, operator());
  world.clock.advance(1_000);
  receiver.received.length = 0;
  receiver.status = 500;

  await world.happen('change.merged');
  expect(await service.find(subscription.id)).toMatchObject({ state: 'active' });
  expect(receiver.received).toHaveLength(3);
  // The outbox gave up and said so; that begets no delivery of its own.
  await world.happen();
  expect(receiver.received).toHaveLength(3);
  world.clock.advance(6 * DAY);
  await world.happen('change.merged');
  receiver.received.length = 0;
  await world.happen('change.merged');

  expect(await service.find(subscription.id)).toMatchObject({
    state: 'paused',
    pausedWhy: 'nothing was taken for five days',
  });
  expect(receiver.received).toEqual([]);

  receiver.status = 410;
  await service.update(subscription.id, { state: 'active' }, operator());
  await world.happen('change.merged');
  expect(await service.find(subscription.id)).toMatchObject({ state: 'paused' });
  receiver.status = 204;
});

test.each([
  'http://hooks.example.com/',
  'https://user:password@hooks.example.com/',
  'https://127.0.0.1/',
  'https://[::1]/',
  'https://169.254.169.254/latest/meta-data',
  'https://10.1.2.3/',
  'https://localhost:7400/',
  'https://db.internal/',
])('%s is refused as an address', async (url) => {
  const made = world.service.create({ url, eventTypes: ['*'] }, operator());

  await expect(made).rejects.toMatchObject({ code: 'subscriptions.bad_url' });
});

test('an address inside that an operator allows is taken; a name that leads inside is not called', async () => {
  const inside = { url: 'http://127.0.0.1:9999/hook', eventTypes: ['*'] };
  const send = createGuardedFetch({ trustedUrls: [], timeoutMs: 1_000, maxBytes: 1_000 });

  const { subscription } = await world.service.create(inside, operator());
  await world.service.remove(subscription.id, operator());
  await expect(send('https://localhost:1/', { method: 'POST' })).rejects.toMatchObject({
    code: 'connector.private_address',
  });
});

test('types, prefixes and the star', () => {
  const all = ['change.merged', 'change.', 'outbox.delivery-failed'];

  expect(all.map((type) => isWanted(['change.merged'], type))).toEqual([true, false, false]);
  expect(all.map((type) => isWanted(['*'], type))).toEqual([true, true, false]);
  expect(isWanted(['change.'], 'changes.x')).toBe(false);
});
