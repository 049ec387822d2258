/**
 * Reads a page of a repository by GraphQL. GitHub counts what a query costs and not how many there are,
 * answers errors with status 200, and gives up on pages that are too large: so each answer says what is
 * left, a part of it is kept for writing verdicts, and a page that takes too long is asked for in halves.
 */
import { z } from 'zod';
import type { KnowledgeItem } from '#connectors/contract';
import { AppError, checkValue, type Clock } from '#kernel';
import type { RepositoryClient } from './client.ts';
import { retryAfterSeconds, statusOf } from './failures.ts';
import { type GraphStream, PAGE_DOCUMENTS, REMAINDER_DOCUMENTS } from './graph-documents.ts';
import {
  CodeCommentNode,
  CommentNode,
  deploymentItem,
  DeploymentNode,
  FileNode,
  issueItems,
  IssueNode,
  listOf,
  pullItems,
  PullNode,
  ReviewNode,
} from './graph-items.ts';

export const LARGEST_PAGE = 25;
/** This part of what we may spend in an hour is left to everything that is not a backfill. */
const KEPT_SHARE = 0.1;
/** Of one list of one object; what lies beyond is left out, as by the lists of REST. */
const MAX_REMAINDERS = 50;
/** A change wider than this says little of any one file. */
const MAX_FILES = 300;

/** GraphQL is not to be had, or did not do: the page is read by REST instead. The message is a sentence. */
export class GraphQLUnusable extends Error {}

export interface GraphPage {
  items: KnowledgeItem[];
  /** When each object of the page was changed, in the order of the page. */
  updatedAt: string[];
  /** Null at the end. */
  after: string | null;
  /** As many as were asked for at once and came. */
  size: number;
  total: number | undefined;
}

export interface GraphReader {
  /**
   * @throws GraphQLUnusable
   * @throws AppError `github.rate_limited` while the budget is spent; the cursor then still holds.
   */
  readPage(
    at: RepositoryClient,
    repository: string,
    stream: GraphStream,
    from: { after: string | null; size: number; until: string | null },
  ): Promise<GraphPage>;
}

const Rate = z.object({
  limit: z.number(),
  cost: z.number(),
  remaining: z.number(),
  resetAt: z.string(),
});
type Rate = z.infer<typeof Rate>;
const Answered = z.object({ rateLimit: Rate.nullish() });
const pageOf = <Node extends z.ZodType>(node: Node) =>
  z.object({ repository: z.object({ page: listOf(node) }) });
const remainderOf = <Node extends z.ZodType>(node: Node) =>
  z.object({ node: z.object({ page: listOf(node) }).nullable() });

const Pulls = pageOf(PullNode);
const Issues = pageOf(IssueNode);
const Deployments = pageOf(DeploymentNode);

/** One reader for all repositories: the budget of an account is shared by them. */
export function createGraphReader(clock: Clock): GraphReader {
  const rates = new Map<string, Rate>();

  function refuseBeyondBudget(owner: string): void {
    const rate = rates.get(owner);
    if (rate === undefined) return;
    const resetsIn = Date.parse(rate.resetAt) - clock.now().getTime();
    if (!(resetsIn > 0)) rates.delete(owner);
    else if (rate.remaining - rate.cost < rate.limit * KEPT_SHARE) {
      throw rateLimited(Math.ceil(resetsIn / 1_000));
    }
  }

  async function ask<Schema extends z.ZodType>(
    { octokit, owner }: RepositoryClient,
    schema: Schema,
    document: string,
    variables: Record<string, unknown>,
  ): Promise<z.output<Schema>> {
    refuseBeyondBudget(owner);
    const data = await octokit.graphql<unknown>(document, variables);
    const { rateLimit } = checkValue(Answered, data, 'github.unreadable_answer');
    if (rateLimit) rates.set(owner, rateLimit);
    return checkValue(schema, data, 'github.unreadable_answer');
  }

  /** What of a list came with its object, and all the rest of it. */
  async function whole<Node extends z.ZodType>(
    at: RepositoryClient,
    list: {
      pageInfo: { hasNextPage: boolean; endCursor?: string | null | undefined };
      nodes: z.output<Node>[];
    },
    rest: { id: string; document: string; node: Node; most?: number },
  ): Promise<z.output<Node>[]> {
    const nodes = [...list.nodes];
    let { hasNextPage, endCursor } = list.pageInfo;
    const schema = remainderOf(rest.node);
    for (let page = 0; hasNextPage && page < MAX_REMAINDERS; page += 1) {
      if (rest.most !== undefined && nodes.length >= rest.most) break;
      const { node } = await ask(at, schema, rest.document, { id: rest.id, after: endCursor });
      // Gone while we read: what came with it is all there is.
      if (node === null) break;
      nodes.push(...(node.page.nodes as z.output<Node>[]));
      ({ hasNextPage, endCursor } = node.page.pageInfo);
    }
    return nodes;
  }

  async function wholePull(at: RepositoryClient, pull: PullNode) {
    const { id, files, reviews } = pull;
    const doc = REMAINDER_DOCUMENTS;
    const sent = await whole(at, reviews ?? NOTHING, {
      id,
      document: doc.reviews,
      node: ReviewNode,
    });
    const reviewed = [];
    for (const review of sent) {
      const rest = { id: review.id, document: doc.reviewComments, node: CodeCommentNode };
      reviewed.push({ review, comments: await whole(at, review.comments, rest) });
    }
    return {
      pull,
      reviews: reviewed,
      files: (
        await whole(at, files ?? NOTHING, {
          id,
          document: doc.files,
          node: FileNode,
          most: MAX_FILES,
        })
      ).slice(0, MAX_FILES),
      comments: await whole(at, pull.comments, {
        id,
        document: doc.pullComments,
        node: CommentNode,
      }),
    };
  }

  async function readOnce(
    at: RepositoryClient,
    repository: string,
    stream: GraphStream,
    from: { after: string | null; size: number; until: string | null },
  ): Promise<Omit<GraphPage, 'size'>> {
    const { owner, repo: name } = at;
    const variables = { owner, name, first: from.size, after: from.after };
    const document = PAGE_DOCUMENTS[stream];
    const items: KnowledgeItem[] = [];
    /** What is known already is at the end of the page, and its parts are not worth reading on. */
    const isFresh = (node: { updatedAt: string }) =>
      from.until === null || node.updatedAt >= from.until;
    const place = (page: {
      nodes: { updatedAt: string }[];
      pageInfo: { hasNextPage: boolean; endCursor?: string | null | undefined };
      totalCount?: number | null | undefined;
    }) => ({
      items,
      updatedAt: page.nodes.map(({ updatedAt }) => updatedAt),
      after: page.pageInfo.hasNextPage ? (page.pageInfo.endCursor ?? null) : null,
      total: page.totalCount ?? undefined,
    });
    switch (stream) {
      case 'pulls': {
        const { page } = (await ask(at, Pulls, document, variables)).repository;
        for (const pull of page.nodes.filter(isFresh)) {
          items.push(...pullItems(repository, await wholePull(at, pull)));
        }
        return place(page);
      }
      case 'issues': {
        const { page } = (await ask(at, Issues, document, variables)).repository;
        for (const issue of page.nodes.filter(isFresh)) {
          const comments = await whole(at, issue.comments, {
            id: issue.id,
            document: REMAINDER_DOCUMENTS.issueComments,
            node: CommentNode,
          });
          items.push(...issueItems(repository, issue, comments));
        }
        return place(page);
      }
      case 'deployments': {
        const { page } = (await ask(at, Deployments, document, variables)).repository;
        items.push(...page.nodes.filter(isFresh).map((node) => deploymentItem(repository, node)));
        return place(page);
      }
    }
  }

  return {
    async readPage(at, repository, stream, from) {
      let { size } = from;
      let { after } = from;
      for (;;) {
        try {
          const page = await readOnce(at, repository, stream, { ...from, after, size });
          return { ...page, size };
        } catch (error) {
          const verdict = judge(error, clock.now());
          switch (verdict.outcome) {
            case 'too-large':
              if (size === 1) throw new GraphQLUnusable('GraphQL gave up on a single object');
              size = Math.ceil(size / 2);
              break;
            case 'lost-place':
              if (after === null) throw new GraphQLUnusable('GraphQL refused its own cursor');
              after = null;
              break;
            case 'throw':
              throw verdict.error;
          }
        }
      }
    },
  };
}

