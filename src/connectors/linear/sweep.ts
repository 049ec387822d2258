/** Reads the issues that changed since the last reading: the truth behind the webhooks. */
import { z } from 'zod';
import { type Clock, decodeCursor } from '#kernel';
import type { SignalSweep } from '#connectors/contract';
import type { LinearClient } from './client.ts';
import { Issue } from './events.ts';
import { commentsOf, issueSignal, type LinearPlaces } from './signals.ts';

/** How far back the first reading goes. */
const FIRST_MS = 30 * 24 * 3_600_000;
/** Readings overlap, because a transaction there may end after a later one. */
const OVERLAP_MS = 2 * 60_000;
const SCOPE = 'issues';

const Cursor = z.object({
  /** Changed after this. */
  since: z.iso.datetime(),
  /** When this reading began: the next one starts there. */
  began: z.iso.datetime(),
  after: z.string().nullable(),
});

const ISSUE_FIELDS = `id identifier title description priority url updatedAt completedAt canceledAt archivedAt
  team { key } state { name type } labels(first: 50) { nodes { name } }
  creator { id name email } assignee { id name email }
  comments(first: 50) { nodes { id body createdAt updatedAt user { id name email } } }`;

/** By creation, so that an issue that changes meanwhile moves no page; it comes with the next reading. */
const QUERY = `query Issues($since: DateTimeOrDuration!, $after: String) {
  issues(first: 50, after: $after, filter: { updatedAt: { gt: $since } }) {
    nodes { ${ISSUE_FIELDS} } pageInfo { hasNextPage endCursor } } }`;

const Page = z.object({
  issues: z.object({
    nodes: z.array(Issue),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() }),
  }),
});

export function createLinearSweep(
  linear: LinearClient,
  options: { places: LinearPlaces; clock: Clock },
): SignalSweep {
  const { places, clock } = options;
  return {
    listScopes: async () => [SCOPE],

    async sweep(_scope, cursor) {
      const now = clock.now();
      const began = now.toISOString();
      const at =
        cursor === null
          ? { since: new Date(now.getTime() - FIRST_MS).toISOString(), began, after: null }
          : continueAt(decodeCursor(Cursor, cursor), began);
      const { issues } = await linear.query(QUERY, { since: at.since, after: at.after }, Page);
      const { hasNextPage, endCursor } = issues.pageInfo;
      const next = { ...at, after: hasNextPage ? (endCursor ?? null) : null };
      return {
        deliveries: issues.nodes.map((issue) => ({
          deliveryId: `sweep:${issue.id}:${issue.updatedAt.toISOString()}`,
          signals: [issueSignal(issue, places), ...commentsOf(issue, places)],
        })),
        cursor: Buffer.from(JSON.stringify(next)).toString('base64url'),
        hasMore: next.after !== null,
      };
    },
  };
}

/** A reading that was not over goes on; after one that was, the next begins. */
function continueAt(at: z.infer<typeof Cursor>, began: string): z.infer<typeof Cursor> {
  if (at.after !== null) return at;
  const since = new Date(new Date(at.began).getTime() - OVERLAP_MS).toISOString();
  return { since, began, after: null };
}
