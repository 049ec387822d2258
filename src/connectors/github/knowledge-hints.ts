/**
 * What a delivery of GitHub tells of the objects the sweep reads, at once instead of minutes later. The
 * rows in a delivery are those of the API, so that a hint says word for word what the sweep will say.
 */
import { parseBytes } from '#kernel';
import { z } from 'zod';
import type { Delivery, KnowledgeItem } from '#connectors/contract';
import { toChange, toComment, toDeployment, toReview, toWorkItem } from './knowledge-items.ts';
import * as shape from './knowledge-items.ts';

const About = z.object({
  action: z.string().nullish(),
  repository: z.object({ full_name: z.string() }),
});
const PullHint = About.extend({ pull_request: shape.Pull });
const ReviewHint = About.extend({
  pull_request: z.object({ number: z.int() }),
  review: shape.Review,
});
const CommentHint = About.extend({ comment: shape.Comment });
const IssueHint = About.extend({ issue: shape.Issue });
const DeploymentHint = About.extend({ deployment: shape.Deployment });

type Read = (payload: unknown) => (KnowledgeItem | undefined)[];

const HINTS: ReadonlyMap<string, Read> = new Map<string, Read>([
  ['pull_request', reader(PullHint, (name, hint) => toChange(name, hint.pull_request))],
  [
    'pull_request_review',
    reader(ReviewHint, (name, hint) => toReview(name, hint.pull_request.number, hint.review)),
  ],
  [
    'pull_request_review_comment',
    reader(CommentHint, (name, hint) => toComment(name, hint.comment)),
  ],
  ['issues', reader(IssueHint, issue)],
  ['issue_comment', reader(IssueHint, issue)],
  ['deployment', reader(DeploymentHint, (name, hint) => toDeployment(name, hint.deployment))],
  [
    'deployment_status',
    reader(DeploymentHint, (name, hint) => toDeployment(name, hint.deployment)),
  ],
]);

/**
 * Pure. Nothing for deliveries that tell of no such object, that cannot be read or that say an object is
 * gone: what is missing is settled by the sweep's full list, which cannot be out of order.
 */
export function knowledgeOfDelivery({ headers, body }: Delivery): KnowledgeItem[] {
  const read = HINTS.get(headers['x-github-event'] ?? '');
  if (read === undefined) return [];
  return read(parse(body)).filter((item) => item !== undefined);
}

function reader<Schema extends typeof About>(
  schema: Schema,
  toItem: (repository: string, hint: z.output<Schema>) => KnowledgeItem | undefined,
): Read {
  return (payload) => {
    const hint = schema.safeParse(payload);
    if (!hint.success) return [];
    const isGone = hint.data.action === 'transferred' || hint.data.action === 'deleted';
    return isGone ? [] : [toItem(hint.data.repository.full_name, hint.data)];
  };
}

/** GitHub sends comments on pull requests as comments on issues; those have a delivery of their own. */
function issue(repository: string, { issue: row }: z.output<typeof IssueHint>) {
  const isPull = row.pull_request !== undefined && row.pull_request !== null;
  return isPull ? undefined : toWorkItem(repository, row);
}

function parse(body: Uint8Array): unknown {
  try {
    return parseBytes(body);
  } catch {
    return undefined;
  }
}
