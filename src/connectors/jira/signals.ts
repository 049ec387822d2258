/** Jira's events in our words. Pure. */
import { parseJson } from '#kernel';
import type { Signal } from '#connectors/contract';
import { checkValue } from '#kernel';
import { Issue, type User, WebhookEvent } from './events.ts';
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

const EVENTS = new Set(['jira:issue_created', 'jira:issue_updated', 'jira:issue_deleted']);

/** @throws AppError `jira.unreadable_delivery`. */
export function toSignals(body: Uint8Array, places: JiraPlaces): Signal[] {
  const event = parseJson(WebhookEvent, body, UNREADABLE);
  if (!EVENTS.has(event.webhookEvent)) return [];
  const issue = checkValue(Issue, event.issue, UNREADABLE);
  return [issueSignal(issue, places, event.webhookEvent === 'jira:issue_deleted')];
}

export function issueSignal(issue: Issue, places: JiraPlaces, isDeleted = false): WorkItemSignal {
  const { key, fields } = issue;
  const revision = fields.updated.toISOString();
  const isClosed = isDeleted || fields.status.statusCategory?.key === 'done';
  const repository = places.repositories.get(key.slice(0, key.lastIndexOf('-')));
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
