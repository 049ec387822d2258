/**
 * What we read of Linear's webhooks and answers; everything else is left alone.
 * https://linear.app/developers/webhooks, https://linear.app/developers/agent-interaction
 */
import { z } from 'zod';

const text = z.string().max(1_000_000);
const id = z.string().min(1).max(100);
const time = z.iso.datetime({ offset: true }).transform((given) => new Date(given));
export const User = z
  .object({ id: id.nullish(), name: text.nullish(), email: text.nullish() })
  .nullish();

export const Comment = z.object({
  id,
  body: text,
  createdAt: time.nullish(),
  updatedAt: time,
  url: text.nullish(),
  user: User,
  /** There when a program wrote it in somebody's stead. */
  botActor: z.object({ name: text.nullish() }).nullish(),
  issue: z
    .object({ identifier: z.string().max(100).nullish(), team: z.object({ key: text }).nullish() })
    .nullish(),
});
export type Comment = z.infer<typeof Comment>;

export const Issue = z.object({
  id,
  identifier: z.string().min(1).max(100),
  title: text,
  description: text.nullish(),
  /** 0 none, 1 urgent, 2 high, 3 normal, 4 low. */
  priority: z.number().nullish(),
  url: text.nullish(),
  updatedAt: time,
  completedAt: z.unknown().optional(),
  canceledAt: z.unknown().optional(),
  archivedAt: z.unknown().optional(),
  team: z.object({ key: text }).nullish(),
  state: z.object({ name: text, type: text }).nullish(),
  /** A list in webhooks, a connection in answers. */
  labels: z
    .union([
      z.array(z.object({ name: text })),
      z.object({ nodes: z.array(z.object({ name: text })) }),
    ])
    .nullish()
    .transform((given) =>
      (Array.isArray(given) ? given : (given?.nodes ?? [])).map(({ name }) => name),
    ),
  creator: User,
  assignee: User,
  /** There in answers that ask for them. */
  comments: z
    .object({ nodes: z.array(z.unknown()) })
    .nullish()
    .catch(null),
});
export type Issue = z.infer<typeof Issue>;

export const Envelope = z.looseObject({
  type: z.string().max(100),
  action: z.string().max(100),
  webhookTimestamp: z.number(),
  data: z.unknown().optional(),
  /** Address of what it is about. */
  url: text.nullish().catch(null),
  agentSession: z.unknown().optional(),
  agentActivity: z.unknown().optional(),
});

/** What somebody wrote to us in a session that goes on. */
export const Prompt = z.object({
  id,
  createdAt: time.nullish(),
  content: z.object({ type: z.literal('prompt'), body: text }),
  user: User,
});

/** The issue of a session lacks what does not concern an agent. */
export const AgentSession = z.object({
  id,
  createdAt: time.nullish(),
  url: text.nullish(),
  creator: User,
  issue: z
    .object({
      id,
      identifier: z.string().min(1).max(100),
      title: text,
      description: text.nullish(),
      url: text.nullish(),
      team: z.object({ key: text }).nullish(),
    })
    .nullish(),
});
