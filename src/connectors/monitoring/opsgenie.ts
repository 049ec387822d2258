/**
 * Opsgenie's outgoing webhook, which Jira Service Management and several others send too.
 * https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
 */
import { z } from 'zod';
import { labelsOfTags, readSeverity } from './labels.ts';
import { readBody, text } from './read.ts';
import type { AlertReport } from './report.ts';

const milliseconds = z.number().int().min(0).max(8.64e15);
const Message = z.object({
  action: z.string(),
  alert: z.object({
    alertId: text.min(1),
    message: text.nullish(),
    priority: z.string().nullish(),
    tags: z.array(z.string()).nullish(),
    entity: text.nullish(),
    createdAt: milliseconds.nullish(),
    updatedAt: z.number().min(0).nullish(),
  }),
});

const STATES: ReadonlyMap<string, AlertReport['state']> = new Map<string, AlertReport['state']>([
  ['create', 'open'],
  ['close', 'resolved'],
  ['delete', 'resolved'],
]);

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readOpsgenie(body: Uint8Array): AlertReport[] {
  const { action, alert } = readBody(Message, body);
  const state = STATES.get(action.toLowerCase());
  if (state === undefined) return [];
  const at = momentOf(alert.updatedAt) ?? alert.createdAt ?? 0;
  return [
    {
      key: [alert.alertId],
      moment: [action.toLowerCase(), at],
      title: alert.message ?? `Alert ${alert.alertId}`,
      severity: readSeverity(alert.priority ?? undefined),
      state,
      at: new Date(at),
      labels: labelsOfTags(alert.tags ?? []),
      service: alert.entity || undefined,
    },
  ];
}

/** `updatedAt` is in nanoseconds where `createdAt` is in milliseconds. */
function momentOf(updatedAt: number | null | undefined): number | undefined {
  if (updatedAt == null) return undefined;
  return Math.floor(updatedAt > 8.64e15 ? updatedAt / 1_000_000 : updatedAt);
}
