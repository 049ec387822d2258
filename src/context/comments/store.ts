/** SQL of comments. */
import type { Queryable, Tx } from '#kernel';

export interface CommentRow {
  system: string;
  object: string;
  subject: string;
  is_change: boolean;
  repository: string | null;
  author: string[];
  author_name: string | null;
  text: string;
  url: string | null;
  path: string | null;
  line: number | null;
  written_at: Date;
  said_at: Date;
  gone_at: Date | null;
}

/** Gives what changed by it; undefined when it is no news. */
export async function upsertComment(
  tx: Tx,
  row: CommentRow,
): Promise<'written' | 'edited' | 'deleted' | undefined> {
  const rows = await tx.query<{ is_new: boolean }>(
    `insert into comments as c (system, object, subject, is_change, repository, author, author_name, text,
       url, path, line, written_at, said_at, gone_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
     on conflict (system, object) do update set subject = excluded.subject,
       repository = excluded.repository, author = excluded.author, author_name = excluded.author_name,
       text = excluded.text, url = coalesce(excluded.url, c.url), path = coalesce(excluded.path, c.path),
       line = coalesce(excluded.line, c.line), written_at = least(c.written_at, excluded.written_at),
       said_at = excluded.said_at, gone_at = excluded.gone_at
     where case
       when excluded.gone_at is not null then c.gone_at is null
       when c.gone_at is not null then excluded.said_at > c.gone_at
       else excluded.said_at > c.said_at or (excluded.said_at = c.said_at and excluded.text <> c.text)
     end
     returning xmax = 0 as is_new`,
    [
      row.system,
      row.object,
      row.subject,
      row.is_change,
      row.repository,
      row.author,
      row.author_name,
      row.text,
      row.url,
      row.path,
      row.line,
      row.written_at,
      row.said_at,
      row.gone_at,
    ],
  );
  if (rows[0] === undefined) return undefined;
  if (row.gone_at !== null) return 'deleted';
  return rows[0].is_new ? 'written' : 'edited';
}

/** True where the comment is of something of ours: an imported repository, or a work item we know. */
export async function isOurs(
  queryable: Queryable,
  system: string,
  { repository, subject }: { repository: string | null; subject: string },
): Promise<boolean> {
  const [row] = await queryable.query<{ yes: boolean }>(
    `select exists (select from loom.repositories where host = $1 and name = $2 and removed_at is null)
       or exists (select from loom.work_items where source = $1 and external_key = $3) as yes`,
    [system, repository, subject],
  );
  return row?.yes === true;
}

/** The newest so many, oldest first. */
export function listComments(
  queryable: Queryable,
  on: { system: string; subject: string },
  limit: number,
): Promise<CommentRow[]> {
  return queryable.query<CommentRow>(
    `select * from (select * from comments where system = $1 and subject = $2 and gone_at is null
       order by written_at desc, object desc limit $3) newest order by written_at, object`,
    [on.system, on.subject, limit],
  );
}

/** On a work item and on the changes made for it, newest first. */
export function listForWorkItem(
  queryable: Queryable,
  workItemId: string,
  limit: number,
): Promise<CommentRow[]> {
  return queryable.query<CommentRow>(
    `select c.* from comments c
     where c.gone_at is null and (c.system, c.subject) in (
       select w.source, w.external_key from loom.work_items w where w.id = $1
       union select ch.host, ch.repository || '#' || ch.number from loom.changes ch where ch.work_item_id = $1)
     order by c.written_at desc, c.object desc limit $2`,
    [workItemId, limit],
  );
}

/** Its words, unless it is gone. */
export async function readComment(
  queryable: Queryable,
  at: { system: string; object: string },
): Promise<string | undefined> {
  const rows = await queryable.query<{ text: string }>(
    'select text from comments where system = $1 and object = $2 and gone_at is null',
    [at.system, at.object],
  );
  return rows[0]?.text;
}

/** `objects` are `<repository>:<id>`, as in the graph. */
export async function buryComments(
  tx: Tx,
  system: string,
  gone: { repository: string; objects: readonly string[] },
  now: Date,
): Promise<void> {
  await tx.query(
    `update comments set gone_at = $4, text = '' where system = $1 and repository = $2
       and object = any($3::text[]) and gone_at is null`,
    [
      system,
      gone.repository,
      gone.objects.map((one) => one.slice(gone.repository.length + 1)),
      now,
    ],
  );
}
