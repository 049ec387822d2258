/** GitHub's rows as knowledge items. Only the fields we use; the rest may come and go. Pure. */
import { z } from 'zod';
import type { KnowledgeItem } from '#connectors/contract';
import { isOurs } from './comments.ts';

const Account = z.object({ login: z.string() }).nullish();
const Labels = z.array(z.union([z.string(), z.object({ name: z.string().nullish() })])).nullish();

export const Issue = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  html_url: z.string().optional(),
  updated_at: z.string(),
  user: Account,
  labels: Labels,
  pull_request: z.unknown().optional(),
});

export const Pull = z.object({
  number: z.int(),
  title: z.string(),
  body: z.string().nullish(),
  state: z.string(),
  html_url: z.string().optional(),
  updated_at: z.string(),
  merged_at: z.string().nullish(),
  merge_commit_sha: z.string().nullish(),
  user: Account,
  labels: Labels,
  head: z.object({ ref: z.string(), sha: z.string() }),
  base: z.object({ ref: z.string() }),
});

export const Review = z.object({
  id: z.number(),
  state: z.string(),
  body: z.string().nullish(),
  html_url: z.string().optional(),
  submitted_at: z.string().nullish(),
  user: Account,
});

export const Comment = z.object({
  id: z.number(),
  body: z.string().nullish(),
  path: z.string(),
  line: z.int().nullish(),
  html_url: z.string().optional(),
  pull_request_url: z.string(),
  updated_at: z.string(),
  user: Account,
});

/** A comment in the conversation of an issue or pull request. */
export const Talk = z.object({
  id: z.number(),
  body: z.string().nullish(),
  html_url: z.string().optional(),
  issue_url: z.string().nullish(),
  updated_at: z.string(),
  user: Account,
});

export const ChangedFile = z.object({
  filename: z.string(),
  additions: z.int(),
  deletions: z.int(),
});

export const Deployment = z.object({
  id: z.number(),
  sha: z.string(),
  environment: z.string(),
  updated_at: z.string(),
  creator: Account,
});

const VERDICTS: Readonly<
  Record<string, 'approved' | 'changes-requested' | 'commented' | 'dismissed'>
> = {
  approved: 'approved',
  changes_requested: 'changes-requested',
  commented: 'commented',
  dismissed: 'dismissed',
};

export function toWorkItem(repository: string, issue: z.infer<typeof Issue>): KnowledgeItem {
  return {
    kind: 'work-item',
    object: `issue/${issue.number}`,
    repository,
    updatedAt: new Date(issue.updated_at),
    url: issue.html_url,
    author: issue.user?.login,
    number: issue.number,
    title: issue.title,
    text: issue.body ?? '',
    state: issue.state === 'closed' ? 'closed' : 'open',
    labels: labelsOf(issue.labels),
  };
}

export function toChange(repository: string, pull: z.infer<typeof Pull>): KnowledgeItem {
  const isMerged = pull.merged_at !== undefined && pull.merged_at !== null;
  return {
    kind: 'change',
    object: `pull/${pull.number}`,
    repository,
    updatedAt: new Date(pull.updated_at),
    url: pull.html_url,
    author: pull.user?.login,
    number: pull.number,
    title: pull.title,
    text: pull.body ?? '',
    state: isMerged ? 'merged' : pull.state === 'closed' ? 'closed' : 'open',
    branch: pull.head.ref,
    baseBranch: pull.base.ref,
    headSha: pull.head.sha,
    mergeSha: isMerged ? (pull.merge_commit_sha ?? undefined) : undefined,
    labels: labelsOf(pull.labels),
  };
}

/** Undefined for a review that was begun and not sent. */
export function toReview(
  repository: string,
  changeNumber: number,
  review: z.infer<typeof Review>,
): KnowledgeItem | undefined {
  const verdict = VERDICTS[review.state.toLowerCase()];
  if (verdict === undefined || review.submitted_at === undefined || review.submitted_at === null)
    return undefined;
  // GitHub says when a review was sent and never when it was dismissed, which can only be later.
  const isDismissed = verdict === 'dismissed' ? 1 : 0;
  return {
    kind: 'review',
    object: `review/${review.id}`,
    repository,
    updatedAt: new Date(Date.parse(review.submitted_at) + isDismissed),
    url: review.html_url,
    author: review.user?.login,
    changeNumber,
    verdict,
    text: review.body ?? '',
  };
}

/** Undefined where the address names no pull request. */
export function toComment(
  repository: string,
  comment: z.infer<typeof Comment>,
): KnowledgeItem | undefined {
  const changeNumber = Number(/\/pulls\/(\d+)$/.exec(comment.pull_request_url)?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(changeNumber)) return undefined;
  return {
    kind: 'review-comment',
    object: `review-comment/${comment.id}`,
    repository,
    updatedAt: new Date(comment.updated_at),
    url: comment.html_url,
    author: comment.user?.login,
    changeNumber,
    path: comment.path,
    line: comment.line ?? undefined,
    text: comment.body ?? '',
  };
}

/** Which files a change has, as the host compares it; merged ones are told by git as well. */
export function toChangedFiles(
  repository: string,
  pull: Pick<z.infer<typeof Pull>, 'number' | 'updated_at'>,
  files: readonly z.infer<typeof ChangedFile>[],
): KnowledgeItem {
  return {
    kind: 'changed-files',
    object: `changed-files/${pull.number}`,
    repository,
    updatedAt: new Date(pull.updated_at),
    changeNumber: pull.number,
    files: files
      .map(({ filename: path, additions, deletions }) => ({ path, additions, deletions }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** What was said on an issue or pull request; nothing of what we wrote there ourselves. */
export function toTalk(
  repository: string,
  talk: z.infer<typeof Talk>,
  on: { number: number; isPull: boolean } = talkedOn(talk),
): KnowledgeItem[] {
  if (!Number.isSafeInteger(on.number) || isOurs(talk.body ?? '')) return [];
  return [
    {
      kind: 'comment',
      object: `comment/${talk.id}`,
      repository,
      updatedAt: new Date(talk.updated_at),
      url: talk.html_url,
      author: talk.user?.login,
      on: on.isPull ? 'change' : 'work-item',
      number: on.number,
      text: talk.body ?? '',
    },
  ];
}

/** The list of all comments names the issue by its address, and only the page says what it is. */
function talkedOn(talk: z.infer<typeof Talk>): { number: number; isPull: boolean } {
  return {
    number: Number(/\/issues\/(\d+)$/.exec(talk.issue_url ?? '')?.[1] ?? Number.NaN),
    isPull: /\/pull\/\d+(?:#|$)/.test(talk.html_url ?? ''),
  };
}

export function toDeployment(
  repository: string,
  deployment: z.infer<typeof Deployment>,
): KnowledgeItem {
  return {
    kind: 'deployment',
    object: `deployment/${deployment.id}`,
    repository,
    updatedAt: new Date(deployment.updated_at),
    author: deployment.creator?.login,
    environment: deployment.environment,
    sha: deployment.sha,
  };
}

function labelsOf(labels: z.infer<typeof Labels>): string[] {
  return (labels ?? []).flatMap((label) =>
    typeof label === 'string' ? label : (label.name ?? []),
  );
}
