/**
 * Goal: an alert of a real system is one incident from its first firing to its end, whoever repeats what,
 * and nobody without a proof says anything.
 * Method: the composed product over a real database, called through its HTTP app.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Principal } from '#governance';
import { createLogger, loadConfig, systemClock } from '#kernel';
import { createHttpApp } from '#surfaces';
import { testDatabase } from '#testing';
import { compose } from './compose.ts';

const FIRING = '2026-11-20T10:00:00Z';
const stack = new AsyncDisposableStack();
let app: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  app = await open();
});
afterAll(() => stack.disposeAsync());

async function open() {
  const { db } = stack.use(await testDatabase());
  const folder = mkdtempSync(join(tmpdir(), 'loom-monitoring-'));
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const flags = {
    data: folder,
    'forge.enabled': false,
    'connectors.alertmanager.secret': 'shared-with-alertmanager',
    'connectors.monitoring.serviceLabels': 'app_name',
  };
  const { services, intake } = stack.use(
    await compose({
      config: loadConfig({ env: {}, flags, cwd: folder }),
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
    async tokenWith(...scopes: ('signals:write' | 'changes:read')[]) {
      const token = { personId: person.id, name: 'sender', scopes };
      return (await services.governance.createToken(token, owner)).secret;
    },
    async send(system: string, body: unknown, token = 'shared-with-alertmanager') {
      const answer = await http.request(`/webhooks/${system}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
      await intake.processOnce();
      return answer.status;
    },
    async incidents() {
      return (await services.observability.listIncidents({ limit: 50 })).items;
    },
  };
}

function notification(status: 'firing' | 'resolved', fields: Record<string, unknown> = {}) {
  const labels = { alertname: 'CheckoutErrors', severity: 'critical', repository: 'acme/shop' };
  const endsAt = status === 'firing' ? '0001-01-01T00:00:00Z' : '2026-11-20T10:09:00Z';
  return {
    version: '4',
    status,
    alerts: [
      { status, labels, annotations: {}, startsAt: FIRING, endsAt, fingerprint: 'f1', ...fields },
    ],
  };
}

test('an alert opens one incident, its end resolves it, and a late firing changes nothing', async () => {
  const statuses = [
    await app.send('alertmanager', notification('firing')),
    await app.send('alertmanager', { ...notification('firing'), groupKey: 'sent again' }),
  ];
  const [opened] = await app.incidents();
  statuses.push(await app.send('alertmanager', notification('resolved')));
  // Another replica of Alertmanager, behind by a minute: other bytes, the same fact.
  const late = notification('firing', { annotations: { summary: 'seen late' } });
  statuses.push(await app.send('alertmanager', late));

  expect(statuses).toEqual([202, 202, 202, 202]);
  expect(opened).toMatchObject({ title: 'CheckoutErrors', state: 'open', repository: 'acme/shop' });
  expect(await app.incidents()).toMatchObject([
    { id: opened!.id, state: 'resolved', resolvedAt: new Date('2026-11-20T10:09:00Z') },
  ]);
  const { items } = await app.services.ledger.list({ subject: opened!.id, order: 'oldest' });
  expect(items.map(({ type }) => type)).toEqual(['incident.detected', 'incident.resolved']);
});

test('a resolution that overtakes its alert closes it all the same', async () => {
  const overtaken = { fingerprint: 'f2' };

  await app.send('alertmanager', notification('resolved', overtaken));
  await app.send('alertmanager', notification('firing', overtaken));

  const incident = (await app.incidents()).find(({ externalKey }) => externalKey.includes(':f2:'));
  expect(incident).toMatchObject({ state: 'resolved', detectedAt: new Date(FIRING) });
});

test('a token of ours with the scope will do for a sender that is not set up, and nothing less', async () => {
  const alert = { key: '1', title: 'Disk full', state: 'open', occurredAt: FIRING };

  const statuses = [
    await app.send('alerts', alert, 'shared-with-alertmanager'),
    await app.send('alerts', alert, 'loom_api_nonsense'),
    await app.send('alerts', alert, await app.tokenWith('changes:read')),
    await app.send('alerts', alert, await app.tokenWith('signals:write')),
    await app.send('alertmanager', notification('firing'), 'wrong'),
    await app.send('pagerduty', {}),
  ];

  expect(statuses).toEqual([401, 401, 403, 202, 401, 404]);
});
