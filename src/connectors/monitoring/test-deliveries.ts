/** Messages in the shapes the vendors document, with nothing real in them. For tests. */
import { createHmac } from 'node:crypto';
import type { Delivery } from '#connectors/contract';

export function json(value: unknown, headers: Record<string, string> = {}): Delivery {
  return {
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(JSON.stringify(value)),
  };
}

export function hmacHex(secret: string, ...parts: (string | Uint8Array)[]): string {
  const digest = createHmac('sha256', secret);
  for (const part of parts) digest.update(part);
  return digest.digest('hex');
}

/** One alert of Alertmanager 0.25 or Grafana. */
export function alert(fields: Record<string, unknown> = {}) {
  return {
    status: 'firing',
    labels: {
      alertname: 'CheckoutErrors',
      service: 'checkout',
      repository: 'acme/shop',
      severity: 'critical',
      instance: '10.0.0.7:9100',
    },
    annotations: { summary: 'More than 5 % of orders fail', description: 'Since the last minute.' },
    startsAt: '2026-11-20T10:00:00.000Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph?g0.expr=up',
    fingerprint: 'c1a2b3d4e5f60718',
    ...fields,
  };
}

export function alertmanager(...alerts: object[]): Delivery {
  return json({
    receiver: 'loomstack',
    status: 'firing',
    alerts,
    groupLabels: { alertname: 'CheckoutErrors' },
    commonLabels: { alertname: 'CheckoutErrors', service: 'checkout' },
    commonAnnotations: {},
    externalURL: 'http://alertmanager:9093',
    version: '4',
    groupKey: '{}:{alertname="CheckoutErrors"}',
    truncatedAlerts: 0,
  });
}

export function grafana(...alerts: object[]): Delivery {
  return json({
    receiver: 'loomstack',
    status: 'firing',
    orgId: 1,
    alerts: alerts.map((one) => ({
      values: { A: 7.2 },
      valueString: '[ var="A" labels={} value=7.2 ]',
      silenceURL: 'https://grafana.example/alerting/silence/new',
      dashboardURL: 'https://grafana.example/d/abc',
      panelURL: 'https://grafana.example/d/abc?viewPanel=2',
      ...one,
    })),
    groupLabels: {},
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'https://grafana.example/',
    version: '1',
    groupKey: '{}:{}',
    truncatedAlerts: 0,
    title: '[FIRING:1] CheckoutErrors',
    state: 'alerting',
    message: '**Firing**',
  });
}

export function pagerduty(
  type: string,
  occurredAt: string,
  fields: Record<string, unknown> = {},
): Delivery {
  return json({
    event: {
      id: `01${type.length}${occurredAt.replaceAll(/\D/g, '')}`,
      event_type: type,
      resource_type: 'incident',
      occurred_at: occurredAt,
      agent: {
        html_url: 'https://acme.pagerduty.com/users/PLH1HKV',
        id: 'PLH1HKV',
        type: 'user_reference',
      },
      client: null,
      data: {
        id: 'PGR0VU2',
        type: 'incident',
        self: 'https://api.pagerduty.com/incidents/PGR0VU2',
        html_url: 'https://acme.pagerduty.com/incidents/PGR0VU2',
        number: 2,
        status: type === 'incident.resolved' ? 'resolved' : 'triggered',
        incident_key: 'd3640fbd41094207a1c11e58e46b1662',
        created_at: '2026-11-20T10:00:00Z',
        title: 'A little bump in the road',
        service: {
          html_url: 'https://acme.pagerduty.com/services/PF9KMXH',
          id: 'PF9KMXH',
          summary: 'checkout',
          type: 'service_reference',
        },
        assignees: [],
        priority: { id: 'PSO75BM', summary: 'P1', type: 'priority_reference' },
        urgency: 'high',
        teams: [],
        ...fields,
      },
    },
  });
}

export function sentryIssue(action: string, fields: Record<string, unknown> = {}): Delivery {
  return json(
    {
      action,
      installation: { uuid: '7a485448-a9e2-4c85-8a3c-4f44175783c9' },
      actor: { type: 'application', id: 'sentry', name: 'Sentry' },
      data: {
        issue: {
          id: '1170820242',
          shortId: 'SHOP-1',
          title: 'TypeError: total is undefined',
          culprit: 'src/total.ts in sum',
          level: 'error',
          status: 'unresolved',
          project: { id: '1', name: 'Shop', slug: 'checkout', platform: 'node' },
          firstSeen: '2026-11-20T10:00:00.000000Z',
          lastSeen: '2026-11-20T10:00:00.000000Z',
          web_url: 'https://acme.sentry.io/issues/1170820242/',
          ...fields,
        },
      },
    },
    {
      'sentry-hook-resource': 'issue',
      'sentry-hook-timestamp': String(Date.UTC(2026, 10, 20, 10, 30) / 1_000),
      'request-id': `req-${action}`,
    },
  );
}

