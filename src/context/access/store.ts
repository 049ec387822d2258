/** SQL of restrictions on sources. */
import type { Queryable, Tx } from '#kernel';
import type { SourceRestriction } from './viewer.ts';

export interface KeptRestriction extends SourceRestriction {
  repository: string | null;
  reason: string;
  createdBy: string;
  createdAt: Date;
}

interface Row {
  id: string;
  repository_id: string | null;
  repository: string | null;
  system: string;
  prefix: string;
  teams: string[];
  people: string[];
  reason: string;
  created_by: string;
  created_at: Date;
}

/** Those that bear on a repository; on all repositories without one. */
export async function readRestrictions(
  db: Queryable,
  repositoryId?: string,
): Promise<KeptRestriction[]> {
  const rows = await db.query<Row>(
    `select s.id, s.repository_id, r.name as repository, s.system, s.prefix, s.teams, s.people, s.reason,
       s.created_by, s.created_at
     from source_restrictions s left join repositories r on r.id = s.repository_id
     where $1::text is null or s.repository_id is null or s.repository_id = $1
     order by s.created_at, s.id`,
    [repositoryId ?? null],
    'context_restrictions',
  );
  return rows.map((row) => ({
    id: row.id,
    repositoryId: row.repository_id,
    repository: row.repository,
    system: row.system,
    prefix: row.prefix,
    teams: row.teams,
    people: row.people,
    reason: row.reason,
    createdBy: row.created_by,
    createdAt: row.created_at,
  }));
}

export async function insertRestriction(
  tx: Tx,
  kept: Omit<KeptRestriction, 'repository'>,
): Promise<void> {
  await tx.query(
    `insert into source_restrictions
       (id, repository_id, system, prefix, teams, people, reason, created_by, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      kept.id,
      kept.repositoryId,
      kept.system,
      kept.prefix,
      kept.teams,
      kept.people,
      kept.reason,
      kept.createdBy,
      kept.createdAt,
    ],
  );
}

/** False when there is none. */
export async function deleteRestriction(tx: Tx, id: string): Promise<boolean> {
  const rows = await tx.query('delete from source_restrictions where id = $1 returning id', [id]);
  return rows.length > 0;
}
