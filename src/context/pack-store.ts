/** SQL of the packs that were served. */
import type { Id, Queryable, Tx } from '#kernel';
import { ContextPack } from './schema.ts';

export async function insertPack(tx: Tx, repositoryId: string, pack: ContextPack): Promise<void> {
  await tx.query(
    `insert into context_packs (id, repository_id, session_id, work_item_id, content_hash, tokens, pack, created_at)
     values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8)`,
    [
      pack.id,
      repositoryId,
      pack.sessionId,
      pack.workItemId,
      pack.contentHash,
      pack.tokens,
      JSON.stringify(pack),
      pack.createdAt,
    ],
  );
}

/** JSON keeps dates as text; they are dates again in what is handed out. */
export async function findPackRow(
  db: Queryable,
  id: Id<'ctx'>,
): Promise<{ pack: ContextPack; repositoryId: string } | undefined> {
  const [row] = await db.query<{ pack: unknown; repository_id: string }>(
    'select pack, repository_id from context_packs where id = $1',
    [id],
  );
  if (row === undefined) return undefined;
  const stored = row.pack as ContextPack;
  const pack = ContextPack.parse({
    ...stored,
    createdAt: new Date(stored.createdAt),
    items: stored.items.map((item) =>
      Object.assign(item, { changedAt: item.changedAt === null ? null : new Date(item.changedAt) }),
    ),
  });
  return { pack, repositoryId: row.repository_id };
}