export function sentryMetric(action: string): Delivery {
  return json(
    {
      action,
      data: {
        description_text: '1000 events in the last 10 minutes',
        description_title: 'Critical: Too many errors',
        web_url: 'https://acme.sentry.io/alerts/rules/details/7/',
        metric_alert: {
          id: '7',
          identifier: '7',
          organization_id: '1',
          projects: ['checkout'],
          status: 2,
          title: 'Too many errors',
          date_started: '2026-11-20T10:00:00.000000Z',
          date_closed: action === 'resolved' ? '2026-11-20T11:00:00.000000Z' : null,
        },
      },
    },
    { 'sentry-hook-resource': 'metric_alert', 'request-id': `metric-${action}` },
  );
}

export function sentryRule(): Delivery {
  return json(
    {
      action: 'triggered',
      data: {
        triggered_rule: 'Every new error',
        event: {
          event_id: 'e4874d664c3540c1a32eab185f12c5ab',
          issue_id: '1170820242',
          title: 'TypeError: total is undefined',
          level: 'error',
          datetime: '2026-11-20T10:00:05.000000Z',
          web_url: 'https://acme.sentry.io/issues/1170820242/events/e48/',
          tags: [['environment', 'production'], ['service', 'checkout'], 'odd'],
        },
      },
    },
    { 'sentry-hook-resource': 'event_alert', 'request-id': 'rule-1' },
  );
}

export function datadog(transition: string, minute: number, fields: object = {}): Delivery {
  return json({
    alert_cycle_key: '1234567890123456789',
    transition,
    title: `[${transition} on {service:checkout}] Checkout is slow`,
    priority: 'P2',
    alert_type: transition === 'Recovered' ? 'success' : 'error',
    tags: 'env:prod,service:checkout,repository:acme/shop,monitor',
    link: 'https://app.datadoghq.com/event/event?id=1',
    date: String(Date.UTC(2026, 10, 20, 10, minute)),
    ...fields,
  });
}

export function opsgenie(action: string, minute: number, fields: object = {}): Delivery {
  return json({
    action,
    alert: {
      alertId: '052652ac-5d1c-464a-812a-7dd18bbfba8c',
      message: 'Checkout is down',
      tags: ['severity:critical', 'repository:acme/shop', 'plain'],
      tinyId: '10',
      entity: 'checkout',
      alias: 'checkout-down',
      createdAt: Date.UTC(2026, 10, 20, 10, 0),
      updatedAt: Date.UTC(2026, 10, 20, 10, minute) * 1_000_000,
      username: 'system',
      priority: 'P1',
      ...fields,
    },
    source: { name: '', type: 'API' },
    integrationName: 'LoomStack',
    integrationId: '8d37ab4c-4fa0-4d8a-8f2b-2c1d4e5f6a7b',
    integrationType: 'Webhook',
  });
}

export const SHA = '4f2c0a9d1b7e3c5a8f6d2e1b0c9a8b7d6e5f4a3b';

export function argocd(phase: string, fields: object = {}): Delivery {
  return json({
    application: 'checkout-prod',
    environment: 'production',
    repoURL: 'https://github.com/acme/shop.git',
    revision: SHA,
    phase,
    health: phase === 'Succeeded' ? 'Healthy' : 'Progressing',
    startedAt: '2026-11-20T10:00:00Z',
    finishedAt: phase === 'Running' ? '' : '2026-11-20T10:02:00Z',
    url: 'https://argocd.example/applications/checkout-prod',
    ...fields,
  });
}

export function flux(reason: string, fields: object = {}): Delivery {
  return json(
    {
      involvedObject: {
        kind: 'Kustomization',
        namespace: 'production',
        name: 'checkout',
        uid: 'b1d6a9f2-0000-4000-8000-000000000000',
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        resourceVersion: '123',
      },
      severity: reason.includes('Failed') ? 'error' : 'info',
      timestamp: '2026-11-20T10:00:00Z',
      message: 'Reconciliation finished',
      reason,
      metadata: {
        'kustomize.toolkit.fluxcd.io/revision': `main@sha1:${SHA}`,
        repository: 'acme/shop',
        environment: 'production',
      },
      reportingController: 'kustomize-controller',
      reportingInstance: 'kustomize-controller-0',
      ...fields,
    },
    { 'gotk-component': 'kustomize-controller' },
  );
}
