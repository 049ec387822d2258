/**
 * Deliveries that never arrived. GitHub keeps what it sent for three days and says how we answered; what
 * failed is read from there and taken in under its own delivery id, so one that arrived after all is not
 * taken twice.
 */
import { z } from 'zod';
import type { SignalPage, SignalSource, SignalSweep, SweptDelivery } from '#connectors/contract';
import { AppError, type Clock } from '#kernel';
import type { GitHubClient } from './client.ts';

const PER_PAGE = 100;
/** At most so many pages back; a busier App than this reads the rest with the knowledge sweep. */
const MAX_PAGES = 50;
/** The list is read a little further back than last time: a delivery may fail minutes after it began. */
const OVERLAP_MS = 15 * 60_000;
const KEPT_MS = 3 * 24 * 3_600_000;

const Cursor = z.object({ until: z.iso.datetime() });

interface Row {
  id: number;
  guid: string;
  deliveredAt: Date;
  isDelivered: boolean;
}

export function createGitHubSweep(deps: {
  client: GitHubClient;
  source: SignalSource;
  clock: Clock;
}): SignalSweep {
  const { client, source, clock } = deps;

  async function read(id: number): Promise<SweptDelivery | undefined> {
    const { data } = await client.callApp((octokit) =>
      octokit.rest.apps.getWebhookDelivery({ delivery_id: id }),
    );
    const body = Buffer.from(JSON.stringify(data.request.payload ?? {}));
    const headers = { 'x-github-event': data.event, 'x-github-delivery': data.guid };
    try {
      return { deliveryId: data.guid, signals: source.toSignals({ headers, body }) };
    } catch (error) {
      // One that cannot be read would be read in vain for three days.
      if (error instanceof AppError && error.kind === 'invalid') return undefined;
      throw error;
    }
  }

  return {
    listScopes: () => Promise.resolve(['deliveries']),
    async sweep(_scope, cursor): Promise<SignalPage> {
      const since = readCursor(cursor, clock.now());
      const rows = await listSince(client, new Date(since.getTime() - OVERLAP_MS));
      const arrived = new Set(
        rows.filter(({ isDelivered }) => isDelivered).map(({ guid }) => guid),
      );
      const lost = new Map(
        rows.filter(({ guid }) => !arrived.has(guid)).map(({ guid, id }) => [guid, id]),
      );
      const deliveries: SweptDelivery[] = [];
      for (const id of lost.values()) {
        const delivery = await read(id);
        if (delivery !== undefined) deliveries.push(delivery);
      }
      const newest = rows.reduce((at, row) => (row.deliveredAt > at ? row.deliveredAt : at), since);
      // In the order they happened: the list begins with the newest.
      return {
        deliveries: deliveries.reverse(),
        cursor: JSON.stringify({ until: newest.toISOString() }),
        hasMore: false,
      };
    },
  };
}

function readCursor(text: string | null, now: Date): Date {
  const oldest = new Date(now.getTime() - KEPT_MS);
  if (text === null) return oldest;
  const { until } = Cursor.parse(JSON.parse(text));
  return new Date(Math.max(Date.parse(until), oldest.getTime()));
}

async function listSince(client: GitHubClient, since: Date): Promise<Row[]> {
  const rows: Row[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const { data, headers } = await client.callApp((octokit) =>
      octokit.rest.apps.listWebhookDeliveries({
        per_page: PER_PAGE,
        ...(cursor === undefined ? {} : { cursor }),
      }),
    );
    const read = data.map((row) => ({
      id: row.id,
      guid: row.guid,
      deliveredAt: new Date(row.delivered_at),
      isDelivered: row.status_code >= 200 && row.status_code < 300,
    }));
    rows.push(...read.filter(({ deliveredAt }) => deliveredAt >= since));
    cursor = /[?&]cursor=([^&>]+)[^>]*>; rel="next"/.exec(headers.link ?? '')?.[1];
    if (read.length < PER_PAGE || rows.length < (page + 1) * PER_PAGE || cursor === undefined)
      break;
  }
  return rows;
}
