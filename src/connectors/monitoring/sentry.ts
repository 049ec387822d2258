/**
 * Sentry's integration webhooks: a new issue of level error or worse, an alert rule that fired, and a
 * metric alert are incidents. https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
 */
import { z } from 'zod';
import type { Delivery } from '#connectors/contract';
import { labels, labelsOf } from './sentry-tags.ts';
import { readSeverity } from './labels.ts';
import { readBody, text, time } from './read.ts';
import type { AlertReport } from './report.ts';

const id = z.union([z.string().min(1), z.number()]).transform(String);
const Project = z.object({ slug: text.nullish() }).nullish();

const IssueEvent = z.object({
  action: z.string(),
  data: z.object({
    issue: z.object({
      id,
      title: text,
      culprit: text.nullish(),
      level: z.string().nullish(),
      project: Project,
      web_url: text.nullish(),
      permalink: text.nullish(),
      firstSeen: time,
      lastSeen: time.nullish(),
    }),
  }),
});

const EventAlert = z.object({
  action: z.string(),
  data: z.object({
    triggered_rule: text.nullish(),
    event: z.object({
      event_id: text.min(1),
      issue_id: id.nullish(),
      title: text,
      level: z.string().nullish(),
      web_url: text.nullish(),
      datetime: time.nullish(),
      tags: labels,
    }),
  }),
});

const MetricAlert = z.object({
  action: z.string(),
  data: z.object({
    description_title: text.nullish(),
    web_url: text.nullish(),
    metric_alert: z.object({
      id,
      title: text.nullish(),
      projects: z.array(z.string()).nullish(),
      date_started: time,
      date_closed: time.nullish(),
    }),
  }),
});

const OPENING = new Set(['created', 'unresolved']);
const CLOSING = new Set(['resolved', 'archived', 'ignored']);

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readSentry(body: Uint8Array, headers: Delivery['headers']): AlertReport[] {
  const sentAt = momentOf(headers);
  switch (headers['sentry-hook-resource']) {
    case 'issue':
      return readIssue(body, sentAt);
    case 'event_alert':
      return readEventAlert(body, sentAt);
    case 'metric_alert':
      return readMetricAlert(body);
    default:
      return [];
  }
}

function readIssue(body: Uint8Array, sentAt: Date | undefined): AlertReport[] {
  const { action, data } = readBody(IssueEvent, body);
  const { issue } = data;
  const severity = readSeverity(issue.level ?? undefined) ?? 'high';
  const isOpening = OPENING.has(action) && (severity === 'high' || severity === 'critical');
  if (!isOpening && !CLOSING.has(action)) return [];
  const at = action === 'created' ? issue.firstSeen : (sentAt ?? issue.lastSeen ?? issue.firstSeen);
  return [
    {
      key: ['issue', issue.id],
      moment: [action, Math.floor(at.getTime() / 1_000)],
      title: issue.title,
      severity,
      state: isOpening ? 'open' : 'resolved',
      at,
      labels: {},
      service: issue.project?.slug ?? undefined,
      url: issue.web_url ?? issue.permalink ?? undefined,
    },
  ];
}

function readEventAlert(body: Uint8Array, sentAt: Date | undefined): AlertReport[] {
  const { action, data } = readBody(EventAlert, body);
  const { event, triggered_rule: rule } = data;
  if (action !== 'triggered') return [];
  return [
    {
      // The rule fires for events of an issue, so it meets the incident of that issue.
      key: event.issue_id == null ? ['event', event.event_id] : ['issue', event.issue_id],
      moment: ['alert', event.event_id],
      title: rule ? `${event.title} (${rule})` : event.title,
      severity: readSeverity(event.level ?? undefined) ?? 'high',
      state: 'open',
      at: event.datetime ?? sentAt ?? new Date(0),
      labels: labelsOf(event.tags),
      url: event.web_url ?? undefined,
    },
  ];
}

function readMetricAlert(body: Uint8Array): AlertReport[] {
  const { action, data } = readBody(MetricAlert, body);
  const { metric_alert: alert } = data;
  if (action !== 'critical' && action !== 'warning' && action !== 'resolved') return [];
  const isResolved = action === 'resolved';
  return [
    {
      key: ['metric', alert.id],
      moment: [action],
      title: data.description_title ?? alert.title ?? `Metric alert ${alert.id}`,
      severity: action === 'warning' ? 'medium' : 'high',
      state: isResolved ? 'resolved' : 'open',
      at: isResolved ? (alert.date_closed ?? alert.date_started) : alert.date_started,
      labels: {},
      service: alert.projects?.[0],
      url: data.web_url ?? undefined,
    },
  ];
}

/** Seconds since the epoch. The signature does not cover it, so it only dates, it proves nothing. */
function momentOf(headers: Delivery['headers']): Date | undefined {
  const given = headers['sentry-hook-timestamp'] ?? '';
  return /^\d{9,11}$/.test(given) ? new Date(Number(given) * 1_000) : undefined;
}
