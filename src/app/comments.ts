/** What hosts and trackers tell of comments, handed to the room that keeps them. */
import type { Signal } from '#connectors/contract';
import type { ContextService } from '#context';
import type { Id } from '#kernel';

export async function takeComment(
  { comments }: Pick<ContextService, 'comments'>,
  signal: Extract<Signal, { type: 'comment.told' }>,
  cause: Id<'evt'>,
): Promise<void> {
  const { source, repository, occurredAt: saidAt } = signal;
  const { id: object, on: subject, writtenAt = saidAt, ...comment } = signal.comment;
  await comments.take(
    source,
    { ...comment, object, subject, repository, writtenAt, saidAt },
    cause,
  );
}