const NOTHING = { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] };

type Verdict =
  | { outcome: 'too-large' }
  /** The cursor is too old: the list is read from its beginning. */
  | { outcome: 'lost-place' }
  | { outcome: 'throw'; error: unknown };

const GraphQLErrors = z.object({
  errors: z.array(z.object({ type: z.string().nullish(), message: z.string().nullish() })).min(1),
  data: z.unknown(),
  headers: z.record(z.string(), z.union([z.string(), z.number()]).optional()).catch({}),
});

/** Statuses of a page that took GitHub too long, with and without its own proxy in between. */
const TOO_LONG: ReadonlySet<number | undefined> = new Set([502, 504]);
const ABSENT: ReadonlySet<number | undefined> = new Set([400, 404, 405, 410, 422, 501]);

/** What a failure means for the page. Pure. */
export function judge(error: unknown, now: Date): Verdict {
  const status = statusOf(error);
  if (isTimeout(error) || TOO_LONG.has(status)) return { outcome: 'too-large' };
  if (ABSENT.has(status)) {
    return unusable(`GraphQL is not to be had there (${status})`);
  }
  const told = GraphQLErrors.safeParse(error);
  if (!told.success) {
    const isUnreadable = error instanceof AppError && error.code === 'github.unreadable_answer';
    return isUnreadable
      ? unusable('GraphQL answered in another shape than its schema says')
      : { outcome: 'throw', error };
  }
  const { errors, headers } = told.data;
  const types = new Set(errors.map(({ type }) => type ?? ''));
  const words = errors.map(({ message }) => message ?? '').join(' ');
  if (types.has('RATE_LIMITED') || /rate limit|secondary/i.test(words)) {
    return { outcome: 'throw', error: rateLimited(retryAfterSeconds(headers, now) ?? 60) };
  }
  if (types.has('INVALID_CURSOR_ARGUMENTS')) return { outcome: 'lost-place' };
  if (
    types.has('MAX_NODE_LIMIT_EXCEEDED') ||
    /timeout|timed out|something went wrong/i.test(words)
  ) {
    return { outcome: 'too-large' };
  }
  // Their words may quote what we asked for; which kind it was says enough.
  const kind = [...types].find((type) => /^[A-Z_]{1,40}$/.test(type)) ?? 'an error';
  return unusable(`GraphQL answered with ${kind}`);
}

function unusable(why: string): Verdict {
  return { outcome: 'throw', error: new GraphQLUnusable(why) };
}

/** Our own line gave up waiting; octokit wraps that as an answer of 500. */
function isTimeout(error: unknown): boolean {
  const own = error instanceof Error ? (error.cause ?? error) : error;
  return own instanceof AppError && own.code === 'connector.timeout';
}

function rateLimited(seconds: number): AppError {
  return new AppError('unavailable', 'github.rate_limited', {
    message: 'GitHub asks us to slow down.',
    hint: `The backfill goes on where it is in ${seconds} seconds.`,
    details: { retryAfterSeconds: seconds },
  });
}
