/** Linear's events in our words. Pure. */
import { checkValue } from '#kernel';
import type { Signal } from '#connectors/contract';
import { AgentSession, Comment, Envelope, Issue, Prompt, type User } from './events.ts';
import type { z } from 'zod';

export const LINEAR = 'linear';
export const UNREADABLE = 'linear.unreadable_delivery';

/** Begins what we write there ourselves. */
export const MARK = '**LoomStack**';

type WorkItemSignal = Extract<Signal, { type: 'work-item.updated' }>;

const PRIORITIES = [undefined, 'urgent', 'high', 'normal', 'low'] as const;
const CLOSED = new Set(['completed', 'canceled', 'duplicate']);

export interface LinearPlaces {
  /** Repository of a team's issues, by the key of the team. */
  repositories: ReadonlyMap<string, string>;
}

/** @throws AppError `linear.unreadable_delivery`. */
export function toSignals(body: unknown, places: LinearPlaces): Signal[] {
  const told = checkValue(Envelope, body, UNREADABLE);
  if (told.type === 'Issue') {
    const issue = checkValue(Issue, told.data, UNREADABLE);
    return [issueSignal(issue, places, told.action === 'remove')];
  }
  if (told.type === 'Comment') {
    const comment = checkValue(Comment, told.data, UNREADABLE);
    const url = comment.url ?? told.url ?? undefined;
    // On a project or a document there is no issue.
    const key = comment.issue?.identifier ?? /\/issue\/([A-Z0-9]+-\d+)\b/.exec(url ?? '')?.[1];
    const isDeleted = told.action === 'remove';
    return key === undefined ? [] : commentSignals(key, { ...comment, url }, places, isDeleted);
  }
  if (told.type === 'AgentSessionEvent' && told.action === 'created') {
    const session = AgentSession.safeParse(told.agentSession);
    return session.success && session.data.issue != null
      ? [sessionSignal(session.data, new Date(told.webhookTimestamp), places)]
      : [];
  }
  if (told.type === 'AgentSessionEvent' && told.action === 'prompted') {
    return promptSignals(
      told.agentSession,
      told.agentActivity,
      new Date(told.webhookTimestamp),
      places,
    );
  }
  return [];
}

/** Further words in a session are words on its issue: whoever works on it is told them. */
function promptSignals(
  agentSession: unknown,
  agentActivity: unknown,
  sentAt: Date,
  places: LinearPlaces,
): Signal[] {
  const { issue, url } = AgentSession.safeParse(agentSession).data ?? {};
  const prompt = Prompt.safeParse(agentActivity).data;
  if (issue == null || prompt === undefined) return [];
  const occurredAt = prompt.createdAt ?? sentAt;
  return [
    {
      type: 'comment.told',
      source: LINEAR,
      dedupeKey: `linear:prompt:${prompt.id}`,
      occurredAt,
      ...placeOf(issue.identifier, issue.team?.key, places),
      comment: {
        id: `prompt/${prompt.id}`,
        on: issue.identifier,
        isChange: false,
        author: personOf(prompt.user),
        text: prompt.content.body,
        ...(url == null ? {} : { url }),
        writtenAt: occurredAt,
        isDeleted: false,
      },
    },
  ];
}

/** What somebody said on an issue; nothing of what we wrote there ourselves. */
function commentSignals(
  key: string,
  comment: Comment,
  places: LinearPlaces,
  isDeleted = false,
): Signal[] {
  if (comment.body.startsWith(MARK)) return [];
  const { id, updatedAt, url, botActor } = comment;
  const place = placeOf(key, comment.issue?.team?.key, places);
  return [
    {
      type: 'comment.told',
      source: LINEAR,
      dedupeKey: `linear:comment:${id}:${isDeleted ? 'deleted' : updatedAt.toISOString()}`,
      occurredAt: updatedAt,
      ...place,
      comment: {
        id: `comment/${id}`,
        on: key,
        isChange: false,
        author: botActor?.name == null ? personOf(comment.user) : { name: botActor.name },
        text: isDeleted ? '' : comment.body,
        ...(url == null ? {} : { url }),
        writtenAt: comment.createdAt ?? updatedAt,
        isDeleted,
      },
    },
  ];
}

/** The comments that came with an issue. */
export function commentsOf(issue: Issue, places: LinearPlaces): Signal[] {
  return (issue.comments?.nodes ?? []).flatMap((told) => {
    const comment = Comment.safeParse(told).data;
    return comment === undefined ? [] : commentSignals(issue.identifier, comment, places);
  });
}

export function issueSignal(issue: Issue, places: LinearPlaces, isRemoved = false): WorkItemSignal {
  const isClosed =
    isRemoved ||
    issue.archivedAt != null ||
    (issue.state == null
      ? issue.completedAt != null || issue.canceledAt != null
      : CLOSED.has(issue.state.type));
  const priority = PRIORITIES[issue.priority ?? 0];
  const revision = issue.updatedAt.toISOString();
  const assignee = personOf(issue.assignee);
  return {
    type: 'work-item.updated',
    source: LINEAR,
    dedupeKey: `linear:issue:${issue.id}:${revision}${isRemoved ? ':removed' : ''}`,
    occurredAt: issue.updatedAt,
    workItem: {
      externalKey: issue.identifier,
      ...placeOf(issue.identifier, issue.team?.key, places),
      title: issue.title,
      text: issue.description ?? '',
      labels: issue.labels.map((label) => label.slice(0, 100)).slice(0, 50),
      state: isClosed ? 'closed' : 'open',
      ...(issue.url == null ? {} : { url: issue.url }),
      author: personOf(issue.creator),
      ...(Object.keys(assignee).length === 0 ? {} : { assignee }),
      ...(issue.state == null ? {} : { status: issue.state.name.slice(0, 200) }),
      ...(priority === undefined ? {} : { priority }),
      revision,
    },
  };
}

/** LoomStack was mentioned, or given the issue: answers go to this session. */
function sessionSignal(
  { id, issue, creator, createdAt }: z.infer<typeof AgentSession>,
  sentAt: Date,
  places: LinearPlaces,
): WorkItemSignal {
  return {
    type: 'work-item.updated',
    source: LINEAR,
    dedupeKey: `linear:session:${id}`,
    occurredAt: createdAt ?? sentAt,
    workItem: {
      externalKey: issue!.identifier,
      ...placeOf(issue!.identifier, issue!.team?.key, places),
      title: issue!.title,
      text: issue!.description ?? '',
      labels: [],
      state: 'open',
      ...(issue!.url == null ? {} : { url: issue!.url }),
      author: personOf(creator),
      thread: id,
    },
  };
}

function placeOf(
  identifier: string,
  teamKey: string | undefined,
  { repositories }: LinearPlaces,
): { repository?: string } {
  const repository = repositories.get(teamKey ?? identifier.split('-')[0] ?? '');
  return repository === undefined ? {} : { repository };
}

function personOf(user: z.infer<typeof User>): WorkItemSignal['workItem']['author'] {
  return {
    ...(user?.id == null ? {} : { login: user.id }),
    ...(user?.email == null ? {} : { email: user.email }),
    ...(user?.name == null ? {} : { name: user.name }),
  };
}
