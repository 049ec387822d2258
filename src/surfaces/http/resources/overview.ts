/** `/v1/overview`: the whole organisation at a glance. */
import { z } from 'zod';
import type { Page, PageRequest } from '#kernel';
import type { LedgerEvent as Event } from '#ledger';
import type { Change, Run } from '#orchestration';
import type { Incident } from '#observability';
import type { Services } from '../../services.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { LedgerEvent } from '../schemas.ts';
import { visibleTo } from '../visible-events.ts';

const PAGE = 200;
/** Rows read for one figure; the lists themselves go further. */
const MAX_ROWS = 2_000;
const SHOWN = 20;
/** Lanes in which nobody has to be asked. */
const ALONE: ReadonlySet<string> = new Set(['ship', 'ship-and-watch']);

const Attention = named(
  'Attention',
  z.object({
    kind: z.enum(['change-waits', 'run-failed', 'incident-open']),
    title: z.string(),
    /** Id of what needs it. */
    ref: z.string(),
    at: z.date(),
  }),
);
type Attention = z.infer<typeof Attention>;

const count = z.int().nonnegative();

export function overviewRoutes(services: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/overview',
      access: 'changes:read',
      tag: 'overview',
      summary: 'Overview',
      description: `Figures of the whole organisation and what needs a person now. Each figure counts at most ${MAX_ROWS} rows.`,
      answer: z.object({
        repositories: count,
        changes: z.object({ open: count, shippedAlone: count, waiting: count, merged: count }),
        sessions: z.object({ active: count }),
        claims: z.object({ held: count, denied: count }),
        runs: z.object({ running: count, failed: count }),
        audit: z.object({ size: count, checkpointAt: z.date().nullable() }),
        attention: z.array(Attention),
        latestEvents: z.array(LedgerEvent),
      }),
      handle: ({ principal }) => readOverview(services, visibleTo(services.governance, principal)),
    }),
  ];
}

async function readOverview(services: Services, isVisible: (event: Event) => boolean) {
  const { context, changes, sessions, claims, workflows, observability, ledger, transparencyLog } =
    services;
  const [
    repositories,
    open,
    merged,
    active,
    held,
    denied,
    running,
    failed,
    incidents,
    events,
    head,
    checkpoint,
  ] = await Promise.all([
    readAll((page) => context.listRepositories(page)),
    readAll((page) => changes.list({ ...page, state: 'open' })),
    readAll((page) => changes.list({ ...page, state: 'merged' })),
    readAll((page) => sessions.list({ ...page, state: 'active' })),
    readAll((page) => claims.list({ ...page, state: 'held' })),
    readAll((page) => ledger.list({ ...page, type: 'claim.denied' })),
    readAll((page) => workflows.list({ ...page, state: 'running' })),
    readAll((page) => workflows.list({ ...page, state: 'failed' })),
    observability.listIncidents({ state: 'open', limit: SHOWN }),
    ledger.list({ order: 'newest', limit: PAGE }),
    ledger.head(),
    transparencyLog.checkpoint(),
  ]);
  const waiting = open.filter(({ lane }) => lane !== null && !ALONE.has(lane));
  return {
    repositories: repositories.length,
    changes: {
      open: open.length,
      shippedAlone: merged.filter(({ lane }) => lane !== null && ALONE.has(lane)).length,
      waiting: waiting.length,
      merged: merged.length,
    },
    sessions: { active: active.length },
    claims: { held: held.length, denied: denied.length },
    runs: { running: running.length, failed: failed.length },
    audit: { size: head + 1, checkpointAt: checkpoint?.signedAt ?? null },
    attention: listAttention(waiting, failed, incidents.items),
    latestEvents: events.items.filter(isVisible).slice(0, SHOWN),
  };
}

/** What a person should look at, the longest waiting first. */
function listAttention(
  waiting: readonly Change[],
  failed: readonly Run[],
  incidents: readonly Incident[],
): Attention[] {
  return [
    ...waiting.map(({ id, title, lane, updatedAt }) => ({
      kind: 'change-waits' as const,
      title: `${title} (${lane})`,
      ref: id,
      at: updatedAt,
    })),
    ...failed.map(({ id, title, endedAt, createdAt }) => ({
      kind: 'run-failed' as const,
      title,
      ref: id,
      at: endedAt ?? createdAt,
    })),
    ...incidents.map(({ id, title, detectedAt }) => ({
      kind: 'incident-open' as const,
      title,
      ref: id,
      at: detectedAt,
    })),
  ]
    .sort((a, b) => a.at.getTime() - b.at.getTime())
    .slice(0, SHOWN);
}

async function readAll<Item>(read: (page: PageRequest) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await read({ limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && items.length < MAX_ROWS);
  return items;
}
