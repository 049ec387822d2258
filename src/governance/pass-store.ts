/** SQL of passes. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Assignment } from './schema.ts';

export interface Pass extends Assignment {
  id: Id<'tok'>;
  holder: string;
  node: string;
  hint: string;
  createdAt: Date;
  expiresAt: Date;
}

const PASS = `id, holder, repository, title, work_item_id as "workItemId", node, hint, created_at as "createdAt",
  expires_at as "expiresAt", revoked_at as "revokedAt"`;

export async function insertPass(tx: Tx, pass: Pass, secretHash: Buffer): Promise<void> {
  await tx.query(
    `insert into loom.agent_passes
       (id, holder, repository, title, work_item_id, node, hint, secret_sha256, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      pass.id,
      pass.holder,
      pass.repository,
      pass.title,
      pass.workItemId,
      pass.node,
      pass.hint,
      secretHash,
      pass.createdAt,
      pass.expiresAt,
    ],
  );
}

/** One statement, on the path of every call of such an agent. */
export async function findPass(
  queryable: Queryable,
  secretHash: Buffer,
): Promise<(Pass & { revokedAt: Date | null }) | undefined> {
  const rows = await queryable.query<Pass & { revokedAt: Date | null }>(
    `select ${PASS} from loom.agent_passes where secret_sha256 = $1`,
    [secretHash],
    'governance-pass',
  );
  return rows[0];
}

export async function revokePasses(
  tx: Tx,
  { node, holder, now }: { node: string; holder: string | undefined; now: Date },
): Promise<Pass[]> {
  return tx.query<Pass>(
    `update loom.agent_passes set revoked_at = $3
     where node = $1 and ($2::text is null or holder = $2) and revoked_at is null
     returning ${PASS}`,
    [node, holder ?? null, now],
  );
}
