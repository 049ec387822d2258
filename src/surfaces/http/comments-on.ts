/** Comments as the API shows them: with the person here whose account wrote each. */
import type { Comment, CommentRow } from '#context';
import type { Person } from '#governance';
import type { Services } from '../services.ts';

export async function commentsOn(
  { context, governance }: Pick<Services, 'context' | 'governance'>,
  on: { system: string; subject: string },
): Promise<Comment[]> {
  const rows = await context.comments.list(on);
  const people = new Map<string, Person | undefined>();
  for (const { author } of rows) {
    const key = author.join(' ');
    if (key !== '' && !people.has(key)) {
      people.set(key, await governance.findPersonByIdentity(author));
    }
  }
  return rows.map((row) => toComment(row, people.get(row.author.join(' '))));
}

function toComment(row: CommentRow, person: Person | undefined): Comment {
  return {
    id: row.object,
    system: row.system,
    author: row.author_name,
    person: person === undefined ? null : { id: person.id, name: person.name },
    text: row.text,
    url: row.url,
    path: row.path,
    line: row.line,
    writtenAt: row.written_at,
    isEdited: row.said_at.getTime() > row.written_at.getTime(),
  };
}
