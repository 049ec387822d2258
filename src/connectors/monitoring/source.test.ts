/**
 * Goal: each monitoring system's messages become incidents and deployments that meet when they are about
 * the same thing, and only genuine ones count.
 * Method: messages in the vendors' documented shapes, and what any sender might do wrong.
 */
import { describe, expect, test } from 'vitest';
import { AppError } from '#kernel';
import { type Delivery, Signal } from '#connectors/contract';
import { repositoryOfUrl } from './labels.ts';
import { createMonitoringSource } from './source.ts';
import { SYSTEMS } from './systems.ts';
import * as told from './test-deliveries.ts';

const SECRET = 'a-secret-that-is-only-used-in-tests';
const OPEN = { type: 'incident.reported', state: 'open' };

/** A firing and a later resolution of one alert, and how the system proves who it is. */
const CASES: Record<
  string,
  { first: Delivery; last: Delivery; prove(delivery: Delivery, secret: string): [string, string] }
> = {
  alertmanager: {
    first: told.alertmanager(told.alert()),
    last: told.alertmanager(told.alert({ status: 'resolved', endsAt: '2026-11-20T10:09:00Z' })),
    prove: bearer,
  },
  grafana: {
    first: told.grafana(told.alert()),
    last: told.grafana(told.alert({ status: 'resolved', endsAt: '2026-11-20T10:09:00Z' })),
    prove: ({ body }, secret) => ['x-grafana-alerting-signature', told.hmacHex(secret, body)],
  },
  pagerduty: {
    first: told.pagerduty('incident.triggered', '2026-11-20T10:00:00Z'),
    last: told.pagerduty('incident.resolved', '2026-11-20T10:09:00Z'),
    prove: ({ body }, secret) => [
      'x-pagerduty-signature',
      `v1=${'0'.repeat(64)},v1=${told.hmacHex(secret, body)}`,
    ],
  },
  sentry: {
    first: told.sentryIssue('created'),
    last: told.sentryIssue('resolved'),
    prove: ({ body }, secret) => ['sentry-hook-signature', told.hmacHex(secret, body)],
  },
  datadog: {
    first: told.datadog('Triggered', 0),
    last: told.datadog('Recovered', 9),
    prove: bearer,
  },
  opsgenie: { first: told.opsgenie('Create', 0), last: told.opsgenie('Close', 9), prove: bearer },
  alerts: {
    first: told.json(plain('open', '2026-11-20T10:00:00Z')),
    last: told.json([plain('resolved', '2026-11-20T11:09:00+01:00')]),
    prove: bearer,
  },
  argocd: { first: told.argocd('Running'), last: told.argocd('Succeeded'), prove: bearer },
  flux: {
    first: told.flux('Progressing'),
    last: told.flux('ReconciliationSucceeded'),
    prove: ({ body }, secret) => ['x-signature', `sha256=${told.hmacHex(secret, body)}`],
  },
};

function plain(state: string, occurredAt: string) {
  return {
    key: 'disk-7',
    title: 'Disk full',
    state,
    severity: 'high',
    service: 'checkout',
    occurredAt,
  };
}

function bearer(_delivery: Delivery, secret: string): [string, string] {
  return ['authorization', `Bearer ${secret}`];
}

function proven(system: string, delivery: Delivery, secret = SECRET): Delivery {
  const [name, value] = CASES[system]!.prove(delivery, secret);
  return { ...delivery, headers: { ...delivery.headers, [name]: value } };
}

const read = (system: string, delivery: Delivery) =>
  createMonitoringSource({ system, secret: SECRET }).toSignals(delivery);

test('every system of the list is tried here', () => {
  expect(Object.keys(CASES)).toEqual([...SYSTEMS.keys()]);
});

