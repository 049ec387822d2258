/** What a session is to hear: notes of other sessions and gates, and what reviewers sent back. */
import { asLine } from '#context';
import type { Id } from '#kernel';
import type { Note } from '#orchestration';
import type { Services } from './services.ts';

/** Takes them all, in our words: each is given once. */
export async function takeNotes(
  { sessions, escalations }: Pick<Services, 'sessions' | 'escalations'>,
  sessionId: Id<'ses'>,
): Promise<Note[]> {
  const [notes, returned] = await Promise.all([
    sessions.takeNotes(sessionId),
    escalations.takeNotes(sessionId),
  ]);
  return [
    ...notes,
    ...returned.map(({ changeId, headSha, personName, note }) => ({
      kind: 'message' as const,
      fromSessionId: null,
      text: `${asLine(personName)} sent your change ${changeId} (commit ${headSha.slice(0, 12)}) back: "${asLine(note).replaceAll('"', "'")}". Work on it on the same branch and push again.`,
    })),
  ];
}

/** Notes as an agent reads them; undefined without any. Pure. */
export function renderNotes(notes: readonly Note[]): string | undefined {
  if (notes.length === 0) return undefined;
  return [
    `LoomStack has ${notes.length === 1 ? 'news' : `${notes.length} pieces of news`} for this session:`,
    ...notes.map(({ text }) => `- ${text.replaceAll('\n', '\n  ')}`),
  ].join('\n');
}
