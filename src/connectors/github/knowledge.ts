/**
 * GitHub as a source of knowledge: issues, pull requests with their reviews, review comments, deployments.
 * Each is a stream with a place of its own in the cursor; what has not changed costs one request that
 * GitHub answers with 304 and does not count.
 */
import { z } from 'zod';
import type { KnowledgeItem, KnowledgePage, KnowledgeSource } from '#connectors/contract';
import { checkValue, type Clock, systemClock } from '#kernel';
import { createGitHubClient, type GitHubClient, type RepositoryClient } from './client.ts';
import { statusOf } from './failures.ts';
import { toChange, toComment, toDeployment, toReview, toWorkItem } from './knowledge-items.ts';
import * as shape from './knowledge-items.ts';
import { GITHUB } from './naming.ts';

const STREAMS = ['issues', 'pulls', 'comments', 'deployments'] as const;
type Stream = (typeof STREAMS)[number];

const Place = z.object({
  /** Newest `updated_at` (or id of a deployment) that was read to the end. */
  until: z.string().nullable(),
  /** Of the first page of the last reading. */
  etag: z.string().nullable(),
  /** While a reading goes on: the next page, and what `until` and `etag` become when it ends. */
  page: z.number().int(),
  nextUntil: z.string().nullable(),
  nextEtag: z.string().nullable(),
});
type Place = z.infer<typeof Place>;
const Cursor = z.object({
  stream: z.number().int(),
  places: z.record(z.string(), Place),
});
type Cursor = z.infer<typeof Cursor>;

const PER_PAGE = 100;
/** GitHub lists no further; a first reading of more goes on from where it stopped. */
const MAX_PAGES = 1_000;
const START: Place = { until: null, etag: null, page: 1, nextUntil: null, nextEtag: null };

export interface GitHubKnowledgeOptions {
  appId: string;
  privateKey: string;
  apiUrl?: string | undefined;
  timeoutMs?: number | undefined;
  clock?: Clock | undefined;
  /** Shared with the other parts of the connector. */
  client?: GitHubClient | undefined;
}

/** @throws AppError `github.bad_private_key` */
export function createGitHubKnowledge(options: GitHubKnowledgeOptions): KnowledgeSource {
  const client =
    options.client ??
    createGitHubClient({
      appId: options.appId,
      privateKey: options.privateKey,
      apiUrl: options.apiUrl ?? 'https://api.github.com',
      timeoutMs: options.timeoutMs ?? 30_000,
      clock: options.clock ?? systemClock,
    });
  return {
    name: GITHUB,
    sweep: (repository, cursor) => sweep(client, repository, readCursor(cursor)),
    listObjects: (repository) => listObjects(client, repository),
  };
}

/** A cursor of another version, or none, begins anew: reading twice changes nothing. */
function readCursor(text: string | null): Cursor {
  try {
    return Cursor.parse(JSON.parse(text ?? ''));
  } catch {
    return { stream: 0, places: {} };
  }
}

async function sweep(
  client: GitHubClient,
  repository: string,
  cursor: Cursor,
): Promise<KnowledgePage> {
  const stream = STREAMS[cursor.stream] ?? STREAMS[0];
  const place = cursor.places[stream] ?? START;
  const read = await client.call(repository, (at) => readPage(at, repository, stream, place));
  const isLast = read.place.page === 1;
  const next = isLast ? (cursor.stream + 1) % STREAMS.length : cursor.stream;
  const saved: Cursor = { stream: next, places: { ...cursor.places, [stream]: read.place } };
  return {
    items: read.items,
    cursor: JSON.stringify(saved),
    hasMore: !(isLast && next === 0),
  };
}

async function readPage(
  at: RepositoryClient,
  repository: string,
  stream: Stream,
  place: Place,
): Promise<{ items: KnowledgeItem[]; place: Place }> {
  const { octokit, owner, repo } = at;
  const list = await getList(
    octokit,
    listUrl(stream, owner, repo, place),
    place.page === 1 ? place.etag : null,
  );
  if (list === undefined) return { items: [], place: { ...place, page: 1 } };

  const fresh = list.rows.filter((row) => isNewer(stream, row, place.until));
  const items = await toItems(at, repository, stream, fresh);
  const nextUntil = newest(list.rows, place.nextUntil ?? place.until);
  const nextEtag = place.page === 1 ? list.etag : place.nextEtag;
  // Streams that begin with the newest end where the known begins; the others where GitHub has no more.
  const reachedKnown = isNewestFirst(stream) && fresh.length < list.rows.length;
  const isEnd = list.rows.length < PER_PAGE || reachedKnown || place.page >= MAX_PAGES;
  return {
    items,
    place: isEnd
      ? { until: nextUntil, etag: nextEtag, page: 1, nextUntil: null, nextEtag: null }
      : { ...place, page: place.page + 1, nextUntil, nextEtag },
  };
}

