/** GitHub's rows as knowledge items. Only the fields we use; the rest may come and go. Pure. */
import { z } from 'zod';
import type { KnowledgeItem } from '#connectors/contract';

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
