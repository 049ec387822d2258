/**
 * What we read of Jira's webhooks and answers (REST API version 2, which Cloud and Data Center share).
 * https://developer.atlassian.com/server/jira/platform/webhooks/
 */
import { z } from 'zod';

const text = z.string().max(1_000_000);
/** `2026-11-20T09:59:00.000+0000`, or with a colon, or milliseconds since the epoch. */
const time = z
  .union([z.string().max(40), z.number()])
  .transform((given) =>
    typeof given === 'number' ? given : Date.parse(given.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')),
  )
  .refine((given) => Number.isFinite(given) && Math.abs(given) <= 8.64e15, 'is no time')
  .transform((given) => new Date(given));

/** Cloud knows people by `accountId`, Data Center by `name`. */
export const User = z
  .object({
    accountId: text.nullish(),
    name: text.nullish(),
    displayName: text.nullish(),
    emailAddress: text.nullish(),
  })
  .nullish();

export const Issue = z.object({
  id: z.union([z.string().min(1).max(100), z.number()]).transform(String),
  key: z.string().regex(/^[A-Z][A-Z0-9_]{0,50}-\d{1,10}$/, 'is no key of an issue'),
  fields: z.object({
    summary: text,
    /** Wiki text in version 2; where it is a document of version 3, it is left out. */
    description: z.union([text, z.unknown().transform(() => null)]).optional(),
    labels: z.array(text).nullish(),
    priority: z.object({ name: text }).nullish(),
    status: z.object({
      name: text,
      statusCategory: z.object({ key: text }).nullish(),
    }),
    creator: User,
    reporter: User,
    assignee: User,
    updated: time,
    /** Where it was asked for; of very long talks only the first. */
    comment: z
      .object({ comments: z.array(z.unknown()) })
      .nullish()
      .catch(null),
  }),
});
export type Issue = z.infer<typeof Issue>;

export const Comment = z.object({
  id: z.union([z.string().min(1).max(100), z.number()]).transform(String),
  /** Wiki text in version 2; a document of version 3 is left out. */
  body: z.union([text, z.unknown().transform(() => '')]).optional(),
  author: User,
  created: time,
  updated: time.nullish(),
});
export type Comment = z.infer<typeof Comment>;

/** The issue of a comment comes with few of its fields, and from old servers not at all. */
export const CommentedIssue = z.object({ key: Issue.shape.key });

export const WebhookEvent = z.looseObject({
  webhookEvent: z.string().max(100),
  timestamp: z.number().optional(),
  issue: z.unknown().optional(),
  comment: z.unknown().optional(),
});
