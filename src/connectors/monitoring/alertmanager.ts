/**
 * Alertmanager's webhook, version 4, and Grafana's, which took its form. Each alert of a group is an
 * incident of its own: fingerprint and startsAt name it, so that a group that changes its members
 * neither opens an incident twice nor closes one too early.
 * https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { z } from 'zod';
import type { AlertReport } from './report.ts';
import { labels, readBody, text, time } from './read.ts';

const Alert = z.object({
  status: z.enum(['firing', 'resolved']),
  labels,
  annotations: labels,
  startsAt: time,
  endsAt: time.nullish(),
  generatorURL: text.nullish(),
  /** Grafana's own, which say more than the generator. */
  panelURL: text.nullish(),
  dashboardURL: text.nullish(),
  fingerprint: text.min(1),
});
const Notification = z.object({ alerts: z.array(Alert).max(10_000) });

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readAlertmanager(body: Uint8Array): AlertReport[] {
  return readBody(Notification, body).alerts.map((alert) => {
    const { annotations, startsAt } = alert;
    const isResolved = alert.status === 'resolved';
    const summary = annotations['summary'] ?? annotations['message'] ?? annotations['description'];
    return {
      key: [alert.fingerprint, startsAt.getTime()],
      moment: [],
      title: [alert.labels['alertname'], summary].filter(Boolean).join(': '),
      state: isResolved ? 'resolved' : 'open',
      // An alert that still fires has an end in the past or the future that means nothing.
      at: isResolved ? (alert.endsAt ?? startsAt) : startsAt,
      labels: alert.labels,
      url:
        annotations['runbook_url'] ||
        alert.panelURL ||
        alert.dashboardURL ||
        alert.generatorURL ||
        undefined,
    };
  });
}
