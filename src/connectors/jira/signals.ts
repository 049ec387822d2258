/** Jira's events in our words. Pure. */
import { parseJson } from '#kernel';
import type { Signal } from '#connectors/contract';
import { checkValue } from '#kernel';
import { Comment, CommentedIssue, Issue, type User, WebhookEvent } from './events.ts';
import type { z } from 'zod';

export const JIRA = 'jira';
export const UNREADABLE = 'jira.unreadable_delivery';

type WorkItemSignal = Extract<Signal, { type: 'work-item.updated' }>;

export interface JiraPlaces {
  /** Address of the site: links lead there. */
  siteUrl: string;
  /** Repository of a project's issues, by the key of the project. */
  repositories: ReadonlyMap<string, string>;
}

/** Begins what we write there ourselves. */
export const MARK = '*LoomStack*';
const COMMENT_EVENTS = new Set(['comment_created', 'comment_updated', 'comment_deleted']);
const EVENTS = new Set(['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted']);

/** @throws AppError `jira.unreadable_delivery`. */
export function toSignals(body: Uint8Array, places: JiraPlaces): Signal[] {
  const event = parseJson(WebhookEvent, body, UNREADABLE);
  if (COMMENT_EVENTS.has(event.webhookEvent)) {
    const issue = CommentedIssue.safeParse(event.issue).data;
    const comment = Comment.safeParse(event.comment).data;
    const isDeleted = event.webhookEvent === 'comment_deleted';
    return issue === undefined || comment === undefined
      ? []
      : commentSignals(issue.key, comment, places, isDeleted);
  }
  if (!EVENTS.has(event.webhookEvent)) return [];
  const issue = checkValue(Issue, event.issue, UNREADABLE);
  // Data Center tells of a comment as of an update of its issue, and may tell nothing else.
  const comment = Comment.safeParse(event.comment).data;
  return [
    issueSignal(issue, places, event.webhookEvent === 'jira:issue_deleted'),
    ...(comment === undefined ? [] : commentSignals(issue.key, comment, places)),
  ];
}

/** What somebody said on an issue; nothing of what we wrote there ourselves. */
export function commentSignals(
  key: string,
  comment: Comment,
  places: JiraPlaces,
  isDeleted = false,
): Signal[] {
  const text = comment.body ?? '';
  if (text.startsWith(MARK)) return [];
  const occurredAt = comment.updated ?? comment.created;
  const repository = repositoryOf(key, places);
  const what = isDeleted ? 'deleted' : occurredAt.toISOString();
  return [
    {
      type: 'comment.told',
      source: JIRA,
      dedupeKey: `jira:comment:${comment.id}:${what}`,
      occurredAt,
      ...(repository === undefined ? {} : { repository }),
      comment: {
        id: `comment/${comment.id}`,
        on: key,
        isChange: false,
        author: personOf(comment.author),
        text: isDeleted ? '' : text,
        url: `${places.siteUrl.replace(/\/$/, '')}/browse/${key}?focusedCommentId=${encodeURIComponent(comment.id)}`,
        writtenAt: comment.created,
        isDeleted,
      },
    },
  ];
}

/** The comments that came with an issue. */
export function commentsOf(issue: Issue, places: JiraPlaces): Signal[] {
  return (issue.fields.comment?.comments ?? []).flatMap((told) => {
    const comment = Comment.safeParse(told).data;
    return comment === undefined ? [] : commentSignals(issue.key, comment, places);
  });
}

function repositoryOf(key: string, { repositories }: JiraPlaces): string | undefined {
  return repositories.get(key.slice(0, key.lastIndexOf('-')));
}

export function issueSignal(issue: Issue, places: JiraPlaces, isDeleted = false): WorkItemSignal {
  const { key, fields } = issue;
  const revision = fields.updated.toISOString();
  const isClosed = isDeleted || fields.status.statusCategory?.key === 'done';
  const repository = repositoryOf(key, places);
  const priority = priorityOf(fields.priority?.name);
  const assignee = personOf(fields.assignee);
  return {
    type: 'work-item.updated',
    source: JIRA,
    dedupeKey: `jira:issue:${issue.id}:${revision}${isDeleted ? ':deleted' : ''}`,
    occurredAt: fields.updated,
    workItem: {
      externalKey: key,
      ...(repository === undefined ? {} : { repository }),
      title: fields.summary,
      text: fields.description ?? '',
      labels: (fields.labels ?? []).map((label) => label.slice(0, 100)).slice(0, 50),
      state: isClosed ? 'closed' : 'open',
      url: `${places.siteUrl.replace(/\/$/, '')}/browse/${key}`,
      author: personOf(fields.reporter ?? fields.creator),
      ...(Object.keys(assignee).length === 0 ? {} : { assignee }),
      status: fields.status.name.slice(0, 200),
      ...(priority === undefined ? {} : { priority }),
      revision,
    },
  };
}

/** Names of priorities are the site's own; the common ones are understood. */
function priorityOf(name: string | undefined): WorkItemSignal['workItem']['priority'] {
  switch ((name ?? '').trim().toLowerCase()) {
    case 'highest':
    case 'blocker':
    case 'critical':
    case 'urgent':
      return 'urgent';
    case 'high':
    case 'major':
      return 'high';
    case 'medium':
    case 'normal':
      return 'normal';
    case 'low':
    case 'lowest':
    case 'minor':
    case 'trivial':
      return 'low';
    default:
      return undefined;
  }
}

function personOf(user: z.infer<typeof User>): WorkItemSignal['workItem']['author'] {
  const login = user?.accountId ?? user?.name;
  return {
    ...(login == null ? {} : { login }),
    ...(user?.emailAddress == null ? {} : { email: user.emailAddress }),
    ...(user?.displayName == null ? {} : { name: user.displayName }),
  };
}
