/** Comments, and `/loom …` in them. What a program writes is no command, ours least of all: two would never end. */
import { parseCommands, type Signal } from '#connectors/contract';
import { parseJson } from '#kernel';
import { isOurs } from './comments.ts';
import * as events from './events.ts';
import { GITHUB, keyOf, person, type TranslateOptions, UNREADABLE } from './naming.ts';

/** The comment itself, unless it is one of ours: what we say there is no news to us. */
function commentSignals(
  { action, repository: { full_name: repository }, comment }: CommentEvent,
  at: { kind: string; number: number; isChange: boolean; path?: string; line?: number },
): Signal[] {
  const { kind, number, isChange, ...place } = at;
  const text = comment.body ?? '';
  const occurredAt = comment.updated_at ?? comment.created_at;
  if (!['created', 'edited', 'deleted'].includes(action) || isOurs(text)) return [];
  const isDeleted = action === 'deleted';
  return [
    {
      type: 'comment.told',
      source: GITHUB,
      dedupeKey: keyOf('comment', repository, [kind, comment.id, occurredAt, isDeleted, text]),
      occurredAt,
      repository,
      comment: {
        id: `${kind}/${comment.id}`,
        on: `${repository}#${number}`,
        isChange,
        author: person(comment.user),
        text: isDeleted ? '' : text,
        ...(comment.html_url ? { url: comment.html_url } : {}),
        ...place,
        writtenAt: comment.created_at,
        isDeleted,
      },
    },
  ];
}

export function issueCommands(body: Uint8Array, _options: TranslateOptions): Signal[] {
  const event = parseJson(events.IssueCommentEvent, body, UNREADABLE);
  const isChange = event.issue.pull_request !== undefined && event.issue.pull_request !== null;
  const at = { number: event.issue.number, isChange };
  return [...commentSignals(event, { kind: 'comment', ...at }), ...toSignals(event, at)];
}

export function reviewCommands(body: Uint8Array): Signal[] {
  const event = parseJson(events.ReviewCommentEvent, body, UNREADABLE);
  const at = { number: event.pull_request.number, isChange: true };
  const { path, line } = event.comment;
  const place = { ...(path ? { path } : {}), ...(line ? { line } : {}) };
  const told = commentSignals(event, { kind: 'review-comment', ...at, ...place });
  return [...told, ...toSignals(event, at)];
}

function toSignals(
  { action, repository: { full_name: repository }, comment }: CommentEvent,
  at: { number: number; isChange: boolean },
): Signal[] {
  // An edited comment would be obeyed twice.
  if (action !== 'created' || comment.user?.type === 'Bot') return [];
  return parseCommands(comment.body ?? '').map(({ word, argument }, index) => ({
    type: 'command.given',
    source: GITHUB,
    dedupeKey: keyOf('command', repository, [comment.id, index]),
    occurredAt: comment.created_at,
    repository,
    ...at,
    word,
    argument,
    author: person(comment.user),
    ...(comment.html_url ? { url: comment.html_url } : {}),
  }));
}

type CommentEvent = Pick<
  ReturnType<typeof events.IssueCommentEvent.parse>,
  'action' | 'repository' | 'comment'
>;
