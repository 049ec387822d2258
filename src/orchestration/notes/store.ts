/** SQL of notes: what a session is to hear at its next sign of life. */
import type { Id, Queryable, Tx } from '#kernel';

export const NOTE_KINDS = [
  'free',
  'hand-over',
  'asked',
  'split',
  'stop',
  'fenced',
  'message',
] as const;

export interface Note {
  kind: (typeof NOTE_KINDS)[number];
  fromSessionId: Id<'ses'> | null;
  /** Words of ours; what others wrote stands in quotes in it. */
  text: string;
}

export interface NewNote extends Note {
  sessionId: string;
  /** Equal notes to one session are one. */
  dedupeKey: string;
}

const MAX_TEXT = 8_000;
const TAKEN_AT_ONCE = 10;

/** Leaves notes. One that was left before stays as it is. */
export async function leaveNotes(tx: Tx, notes: readonly NewNote[]): Promise<void> {
  if (notes.length === 0) return;
  await tx.query(
    `insert into loom.session_notes (session_id, kind, from_session_id, body, dedupe_key)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
     on conflict on constraint session_notes_once do nothing`,
    [
      notes.map(({ sessionId }) => sessionId),
      notes.map(({ kind }) => kind),
      notes.map(({ fromSessionId }) => fromSessionId),
      notes.map(({ text }) => text.slice(0, MAX_TEXT)),
      notes.map(({ dedupeKey }) => dedupeKey.slice(0, 500)),
    ],
  );
}

/** Gives the notes the session has not heard, oldest first, and keeps them as heard. */
export async function takeNotes(queryable: Queryable, sessionId: string): Promise<Note[]> {
  const rows = await queryable.query<Note & { number: number }>(
    `update loom.session_notes set told_at = now()
     where number in (select number from loom.session_notes
       where session_id = $1 and told_at is null order by number limit ${TAKEN_AT_ONCE}
       for update skip locked)
     returning number, kind, from_session_id as "fromSessionId", body as text`,
    [sessionId],
    'session_notes_take',
  );
  return rows
    .sort((a, b) => a.number - b.number)
    .map(({ kind, fromSessionId, text }) => ({ kind, fromSessionId, text }));
}

/** What a session never heard goes to another one, when it ends in favour of that. */
export async function passNotesOn(tx: Tx, from: string, to: string): Promise<number> {
  const rows = await tx.query(
    `with unheard as (
       update loom.session_notes set told_at = now()
       where session_id = $1 and told_at is null and kind <> 'free'
       returning number, kind, body)
     insert into loom.session_notes (session_id, kind, from_session_id, body, dedupe_key)
     select $2, kind, $1, body, 'passed-on:' || number from unheard
     on conflict on constraint session_notes_once do nothing returning number`,
    [from, to],
  );
  return rows.length;
}
