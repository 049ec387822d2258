/**
 * PagerDuty's webhooks, version 3. An incident there is one here; what only says who looks at it is
 * left out. https://developer.pagerduty.com/docs/webhooks-overview
 */
import { z } from 'zod';
import { readSeverity } from './labels.ts';
import { readBody, text, time } from './read.ts';
import type { AlertReport, Severity } from './report.ts';

const Named = z.object({ summary: text.nullish() }).nullish();
const Incident = z.object({
  id: text.min(1),
  title: text,
  html_url: text.nullish(),
  status: z.string().nullish(),
  urgency: z.string().nullish(),
  priority: Named,
  service: Named,
});
const Message = z.object({
  event: z.object({
    id: text,
    event_type: z.string(),
    occurred_at: time,
    data: z.unknown(),
  }),
});

/** Of all others only who looks at it, or what they say, is different. */
const EVENTS = new Set([
  'incident.triggered',
  'incident.reopened',
  'incident.priority_updated',
  'incident.resolved',
]);

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readPagerDuty(body: Uint8Array): AlertReport[] {
  const { event } = readBody(Message, body);
  if (!EVENTS.has(event.event_type)) return [];
  const incident = Incident.safeParse(event.data);
  // Version 3 sends other things under names we know only in test messages.
  if (!incident.success) return [];
  const { id, title, html_url: url, status, urgency, priority, service } = incident.data;
  const isResolved = event.event_type === 'incident.resolved' || status === 'resolved';
  return [
    {
      key: [id],
      // Each event of an incident has an id of its own, and a redelivery keeps it.
      moment: [event.id],
      title,
      severity: severityOf(priority?.summary, urgency),
      state: isResolved ? 'resolved' : 'open',
      at: event.occurred_at,
      labels: {},
      service: service?.summary ?? undefined,
      url: url ?? undefined,
    },
  ];
}

/** The organisation's priority, else the urgency, of which there are two. */
function severityOf(
  priority: string | null | undefined,
  urgency: string | null | undefined,
): Severity {
  return readSeverity(priority ?? undefined) ?? (urgency === 'low' ? 'low' : 'high');
}
