/**
 * Goal: an alert of a real Prometheus is one incident with one run of the incident workflow, and is over when
 * its cause is.
 * Method: a scraped service whose errors we switch, Prometheus, Alertmanager and the server as real processes.
 * Needs the programs of the Debian packages `prometheus` and `prometheus-alertmanager`, on the PATH or in the
 * folder LOOM_PROMETHEUS_BIN names; without them the test is skipped.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { testRepository, waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';

const SECRET = 'shared-with-alertmanager';
const FOLDERS = [
  process.env['LOOM_PROMETHEUS_BIN'],
  ...(process.env['PATH'] ?? '').split(delimiter),
];
const find = (...names: string[]) =>
  FOLDERS.flatMap((folder) => (folder ? names.map((name) => join(folder, name)) : [])).find(
    existsSync,
  );
const prometheus = find('prometheus');
const alertmanager = find('prometheus-alertmanager', 'alertmanager');
const isThere = prometheus !== undefined && alertmanager !== undefined;
if (!isThere) {
  console.info(
    'skipped: no prometheus and prometheus-alertmanager on the PATH or in LOOM_PROMETHEUS_BIN',
  );
}

interface Incident {
  id: string;
  title: string;
  state: string;
  severity: string;
  repository: string | null;
  externalKey: string;
  url: string | null;
}

interface Run {
  id: string;
  workflow: string;
  steps: { name: string; state: string }[];
}

const stack = new AsyncDisposableStack();
afterAll(() => stack.disposeAsync());
let server: ServerProcess;
let isBroken = false;

beforeAll(async () => {
  if (!isThere) return;
  const folder = stack.use(temporaryFolder('prometheus'));
  const made = stack.use(await testRepository());
  await made.commit({ message: 'Start', files: { 'README.md': '# Shop\n' } });
  server = stack.use(
    await startServer({
      data: folder.path,
      args: ['serve'],
      env: { LOOM_CONNECTORS_ALERTMANAGER_SECRET: SECRET, LOOM_FORGE_ENABLED: 'false' },
    }),
  );
  await server.post('/v1/repositories', { url: made.dir, name: 'acme/shop' });

  const service = await listen((path) =>
    path === '/metrics' ? `checkout_errors ${isBroken ? 1 : 0}\n` : '',
  );
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const at = (name: string) => join(folder.path, name);
  writeFileSync(at('rules.yml'), RULES);
  writeFileSync(at('prometheus.yml'), prometheusConfig(service, alertmanagerPort));
  writeFileSync(at('alertmanager.yml'), alertmanagerConfig(`${server.url}/webhooks/alertmanager`));
  start(alertmanager!, [
    `--config.file=${at('alertmanager.yml')}`,
    `--storage.path=${at('alertmanager')}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    '--cluster.listen-address=',
  ]);
  start(prometheus!, [
    `--config.file=${at('prometheus.yml')}`,
    `--storage.tsdb.path=${at('prometheus')}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ]);
  await waitFor('Prometheus and Alertmanager to be ready', async () => {
    const ready = await Promise.all(
      [prometheusPort, alertmanagerPort].map((port) =>
        fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => undefined),
      ),
    );
    return ready.every((answer) => answer?.ok === true) ? true : undefined;
  });
});

const incidents = async () =>
  (await server.get<{ items: Incident[] }>('/v1/incidents?limit=50')).items;
const runs = async () => (await server.get<{ items: Run[] }>('/v1/runs?limit=50')).items;

test.runIf(isThere)(
  'a firing alert opens one incident and one run of its workflow; the resolved one closes it',
  async () => {
    const began = Date.now();
    isBroken = true;
    const opened = await waitFor('the incident', async () => (await incidents())[0], {
      timeoutMs: 90_000,
    });
    const openedAfter = Date.now() - began;
    const run = await waitFor('the run of its workflow', async () => (await runs())[0]);
    const told = await waitFor('its people to be told', async () => {
      const now = await server.get<Run>(`/v1/runs/${run.id}`);
      return now.steps.find(({ name }) => name === 'warn')?.state === 'done' ? now : undefined;
    });
    // Alertmanager says it again and again while it fires.
    const notifications = await waitFor('the alert to be repeated', async () => {
      const { counts } = await server.get<{ counts: { deliveries: number } }>(
        '/v1/connections/alertmanager',
      );
      return counts.deliveries >= 3 ? counts.deliveries : undefined;
    });
    const whileFiring = await incidents();
    isBroken = false;
    const fixedAt = Date.now();
    const closed = await waitFor(
      'the incident to be resolved',
      async () => (await incidents()).find(({ state }) => state === 'resolved'),
      { timeoutMs: 90_000 },
    );

    console.info(
      `opened after ${openedAfter} ms, resolved after ${Date.now() - fixedAt} ms, ${notifications} notifications`,
    );
    expect(opened).toMatchObject({
      title: 'CheckoutErrors: Checkout fails',
      state: 'open',
      severity: 'critical',
      repository: 'acme/shop',
    });
    expect(whileFiring).toHaveLength(1);
    expect(told).toMatchObject({
      workflow: 'incident-response',
      repository: 'acme/shop',
      title: 'Incident: CheckoutErrors: Checkout fails',
      input: { incident: opened.externalKey, severity: 'critical' },
    });
    expect(closed.id).toBe(opened.id);
    expect(await runs()).toHaveLength(1);
  },
);

test.runIf(isThere)('the same alert at another time is another incident', async () => {
  isBroken = true;

  const again = await waitFor(
    'the second incident',
    async () => ((await incidents()).length === 2 ? incidents() : undefined),
    { timeoutMs: 90_000 },
  );

  expect(again.map(({ state }) => state).sort()).toEqual(['open', 'resolved']);
  const [one, other] = again.map(({ externalKey }) => externalKey.split(':'));
  expect(one!.slice(0, -1)).toEqual(other!.slice(0, -1));
});

const RULES = `groups:
  - name: shop
    rules:
      - alert: CheckoutErrors
        expr: checkout_errors > 0
        labels: { severity: critical, repository: acme/shop }
        annotations: { summary: Checkout fails }
`;

const prometheusConfig = (servicePort: number, alertmanagerPort: number) => `global:
  scrape_interval: 1s
  evaluation_interval: 1s
rule_files: [rules.yml]
alerting:
  alertmanagers:
    - static_configs: [{ targets: ['127.0.0.1:${alertmanagerPort}'] }]
scrape_configs:
  - job_name: shop
    static_configs: [{ targets: ['127.0.0.1:${servicePort}'] }]
`;

const alertmanagerConfig = (url: string) => `route:
  receiver: loomstack
  group_wait: 1s
  group_interval: 1s
  repeat_interval: 1s
receivers:
  - name: loomstack
    webhook_configs:
      - url: ${url}
        send_resolved: true
        http_config:
          authorization: { type: Bearer, credentials: ${SECRET} }
`;

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(program, args, { stdio: 'ignore' });
  stack.defer(async () => {
    if (child.exitCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** A service that answers with text; gives its port. */
async function listen(answer: (path: string) => string): Promise<number> {
  const service = createServer((request, response) => response.end(answer(request.url ?? '/')));
  await new Promise<void>((resolve) => {
    service.listen(0, '127.0.0.1', resolve);
  });
  stack.defer(() => {
    service.closeAllConnections();
    service.close();
  });
  return (service.address() as AddressInfo).port;
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}
