/** SQL of the packs that were served, and of what each session was told. */
import type { Id, Queryable, Tx } from '#kernel';
import type { ToldItem } from './render.ts';
import { ContextPack } from './schema.ts';

/** Keeps the pack as it goes over the wire; what is read back later is this text, byte for byte. */
export async function insertPack(tx: Tx, repositoryId: string, pack: ContextPack): Promise<void> {
  await tx.query(
    `insert into context_packs
       (id, repository_id, session_id, work_item_id, adds_to, content_hash, tokens, body, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      pack.id,
      repositoryId,
      pack.sessionId,
      pack.workItemId,
      pack.addsTo,
      pack.contentHash,
      pack.tokens,
      JSON.stringify(pack),
      pack.createdAt,
    ],
  );
}

export interface StoredPack {
  pack: ContextPack;
  repositoryId: string;
  /** The pack as it was handed out over HTTP. */
  body: string;
}

/** By id, or the newest with this SHA-256 of its text. */
export async function findPackRow(
  db: Queryable,
  reference: Id<'ctx'> | { contentHash: string },
): Promise<StoredPack | undefined> {
  const [row] = await db.query<{ body: string; repository_id: string }>(
    `select body, repository_id from context_packs
     where ${typeof reference === 'string' ? 'id' : 'content_hash'} = $1 and body is not null
     order by created_at desc limit 1`,
    [typeof reference === 'string' ? reference : reference.contentHash],
  );
  if (row === undefined) return undefined;
  return { pack: readPack(row.body), repositoryId: row.repository_id, body: row.body };
}

/** JSON keeps dates as text; they are dates again in what is handed out. */
function readPack(body: string): ContextPack {
  const stored = JSON.parse(body) as ContextPack;
  return ContextPack.parse({
    ...stored,
    createdAt: new Date(stored.createdAt),
    items: stored.items.map((item) =>
      Object.assign(item, {
        observedAt: item.observedAt === null ? null : new Date(item.observedAt),
      }),
    ),
  });
}

/** What a session was told in a repository, by what it is about; and the pack it was told in last. */
export async function readTold(
  db: Queryable,
  sessionId: string,
  repositoryId: string,
): Promise<{ items: Map<string, ToldItem>; lastPackId: Id<'ctx'> | null }> {
  const rows = await db.query<{
    key: string;
    item_id: string;
    fingerprint: string;
    pack_id: Id<'ctx'>;
  }>(
    // Ids of packs hold their time, so the greatest is the newest.
    `select key, item_id, fingerprint, pack_id from told_items
     where session_id = $1 and repository_id = $2 order by pack_id`,
    [sessionId, repositoryId],
    'context_told',
  );
  return {
    items: new Map(rows.map((row) => [row.key, { id: row.item_id, fingerprint: row.fingerprint }])),
    lastPackId: rows.at(-1)?.pack_id ?? null,
  };
}

export async function saveTold(
  tx: Tx,
  pack: { id: string; sessionId: string; repositoryId: string },
  items: readonly { key: string; id: string; fingerprint: string }[],
): Promise<void> {
  const byKey = [...new Map(items.map((item) => [item.key, item])).values()];
  await tx.query(
    `insert into told_items (session_id, repository_id, key, item_id, fingerprint, pack_id)
     select $1, $2, told.key, told.item_id, told.fingerprint, $3
     from unnest($4::text[], $5::text[], $6::text[]) as told (key, item_id, fingerprint)
     on conflict (session_id, repository_id, key)
       do update set fingerprint = excluded.fingerprint, pack_id = excluded.pack_id, item_id = excluded.item_id`,
    [
      pack.sessionId,
      pack.repositoryId,
      pack.id,
      byKey.map(({ key }) => key),
      byKey.map(({ id }) => id),
      byKey.map(({ fingerprint }) => fingerprint),
    ],
  );
}

/** The pack in which a session was told an item that a later pack only names. */
export async function findTellingPack(
  db: Queryable,
  sessionId: string,
  itemId: string,
): Promise<Id<'ctx'> | undefined> {
  const [row] = await db.query<{ pack_id: Id<'ctx'> }>(
    `select pack_id from told_items where session_id = $1 and item_id = $2 order by pack_id desc limit 1`,
    [sessionId, itemId],
  );
  return row?.pack_id;
}

/** The session's agent starts with an empty memory: everything is news again. */
export async function forgetTold(db: Queryable, sessionId: string): Promise<void> {
  await db.query('delete from told_items where session_id = $1', [sessionId]);
  await db.query('delete from briefed_paths where session_id = $1', [sessionId]);
}

/** True for the first caller alone. */
export async function claimPathBriefing(
  db: Queryable,
  briefing: { sessionId: string; repositoryId: string; path: string; at: Date },
): Promise<boolean> {
  const rows = await db.query(
    `insert into briefed_paths (session_id, repository_id, path, briefed_at) values ($1, $2, $3, $4)
     on conflict do nothing returning path`,
    [briefing.sessionId, briefing.repositoryId, briefing.path, briefing.at],
    'context_brief_path',
  );
  return rows.length > 0;
}

/** Whether the session was told of the path, or nobody here knows the repository. */
export async function hasBriefing(
  db: Queryable,
  edit: { sessionId: string; repository: string; path: string },
): Promise<boolean> {
  const [row] = await db.query<{ known: boolean }>(
    `select not exists (select from repositories where name = $2)
       or exists (
         select from briefed_paths b join repositories r on r.id = b.repository_id
         where b.session_id = $1 and r.name = $2 and b.path = $3) as known`,
    [edit.sessionId, edit.repository, edit.path],
    'context_has_briefing',
  );
  return row?.known === true;
}