describe.each(Object.keys(CASES))('%s', (system) => {
  const { first, last } = CASES[system]!;
  const source = createMonitoringSource({ system, secret: SECRET });

  test('a genuine delivery is accepted, and no other', () => {
    const refusals: Delivery[] = [
      first,
      proven(system, first, 'another secret'),
      { ...first, headers: { ...first.headers, authorization: 'Bearer ' } },
      { ...first, headers: { ...first.headers, authorization: `Digest ${SECRET}` } },
    ];

    expect(() => source.verify(proven(system, first))).not.toThrow();
    for (const delivery of refusals)
      expect(errorOf(() => source.verify(delivery)).status).toBe(401);
    expect(errorOf(() => createMonitoringSource({ system, secret: ' ' })).kind).toBe('invalid');
    const open = createMonitoringSource({ system });
    expect(errorOf(() => open.verify(proven(system, first, ''))).status).toBe(401);
  });

  test('what begins and what ends one thing meet in one key', () => {
    const [begun, ended] = [read(system, first), read(system, last)];

    expect([begun.length, ended.length]).toEqual([1, 1]);
    for (const signal of [...begun, ...ended]) expect(Signal.parse(signal)).toEqual(signal);
    const keys = [...begun, ...ended].map((signal) =>
      'externalKey' in signal ? signal.externalKey : '',
    );
    expect(new Set(keys).size).toBe(1);
    expect(begun[0]!.dedupeKey).not.toBe(ended[0]!.dedupeKey);
    expect(+ended[0]!.occurredAt).toBeGreaterThanOrEqual(+begun[0]!.occurredAt);
    expect(read(system, first)).toEqual(begun);
    expect(source.deliveryId(first)).toBe(source.deliveryId(proven(system, first)));
    expect(source.deliveryId(first)).not.toBe(source.deliveryId(last));
  });

  test.each([
    ['nothing', ''],
    ['half an object', '{"a":'],
    ['null', 'null'],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00])],
    ['deep nesting', '['.repeat(200_000)],
    ['a web page', '<html></html>'],
  ])('a body of %s is refused with a stable code', (_what, body) => {
    const error = errorOf(() => read(system, { ...first, body: Buffer.from(body) }));

    expect(error.code).toBe('monitoring.unreadable_delivery');
  });
});

