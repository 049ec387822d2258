/** Alerts in our own plain form, for whatever can post JSON: one of them, or a list. */
import { z } from 'zod';
import { isRepository } from './labels.ts';
import { labels, readBody, text, time } from './read.ts';
import type { AlertReport } from './report.ts';

const Alert = z.object({
  key: text.min(1),
  title: text.min(1),
  state: z.enum(['open', 'resolved']),
  severity: z.enum(['low', 'medium', 'high', 'critical']).optional(),
  repository: z.string().refine(isRepository, 'is not owner/name').optional(),
  service: z.string().min(1).max(200).optional(),
  url: z.url().max(2_000).optional(),
  occurredAt: time,
  labels,
});
const Message = z.union([z.array(Alert).min(1).max(1_000), Alert.transform((alert) => [alert])]);

/** @throws AppError `monitoring.unreadable_delivery`. */
export function readAlerts(body: Uint8Array): AlertReport[] {
  return readBody(Message, body).map(({ key, occurredAt, ...alert }) => ({
    ...alert,
    key: [key],
    moment: [occurredAt.getTime()],
    at: occurredAt,
  }));
}
