/**
 * Goal: a CloudEvent sent by a stranger changes nothing, one by a sender we know is kept once and acted
 * upon.
 * Method: the composed product over a real database, called through its HTTP app.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Principal } from '#governance';
import { createLogger, loadConfig, systemClock } from '#kernel';
import { createHttpApp } from '#surfaces';
import { testDatabase } from '#testing';
import { compose } from './compose.ts';

async function open() {
  const stack = new AsyncDisposableStack();
  const { db } = stack.use(await testDatabase());
  const folder = mkdtempSync(join(tmpdir(), 'loom-cloudevents-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { services, intake } = stack.use(
    await compose({
      config: loadConfig({
        env: {},
        flags: { data: folder, 'forge.enabled': false },
        cwd: folder,
      }),
      storage: { db, kind: 'external', version: '0', [Symbol.asyncDispose]: async () => {} },
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      publicUrl: 'http://127.0.0.1:7400',
      work: false,
    }),
  );
  const { person } = await services.governance.ensureOwner();
  const owner: Principal = { ...person, kind: 'person', scopes: 'all' };
  const http = createHttpApp(services);
  return {
    services,
    intake,
    async tokenWith(...scopes: ('signals:write' | 'changes:read')[]) {
      const token = { personId: person.id, name: 'sender', scopes };
      return (await services.governance.createToken(token, owner)).secret;
    },
    async send(events: unknown, token?: string) {
      const answer = await http.request('/webhooks/cloudevents', {
        method: 'POST',
        headers: {
          'content-type': 'application/cloudevents-batch+json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify(events),
      });
      return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

const sale = (id: string) => ({
  specversion: '1.0',
  id,
  source: '/till',
  type: 'com.acme.sale',
  data: { amount: 12 },
});

test('a sender needs a token with the scope for it, or a signature', async () => {
  await using app = await open();

  const none = await app.send([sale('1')]);
  const unknown = await app.send([sale('1')], 'loom_api_nonsense');
  const tooNarrow = await app.send([sale('1')], await app.tokenWith('changes:read'));
  const rightOne = await app.send([sale('1')], await app.tokenWith('signals:write'));

  expect([none, unknown, tooNarrow, rightOne].map(({ status }) => status)).toEqual([
    401, 401, 403, 202,
  ]);
  const kept = await app.services.ledger.list({ type: 'signal.received', limit: 10 });
  expect(kept.items).toMatchObject([
    {
      actor: { kind: 'connector', id: 'cloudevents' },
      data: {
        type: 'event.received',
        event: { id: '1', source: '/till', type: 'com.acme.sale', data: { amount: 12 } },
      },
    },
  ]);
});

test('an event that comes again, alone or in another batch, is kept once', async () => {
  await using app = await open();
  const token = await app.tokenWith('signals:write');

  const first = await app.send([sale('1'), sale('2')], token);
  const same = await app.send([sale('1'), sale('2')], token);
  const other = await app.send([sale('2'), sale('3'), sale('3')], token);

  expect([first, same, other].map(({ status, body }) => [status, body['accepted']])).toEqual([
    [202, 2],
    [200, 0],
    [202, 1],
  ]);
  await app.intake.processOnce();
  expect(await app.intake.counts()).toMatchObject({ pending: 0, dead: 0 });
});

test('a batch with one unreadable event is refused as a whole', async () => {
  await using app = await open();

  const answer = await app.send([sale('1'), {}], await app.tokenWith('signals:write'));

  expect(answer).toMatchObject({ status: 400, body: { code: 'cloudevents.unreadable_delivery' } });
  expect(await app.intake.counts()).toMatchObject({ pending: 0 });
});

test('an incident told in CDEvents opens and is resolved', async () => {
  await using app = await open();
  const token = await app.tokenWith('signals:write');
  const told = (what: 'detected' | 'resolved') => ({
    ...sale(what),
    type: `dev.cdevents.incident.${what}.0.2.0`,
    data: {
      context: { id: what },
      subject: { id: 'inc-9', content: { description: 'Checkout answers 500' } },
    },
  });

  await app.send([told('detected')], token);
  await app.intake.processOnce();
  const [opened] = (await app.services.observability.listIncidents({ limit: 5 })).items;
  await app.send([told('resolved')], token);
  await app.intake.processOnce();
  const [resolved] = (await app.services.observability.listIncidents({ limit: 5 })).items;

  expect(opened).toMatchObject({ title: 'Checkout answers 500', state: 'open' });
  expect(resolved).toMatchObject({ id: opened?.id, state: 'resolved' });
});