describe('what the signals say', () => {
  test('an alert names repository, service and severity by its labels', () => {
    expect(read('alertmanager', told.alertmanager(told.alert()))).toMatchObject([
      {
        ...OPEN,
        title: 'CheckoutErrors: More than 5 % of orders fail',
        severity: 'critical',
        repository: 'acme/shop',
        service: 'checkout',
        externalKey: 'alertmanager:c1a2b3d4e5f60718:1795514400000'.replace(
          '1795514400000',
          String(Date.UTC(2026, 10, 20, 10)),
        ),
        occurredAt: new Date('2026-11-20T10:00:00Z'),
      },
    ]);
  });

  test('the same alert another day is another incident, and each of a group is its own', () => {
    const keys = read(
      'alertmanager',
      told.alertmanager(
        told.alert(),
        told.alert(),
        told.alert({ startsAt: '2026-11-21T10:00:00Z' }),
        told.alert({ fingerprint: 'ffffffffffffffff' }),
      ),
    ).map(({ dedupeKey }) => dedupeKey);

    expect(new Set(keys).size).toBe(3);
    expect(keys).toHaveLength(3);
  });

  test('labels of the customer come before the common ones', () => {
    const source = createMonitoringSource({
      system: 'alertmanager',
      secret: SECRET,
      repositoryLabels: ['owner_repo'],
      serviceLabels: ['team_service'],
    });
    const labels = { owner_repo: 'acme/pay', team_service: 'pay', repository: 'acme/shop' };

    expect(source.toSignals(told.alertmanager(told.alert({ labels })))).toMatchObject([
      { repository: 'acme/pay', service: 'pay', severity: 'medium' },
    ]);
  });

  test('hostile labels name no place and give short keys', () => {
    const labels = JSON.parse(
      '{"__proto__": "acme/shop", "repository": "../../etc", "service": "<script>", "severity": "constructor"}',
    ) as object;
    const hostile = told.alert({
      labels,
      annotations: { runbook_url: 'javascript:alert(1)' },
      generatorURL: '',
      fingerprint: 'x'.repeat(10_000),
    });
    const [signal] = read('alertmanager', told.alertmanager(hostile));

    expect(signal).not.toHaveProperty('repository');
    expect(signal).not.toHaveProperty('service');
    expect(signal).not.toHaveProperty('url');
    expect(signal).toMatchObject({ severity: 'medium' });
    expect(signal!.dedupeKey.length).toBeLessThan(500);
  });

  test('Grafana signs the time too where it is told to send it', () => {
    const delivery = told.grafana(told.alert());
    const sentAt = '1795514400';
    const signed = {
      ...delivery,
      headers: {
        'x-grafana-alerting-timestamp': sentAt,
        'x-grafana-alerting-signature': told.hmacHex(SECRET, `${sentAt}:`, delivery.body),
      },
    };
    const source = createMonitoringSource({ system: 'grafana', secret: SECRET });

    expect(() => source.verify(signed)).not.toThrow();
    const moved = { ...signed.headers, 'x-grafana-alerting-timestamp': '1795514401' };
    expect(errorOf(() => source.verify({ ...signed, headers: moved })).status).toBe(401);
  });

  test('PagerDuty: who looks at it is no news, a test message neither', () => {
    const others = ['incident.acknowledged', 'incident.delegated', 'pagey.ping', 'incident.new'];

    for (const type of others) {
      expect(read('pagerduty', told.pagerduty(type, '2026-11-20T10:00:00Z'))).toEqual([]);
    }
    expect(
      read(
        'pagerduty',
        told.pagerduty('incident.priority_updated', '2026-11-20T10:00:00Z', { status: 'resolved' }),
      ),
    ).toMatchObject([{ state: 'resolved', severity: 'critical', service: 'checkout' }]);
  });

  test('Sentry: a rule meets the incident of its issue, and small issues are left alone', () => {
    const [issue] = read('sentry', told.sentryIssue('created'));
    const [rule] = read('sentry', told.sentryRule());

    expect(rule).toMatchObject({
      title: 'TypeError: total is undefined (Every new error)',
      service: 'checkout',
      externalKey: (issue as { externalKey: string }).externalKey,
    });
    expect(read('sentry', told.sentryIssue('created', { level: 'warning' }))).toEqual([]);
    expect(read('sentry', told.sentryIssue('assigned'))).toEqual([]);
    expect(read('sentry', told.json({}, { 'sentry-hook-resource': 'comment' }))).toEqual([]);
    expect(read('sentry', told.sentryMetric('critical'))).toMatchObject([OPEN]);
    expect(read('sentry', told.sentryMetric('resolved'))).toMatchObject([{ state: 'resolved' }]);
  });

  test('Datadog: tags are labels, the transition is not part of the title', () => {
    expect(read('datadog', told.datadog('Re-Triggered', 3))).toMatchObject([
      {
        ...OPEN,
        title: 'Checkout is slow',
        severity: 'high',
        repository: 'acme/shop',
        service: 'checkout',
      },
    ]);
    expect(read('datadog', told.datadog('Renotify', 3))).toEqual([]);
  });

  test('Argo CD: a rollout that is applied but not well has failed', () => {
    expect(read('argocd', told.argocd('Succeeded', { health: 'Degraded' }))).toMatchObject([
      { status: 'failed', repository: 'acme/shop', sha: told.SHA, environment: 'production' },
    ]);
    expect(read('argocd', told.argocd('Succeeded', { revision: '6.3.1' }))).toEqual([]);
    expect(read('argocd', told.argocd('Succeeded', { repository: 'acme/app' }))).toMatchObject([
      { repository: 'acme/app' },
    ]);
  });

  test('Flux: without a commit of a repository there is no deployment', () => {
    const chart = {
      metadata: { 'helm.toolkit.fluxcd.io/revision': '6.3.1', repository: 'acme/shop' },
    };

    expect(read('flux', told.flux('UpgradeSucceeded', chart))).toEqual([]);
    expect(read('flux', told.flux('ReconciliationSucceeded', { metadata: null }))).toEqual([]);
    expect(read('flux', told.flux('HealthCheckFailed'))).toMatchObject([{ status: 'failed' }]);
    expect(read('flux', told.flux('DependencyNotReady'))).toEqual([]);
  });

  test.each([
    ['https://github.com/acme/shop.git', 'acme/shop'],
    ['git@github.com:acme/shop.git', 'acme/shop'],
    ['ssh://git@gitlab.example:2222/group/sub/shop', 'sub/shop'],
    ['https://token@github.com/acme/shop/', 'acme/shop'],
    ['oci://registry/acme', undefined],
    ['../..', undefined],
    ['https://github.com/acme/..%2f', undefined],
  ])('the clone address %s names %s', (url, name) => {
    expect(repositoryOfUrl(url)).toBe(name);
  });
});

function errorOf(work: () => unknown): AppError {
  try {
    work();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('expected a refusal, but there was none');
}