async function toItems(
  { octokit, owner, repo }: RepositoryClient,
  repository: string,
  stream: Stream,
  rows: readonly unknown[],
): Promise<KnowledgeItem[]> {
  switch (stream) {
    case 'issues':
      // The list of issues holds pull requests too; those have a stream of their own.
      return rows.flatMap((row) => {
        const issue = check(shape.Issue, row);
        return issue.pull_request === undefined || issue.pull_request === null
          ? [toWorkItem(repository, issue)]
          : [];
      });
    case 'pulls': {
      const items: KnowledgeItem[] = [];
      for (const row of rows) {
        const pull = check(shape.Pull, row);
        items.push(toChange(repository, pull));
        const reviews = await getAll(
          octokit,
          `/repos/${owner}/${repo}/pulls/${pull.number}/reviews`,
        );
        for (const review of reviews) {
          const item = toReview(repository, pull.number, check(shape.Review, review));
          if (item !== undefined) items.push(item);
        }
      }
      return items;
    }
    case 'comments':
      return rows.flatMap((row) => toComment(repository, check(shape.Comment, row)) ?? []);
    case 'deployments':
      return rows.map((row) => toDeployment(repository, check(shape.Deployment, row)));
  }
}

function listUrl(stream: Stream, owner: string, repo: string, { until, page }: Place): string {
  const base = `/repos/${owner}/${repo}`;
  const paging = `per_page=${PER_PAGE}&page=${page}`;
  const since = until === null ? '' : `&since=${encodeURIComponent(until)}`;
  switch (stream) {
    case 'issues':
      return `${base}/issues?state=all&sort=updated&direction=asc&${paging}${since}`;
    case 'pulls':
      return `${base}/pulls?state=all&sort=updated&direction=desc&${paging}`;
    case 'comments':
      return `${base}/pulls/comments?sort=updated&direction=asc&${paging}${since}`;
    case 'deployments':
      return `${base}/deployments?${paging}`;
  }
}

/** Lists without `since` come newest first and are read until something known comes. */
const isNewestFirst = (stream: Stream) => stream === 'pulls' || stream === 'deployments';

const Stamped = z.object({ updated_at: z.string() });

/** What was updated in the very second of the cursor comes again: better twice than never. */
function isNewer(stream: Stream, row: unknown, until: string | null): boolean {
  if (until === null || !isNewestFirst(stream)) return true;
  return check(Stamped, row).updated_at >= until;
}

function newest(rows: readonly unknown[], known: string | null): string | null {
  return rows.reduce<string | null>((latest, row) => {
    const { updated_at: at } = check(Stamped, row);
    return latest === null || at > latest ? at : latest;
  }, known);
}

/** All numbers of issues and pull requests: what is missing was deleted or moved away. */
async function listObjects(
  client: GitHubClient,
  repository: string,
): Promise<{ prefixes: string[]; objects: string[] }> {
  return client.call(repository, async ({ octokit, owner, repo }) => {
    const rows = await getAll(octokit, `/repos/${owner}/${repo}/issues?state=all`);
    const objects = rows.map((row) => {
      const issue = check(shape.Issue, row);
      const isPull = issue.pull_request !== undefined && issue.pull_request !== null;
      return `${isPull ? 'pull' : 'issue'}/${issue.number}`;
    });
    return { prefixes: ['pull/', 'issue/'], objects };
  });
}

type Octokit = RepositoryClient['octokit'];

/** Undefined when nothing changed since the tag was given. */
async function getList(
  octokit: Octokit,
  url: string,
  etag: string | null,
): Promise<{ rows: unknown[]; etag: string | null } | undefined> {
  try {
    const response = await octokit.request(`GET ${url}`, {
      headers: etag === null ? {} : { 'if-none-match': etag },
    });
    return {
      rows: check(z.array(z.unknown()), response.data),
      etag: response.headers.etag ?? null,
    };
  } catch (error) {
    if (statusOf(error) === 304) return undefined;
    throw error;
  }
}

async function getAll(octokit: Octokit, url: string): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let page = 1; page <= MAX_PAGES; page += 1) {
    const separator = url.includes('?') ? '&' : '?';
    const list = await getList(
      octokit,
      `${url}${separator}per_page=${PER_PAGE}&page=${page}`,
      null,
    );
    rows.push(...(list?.rows ?? []));
    if (list === undefined || list.rows.length < PER_PAGE) break;
  }
  return rows;
}

function check<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  return checkValue(schema, value, 'github.unreadable_answer');
}
