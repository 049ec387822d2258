/**
 * Nodes of GitHub's GraphQL API as knowledge items. They are brought into the shape of the REST rows first
 * and read by the same functions, so that an object says the same whichever way it was read. Pure.
 */
import { z } from 'zod';
import type { KnowledgeItem } from '#connectors/contract';
import {
  toChange,
  toChangedFiles,
  toComment,
  toDeployment,
  toReview,
  toTalk,
  toWorkItem,
} from './knowledge-items.ts';

/** Null where the account is gone. */
const Author = z.object({ __typename: z.string(), login: z.string() }).nullish();
const PageInfo = z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullish() });
/** Lists may hold nulls where we may not see one. */
export const listOf = <Node extends z.ZodType>(node: Node) =>
  z.object({
    totalCount: z.int().nullish(),
    pageInfo: PageInfo,
    nodes: z
      .array(node.nullable())
      .nullish()
      .transform((nodes) => (nodes ?? []).filter((one) => one !== null)),
  });
const Labels = z.object({ nodes: z.array(z.object({ name: z.string() }).nullable()).nullish() });

export const CommentNode = z.object({
  fullDatabaseId: z.union([z.string(), z.number()]),
  body: z.string(),
  url: z.string(),
  updatedAt: z.string(),
  author: Author,
});
export const CodeCommentNode = CommentNode.extend({ path: z.string(), line: z.int().nullish() });
export const ReviewNode = z.object({
  id: z.string(),
  fullDatabaseId: z.union([z.string(), z.number()]),
  state: z.string(),
  body: z.string(),
  url: z.string(),
  submittedAt: z.string().nullish(),
  author: Author,
  comments: listOf(CodeCommentNode),
});
export const FileNode = z.object({
  path: z.string(),
  additions: z.int(),
  deletions: z.int(),
});
export const PullNode = z.object({
  id: z.string(),
  number: z.int(),
  title: z.string(),
  body: z.string(),
  state: z.string(),
  url: z.string(),
  updatedAt: z.string(),
  mergedAt: z.string().nullish(),
  headRefName: z.string(),
  headRefOid: z.string(),
  baseRefName: z.string(),
  mergeCommit: z.object({ oid: z.string() }).nullish(),
  author: Author,
  labels: Labels.nullish(),
  /** Null for one whose comparison GitHub cannot make any more. */
  files: listOf(FileNode).nullish(),
  reviews: listOf(ReviewNode).nullish(),
  comments: listOf(CommentNode),
});
export type PullNode = z.infer<typeof PullNode>;
export const IssueNode = z.object({
  id: z.string(),
  number: z.int(),
  title: z.string(),
  body: z.string(),
  state: z.string(),
  url: z.string(),
  updatedAt: z.string(),
  author: Author,
  labels: Labels.nullish(),
  comments: listOf(CommentNode),
});
export type IssueNode = z.infer<typeof IssueNode>;
export const DeploymentNode = z.object({
  databaseId: z.int(),
  environment: z.string().nullish(),
  commitOid: z.string(),
  updatedAt: z.string(),
  creator: Author,
});

/** The parts of a pull request, each list read to its end. */
export interface WholePull {
  pull: PullNode;
  files: z.infer<typeof FileNode>[];
  reviews: { review: z.infer<typeof ReviewNode>; comments: z.infer<typeof CodeCommentNode>[] }[];
  comments: z.infer<typeof CommentNode>[];
}

export function pullItems(repository: string, whole: WholePull): KnowledgeItem[] {
  const { pull, files, reviews, comments } = whole;
  const row = {
    number: pull.number,
    title: pull.title,
    body: pull.body,
    state: pull.state === 'OPEN' ? 'open' : 'closed',
    html_url: pull.url,
    updated_at: pull.updatedAt,
    merged_at: pull.mergedAt,
    merge_commit_sha: pull.mergeCommit?.oid,
    user: accountOf(pull.author),
    labels: labelsOf(pull.labels),
    head: { ref: pull.headRefName, sha: pull.headRefOid },
    base: { ref: pull.baseRefName },
  };
  return [
    toChange(repository, row),
    toChangedFiles(
      repository,
      row,
      files.map(({ path, additions, deletions }) => ({ filename: path, additions, deletions })),
    ),
    ...reviews.flatMap(({ review, comments: remarks }) => {
      const item = toReview(repository, pull.number, {
        id: Number(review.fullDatabaseId),
        state: review.state,
        body: review.body,
        html_url: review.url,
        submitted_at: review.submittedAt,
        user: accountOf(review.author),
      });
      // Of a review that was not sent, nobody else has seen the comments either.
      if (item === undefined) return [];
      const told = remarks.flatMap(
        (remark) =>
          toComment(repository, {
            ...commentRow(remark),
            path: remark.path,
            line: remark.line,
            pull_request_url: `/pulls/${pull.number}`,
          }) ?? [],
      );
      return [item, ...told];
    }),
    ...comments.flatMap((comment) =>
      toTalk(repository, commentRow(comment), { number: pull.number, isPull: true }),
    ),
  ];
}

export function issueItems(
  repository: string,
  issue: IssueNode,
  comments: readonly z.infer<typeof CommentNode>[],
): KnowledgeItem[] {
  return [
    toWorkItem(repository, {
      number: issue.number,
      title: issue.title,
      body: issue.body,
      state: issue.state === 'CLOSED' ? 'closed' : 'open',
      html_url: issue.url,
      updated_at: issue.updatedAt,
      user: accountOf(issue.author),
      labels: labelsOf(issue.labels),
    }),
    ...comments.flatMap((comment) =>
      toTalk(repository, commentRow(comment), { number: issue.number, isPull: false }),
    ),
  ];
}

export function deploymentItem(
  repository: string,
  node: z.infer<typeof DeploymentNode>,
): KnowledgeItem {
  return toDeployment(repository, {
    id: node.databaseId,
    sha: node.commitOid,
    environment: node.environment ?? '',
    updated_at: node.updatedAt,
    creator: accountOf(node.creator),
  });
}

function commentRow(comment: z.infer<typeof CommentNode>) {
  return {
    id: Number(comment.fullDatabaseId),
    body: comment.body,
    html_url: comment.url,
    updated_at: comment.updatedAt,
    user: accountOf(comment.author),
  };
}

/** GraphQL leaves out the ending by which REST and webhooks tell programs from people. */
function accountOf(author: z.infer<typeof Author>): { login: string; type?: string } | null {
  if (author === null || author === undefined) return null;
  const isBot = author.__typename === 'Bot' && !author.login.endsWith('[bot]');
  return {
    login: isBot ? `${author.login}[bot]` : author.login,
    type: author.__typename,
  };
}

function labelsOf(labels: z.infer<typeof Labels> | null | undefined): string[] {
  return (labels?.nodes ?? []).flatMap((label) => label?.name ?? []);
}
