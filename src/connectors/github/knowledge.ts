/**
 * GitHub as a source of knowledge: issues, pull requests with their reviews and files, comments,
 * deployments. Each is a stream with a place of its own in the cursor. A first reading, and one after a
 * gap, goes by GraphQL in batches; later ones by REST, where what has not changed costs one request that
 * GitHub answers with 304 and does not count. Whatever GraphQL cannot do is read by REST.
 */
import { z } from 'zod';
import type { KnowledgeItem, KnowledgePage, KnowledgeSource } from '#connectors/contract';
import { checkValue, type Clock, systemClock } from '#kernel';
import { createGitHubClient, type GitHubClient, type RepositoryClient } from './client.ts';
import { statusOf } from './failures.ts';
import {
  createGraphReader,
  type GraphReader,
  GraphQLUnusable,
  LARGEST_PAGE,
} from './graph-sweep.ts';
import { type GraphStream, PAGE_DOCUMENTS } from './graph-documents.ts';
import {
  toChange,
  toChangedFiles,
  toComment,
  toDeployment,
  toReview,
  toTalk,
  toWorkItem,
} from './knowledge-items.ts';
import * as shape from './knowledge-items.ts';
import { GITHUB } from './naming.ts';

/** In this order; comments come last, because GraphQL gives those of what it reads. */
const STREAMS = ['issues', 'pulls', 'comments', 'deployments', 'talk'] as const;
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
  /** While a reading by GraphQL goes on: where its next page begins. */
  after: z.string().nullable().default(null),
  isGraph: z.boolean().default(false),
});
type Place = z.infer<typeof Place>;
const Cursor = z.object({
  stream: z.number().int(),
  places: z.record(z.string(), Place),
  /** Objects per page that GraphQL could answer in time. */
  size: z.int().min(1).max(LARGEST_PAGE).default(LARGEST_PAGE),
  /** When all streams were last read to their ends. */
  sweptAt: z.iso.datetime().nullable().default(null),
  /** GraphQL did not do: until then it is not asked again, and why. */
  restUntil: z.iso.datetime().nullable().default(null),
  restWhy: z.string().max(300).nullable().default(null),
});
type Cursor = z.infer<typeof Cursor>;

const PER_PAGE = 100;
/** GitHub lists no further; a first reading of more goes on from where it stopped. */
const MAX_PAGES = 1_000;
const START: Place = {
  until: null,
  etag: null,
  page: 1,
  nextUntil: null,
  nextEtag: null,
  after: null,
  isGraph: false,
};
/** After so long without a whole sweep, much has changed and batches are worth their cost. */
const GAP_MS = 6 * 3_600_000;
const ASK_GRAPHQL_AGAIN_MS = 6 * 3_600_000;
const MAX_FILES = 300;

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
  const clock = options.clock ?? systemClock;
  const graph = createGraphReader(clock);
  return {
    name: GITHUB,
    sweep: (repository, cursor) =>
      sweep({ client, graph, now: clock.now() }, repository, readCursor(cursor)),
    listObjects: (repository) => listObjects(client, repository),
  };
}

/** A cursor of another version, or none, begins anew: reading twice changes nothing. */
function readCursor(text: string | null): Cursor {
  try {
    return Cursor.parse(JSON.parse(text ?? ''));
  } catch {
    return Cursor.parse({ stream: 0, places: {} });
  }
}

interface Read {
  items: KnowledgeItem[];
  place: Place;
  isEnd: boolean;
  total?: number | undefined;
}
interface Tools {
  client: GitHubClient;
  graph: GraphReader;
  now: Date;
}

async function sweep(
  { client, graph, now }: Tools,
  repository: string,
  cursor: Cursor,
): Promise<KnowledgePage> {
  const stream = STREAMS[cursor.stream] ?? STREAMS[0];
  const place = cursor.places[stream] ?? START;
  const saved: Cursor = { ...cursor, places: { ...cursor.places } };
  const { read, via } = await client.call(repository, async (at) => {
    if (isGraphStream(stream) && isForGraph(cursor, place, now)) {
      try {
        const page = await readByGraph(at, graph, repository, stream, { place, size: cursor.size });
        Object.assign(saved, { size: page.size, restUntil: null, restWhy: null });
        return { read: page, via: 'graphql' as const };
      } catch (error) {
        if (!(error instanceof GraphQLUnusable)) throw error;
        saved.restUntil = new Date(now.getTime() + ASK_GRAPHQL_AGAIN_MS).toISOString();
        saved.restWhy = error.message;
      }
    }
    // A reading that GraphQL began is begun anew: its pages are not those of REST.
    const from = place.isGraph ? { ...START, until: place.until, etag: place.etag } : place;
    return { read: await readPage(at, repository, stream, from), via: 'rest' as const };
  });
  saved.places[stream] = read.place;
  if (read.isEnd && via === 'graphql') skipToldComments(saved.places);
  const next = read.isEnd ? (cursor.stream + 1) % STREAMS.length : cursor.stream;
  const isDone = read.isEnd && next === 0;
  saved.stream = next;
  if (isDone) saved.sweptAt = now.toISOString();
  return {
    items: read.items,
    cursor: JSON.stringify(saved),
    hasMore: !isDone,
    progress: {
      stream,
      via,
      ...(via === 'rest' && saved.restWhy !== null ? { why: saved.restWhy } : {}),
      total: read.total,
    },
  };
}

const isGraphStream = (stream: Stream): stream is GraphStream =>
  Object.hasOwn(PAGE_DOCUMENTS, stream);

