/** The monitoring and delivery systems we understand: how each proves itself and how it is read. */
import { hash } from 'node:crypto';
import type { Delivery, Signal } from '#connectors/contract';
import { readAlertmanager } from './alertmanager.ts';
import { readAlerts } from './alerts.ts';
import { readDatadog } from './datadog.ts';
import { readArgoCd, readFlux } from './deployments.ts';
import type { LabelNames } from './labels.ts';
import { readOpsgenie } from './opsgenie.ts';
import { readPagerDuty } from './pagerduty.ts';
import { bearer, type Proof, signedBy } from './proof.ts';
import { type AlertReport, toIncidentSignal } from './report.ts';
import { readSentry } from './sentry.ts';

export interface MonitoringSystem {
  readonly name: string;
  /** As people write it. */
  readonly title: string;
  /** The first is what the system does by default; any of them will do. */
  readonly proofs: readonly Proof[];
  /** The header that names a delivery; without one, equal bytes are the same delivery. */
  readonly idHeader?: string;
  /** Pure. @throws AppError `monitoring.unreadable_delivery`. */
  read(delivery: Delivery, names: LabelNames): Signal[];
}

type ReadAlerts = (body: Uint8Array, headers: Delivery['headers']) => AlertReport[];

function alerts(
  system: Omit<MonitoringSystem, 'read'>,
  read: ReadAlerts,
): [string, MonitoringSystem] {
  return [
    system.name,
    {
      ...system,
      read: ({ body, headers }, names) =>
        uniqueByKey(read(body, headers).map((one) => toIncidentSignal(system.name, one, names))),
    },
  ];
}

function deployments(
  system: Omit<MonitoringSystem, 'read'>,
  read: (source: string, body: Uint8Array) => Signal[],
): [string, MonitoringSystem] {
  return [system.name, { ...system, read: ({ body }) => read(system.name, body) }];
}

/** Grafana signs the body, or time and body where it is told to send the time. */
const grafanaSignature = signedBy('x-grafana-alerting-signature', {
  content({ headers, body }) {
    const sentAt = headers['x-grafana-alerting-timestamp'];
    return sentAt === undefined ? [body] : [`${sentAt}:`, body];
  },
});

export const SYSTEMS: ReadonlyMap<string, MonitoringSystem> = new Map([
  alerts(
    { name: 'alertmanager', title: 'Prometheus Alertmanager', proofs: [bearer] },
    readAlertmanager,
  ),
  alerts(
    { name: 'grafana', title: 'Grafana Alerting', proofs: [grafanaSignature, bearer] },
    readAlertmanager,
  ),
  alerts(
    {
      name: 'pagerduty',
      title: 'PagerDuty',
      proofs: [signedBy('x-pagerduty-signature', { prefix: 'v1=' })],
    },
    readPagerDuty,
  ),
  alerts(
    {
      name: 'sentry',
      title: 'Sentry',
      proofs: [signedBy('sentry-hook-signature')],
      idHeader: 'request-id',
    },
    readSentry,
  ),
  alerts({ name: 'datadog', title: 'Datadog', proofs: [bearer] }, readDatadog),
  alerts({ name: 'opsgenie', title: 'Opsgenie', proofs: [bearer] }, readOpsgenie),
  alerts({ name: 'alerts', title: 'Alerts of anything else', proofs: [bearer] }, readAlerts),
  deployments({ name: 'argocd', title: 'Argo CD', proofs: [bearer] }, readArgoCd),
  deployments(
    {
      name: 'flux',
      title: 'Flux',
      proofs: [signedBy('x-signature', { prefix: 'sha256=' }), bearer],
    },
    readFlux,
  ),
]);

/** A message may name one alert twice; the first counts. */
function uniqueByKey(signals: Signal[]): Signal[] {
  const seen = new Set<string>();
  return signals.filter(({ dedupeKey }) => !seen.has(dedupeKey) && seen.add(dedupeKey));
}

/** Who sends no id sends equal bytes when it tries again. */
export function digestOf(body: Uint8Array): string {
  return `sha256:${hash('sha256', body, 'hex')}`;
}
