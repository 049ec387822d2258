/** `/loom …` in comments. What a program writes is no command, ours least of all: two would never end. */
import { parseCommands, type Signal } from '#connectors/contract';
import { parseJson } from '#kernel';
import * as events from './events.ts';
import { GITHUB, keyOf, person, type TranslateOptions, UNREADABLE } from './naming.ts';

export function issueCommands(body: Uint8Array, _options: TranslateOptions): Signal[] {
  const event = parseJson(events.IssueCommentEvent, body, UNREADABLE);
  const isChange = event.issue.pull_request !== undefined && event.issue.pull_request !== null;
  return toSignals(event, { number: event.issue.number, isChange });
}

export function reviewCommands(body: Uint8Array): Signal[] {
  const event = parseJson(events.ReviewCommentEvent, body, UNREADABLE);
  return toSignals(event, { number: event.pull_request.number, isChange: true });
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