function isForGraph(cursor: Cursor, place: Place, now: Date): boolean {
  if (cursor.restUntil !== null && Date.parse(cursor.restUntil) > now.getTime()) return false;
  if (place.isGraph || (place.until === null && place.page === 1)) return true;
  const isGap = cursor.sweptAt === null || now.getTime() - Date.parse(cursor.sweptAt) > GAP_MS;
  return isGap && place.page === 1 && place.until !== null;
}

async function readByGraph(
  at: RepositoryClient,
  graph: GraphReader,
  repository: string,
  stream: GraphStream,
  { place, size }: { place: Place; size: number },
): Promise<Read & { size: number }> {
  const from = place.isGraph ? place.after : null;
  const page = await graph.readPage(at, repository, stream, {
    after: from,
    size,
    until: place.until,
  });
  const { until } = place;
  const nextUntil = page.updatedAt.reduce<string | null>(
    (latest, one) => (latest === null || one > latest ? one : latest),
    place.nextUntil ?? until,
  );
  // The newest come first: what is older than the known ends the reading.
  const reachedKnown = until !== null && page.updatedAt.some((one) => one < until);
  const isEnd = page.after === null || reachedKnown;
  return {
    items: page.items,
    isEnd,
    total: page.total,
    // What was read in one go may be asked for in larger pages again.
    size: Math.min(LARGEST_PAGE, page.size < size ? page.size : page.size + 1),
    place: isEnd
      ? { ...START, until: nextUntil }
      : { ...START, until, nextUntil, after: page.after, isGraph: true },
  };
}

/**
 * GraphQL gave the comments with what they are on, as of the moment each page was read, which is after the
 * newest change that was known when its reading began. The lists of comments begin there.
 */
function skipToldComments(places: Record<string, Place>): void {
  const pulls = places['pulls']?.until ?? null;
  const issues = places['issues']?.until ?? null;
  if (pulls !== null && places['comments'] === undefined) {
    places['comments'] = { ...START, until: pulls };
  }
  const talkSince = [pulls, issues].filter((one) => one !== null).toSorted()[0];
  const isBoth = places['pulls']?.isGraph === false && places['issues']?.isGraph === false;
  if (isBoth && talkSince !== undefined && places['talk'] === undefined) {
    places['talk'] = { ...START, until: talkSince };
  }
}

async function readPage(
  at: RepositoryClient,
  repository: string,
  stream: Stream,
  place: Place,
): Promise<Read> {
  const { octokit, owner, repo } = at;
  const list = await getList(
    octokit,
    listUrl(stream, owner, repo, place),
    place.page === 1 ? place.etag : null,
  );
  if (list === undefined) return { items: [], place: { ...place, page: 1 }, isEnd: true };

  const fresh = list.rows.filter((row) => isNewer(stream, row, place.until));
  const items = await toItems(at, repository, stream, fresh);
  const nextUntil = newest(list.rows, place.nextUntil ?? place.until);
  const nextEtag = place.page === 1 ? list.etag : place.nextEtag;
  // Streams that begin with the newest end where the known begins; the others where GitHub has no more.
  const reachedKnown = isNewestFirst(stream) && fresh.length < list.rows.length;
  const isEnd = list.rows.length < PER_PAGE || reachedKnown || place.page >= MAX_PAGES;
  return {
    items,
    isEnd,
    place: isEnd
      ? { ...START, until: nextUntil, etag: nextEtag }
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
        const own = `/repos/${owner}/${repo}/pulls/${pull.number}`;
        const files = await getAll(octokit, `${own}/files`, MAX_FILES / PER_PAGE);
        const changed = files.map((file) => check(shape.ChangedFile, file));
        items.push(toChangedFiles(repository, pull, changed));
        const reviews = await getAll(octokit, `${own}/reviews`);
        for (const review of reviews) {
          const item = toReview(repository, pull.number, check(shape.Review, review));
          if (item !== undefined) items.push(item);
        }
      }
      return items;
    }
    case 'comments':
      return rows.flatMap((row) => toComment(repository, check(shape.Comment, row)) ?? []);
    case 'talk':
      return rows.flatMap((row) => toTalk(repository, check(shape.Talk, row)));
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
    case 'talk':
      return `${base}/issues/comments?sort=updated&direction=asc&${paging}${since}`;
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

/** All issues, pull requests, comments and deployments: what is missing was deleted or moved away. */
async function listObjects(
  client: GitHubClient,
  repository: string,
): Promise<{ prefixes: string[]; objects: string[] }> {
  return client.call(repository, async ({ octokit, owner, repo }) => {
    const base = `/repos/${owner}/${repo}`;
    const objects: string[] = [];
    for (const row of await getAll(octokit, `${base}/issues?state=all`)) {
      const { number, pull_request: pull } = check(shape.Issue, row);
      const isPull = pull !== undefined && pull !== null;
      objects.push(
        ...(isPull ? [`pull/${number}`, `changed-files/${number}`] : [`issue/${number}`]),
      );
    }
    const lists = [
      ['review-comment', 'pulls/comments'],
      ['comment', 'issues/comments'],
      ['deployment', 'deployments'],
    ] as const;
    for (const [prefix, path] of lists) {
      const rows = await getAll(octokit, `${base}/${path}`);
      objects.push(...rows.map((row) => `${prefix}/${check(Numbered, row).id}`));
    }
    const prefixes = [
      'pull/',
      'issue/',
      'changed-files/',
      ...lists.map(([prefix]) => `${prefix}/`),
    ];
    return { prefixes, objects };
  });
}

const Numbered = z.object({ id: z.number() });

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

async function getAll(octokit: Octokit, url: string, maxPages = MAX_PAGES): Promise<unknown[]> {
  const rows: unknown[] = [];
  for (let page = 1; page <= maxPages; page += 1) {
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
