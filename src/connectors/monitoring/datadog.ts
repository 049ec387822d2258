/**
 * Datadog's webhooks. What they send is a template of the customer's, so there is one to copy in
 * docs/connectors/monitoring.md; the cycle key names an alert from when it triggers until it recovers.
 * https://docs.datadoghq.com/integrations/webhooks/
 */
import { z } from 'zod';
import { labelsOfTags, readSeverity } from './labels.ts';
import { readBody, text } from './read.ts';
import type { AlertReport, Severity } from './report.ts';

const Message = z.object({
  alert_cycle_key: text.min(1),
  transition: z.string(),
  title: text,
  /** `P1` to `P5`, or empty. */
  priority: z.string().nullish(),
  /** `error`, `warning`, `success`, `info`. */
  alert_type: z.string().nullish(),
  tags: text.nullish(),
  link: text.nullish(),
  /** Milliseconds since the epoch. */
  date: z.coerce.number().int().min(0).max(8.64e15),
});

const STATES: ReadonlyMap<string, AlertReport['state']> = new Map<string, AlertReport['state']>([
  ['triggered', 'open'],
  ['re-triggered', 'open'],
  ['warn', 'open'],
  ['re-warn', 'open'],
  ['no data', 'open'],
  ['re-no data', 'open'],
  ['recovered', 'resolved'],
  ['no data recovered', 'resolved'],
  ['warn recovered', 'resolved'],
]);

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readDatadog(body: Uint8Array): AlertReport[] {
  const message = readBody(Message, body);
  const transition = message.transition.trim().toLowerCase();
  const state = STATES.get(transition);
  if (state === undefined) return [];
  const tags = (message.tags ?? '').split(',').map((tag) => tag.trim());
  return [
    {
      key: [message.alert_cycle_key],
      moment: [transition, message.date],
      // Titles begin with the transition, which would make one alert look like several.
      title: message.title.replace(/^\[(?:[A-Za-z- ]+)(?: on \{[^}]*\})?\] */, ''),
      severity: severityOf(message, transition),
      state,
      at: new Date(message.date),
      labels: labelsOfTags(tags),
      url: message.link ?? undefined,
    },
  ];
}

function severityOf(
  { priority, alert_type: type }: z.infer<typeof Message>,
  transition: string,
): Severity {
  const stated = readSeverity(priority ?? undefined);
  if (stated !== undefined) return stated;
  return transition.includes('warn') ? 'medium' : (readSeverity(type ?? undefined) ?? 'high');
}
