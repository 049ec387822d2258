/** What Confluence answers, as far as we use it: version 2 of the Cloud's API, and the older one of both. */
import { z } from 'zod';

export const Space = z.object({ id: z.coerce.string(), key: z.string(), name: z.string() });
export const Spaces = z.object({ results: z.array(Space) });

/** A page of version 2. */
export const CloudPage = z.object({
  id: z.string(),
  status: z.string(),
  title: z.string(),
  authorId: z.string().nullish(),
  ownerId: z.string().nullish(),
  version: z.object({ number: z.int(), createdAt: z.coerce.date() }),
  body: z.object({ storage: z.object({ value: z.string() }).nullish() }).nullish(),
  _links: z.object({ webui: z.string() }),
});
export type CloudPage = z.infer<typeof CloudPage>;
export const CloudPages = z.object({
  results: z.array(CloudPage),
  _links: z.object({ next: z.string().optional() }),
});

export const Users = z.object({
  results: z.array(
    z.object({ accountId: z.string(), displayName: z.string(), email: z.string().nullish() }),
  ),
});

const User = z.object({
  /** Cloud. */
  accountId: z.string().nullish(),
  /** Data Center. */
  username: z.string().nullish(),
  email: z.string().nullish(),
  displayName: z.string().nullish(),
});

/** Content of the older API, which alone tells who may read it. */
export const Content = z.object({
  id: z.coerce.string(),
  status: z.string().default('current'),
  title: z.string(),
  version: z.object({ number: z.int(), when: z.coerce.date(), by: User.nullish() }).optional(),
  history: z.object({ createdBy: User.nullish() }).optional(),
  ancestors: z.array(z.object({ id: z.coerce.string(), title: z.string() })).optional(),
  restrictions: z
    .object({
      read: z.object({
        restrictions: z.object({
          user: z.object({ results: z.array(User), size: z.int().optional() }),
          group: z.object({
            results: z.array(z.object({ name: z.string() })),
            size: z.int().optional(),
          }),
        }),
      }),
    })
    .optional(),
  body: z.object({ storage: z.object({ value: z.string() }) }).optional(),
  _links: z.object({ webui: z.string().optional() }).default({}),
});
export type Content = z.infer<typeof Content>;
export const Contents = z.object({
  results: z.array(Content),
  start: z.int().optional(),
  size: z.int().optional(),
  _links: z.object({ next: z.string().optional() }).default({}),
});
