/** SQL of what controls bear on. */
import type { Queryable } from '#kernel';
import type { EntityKind, Perspective } from '../graph/schema.ts';

/** A control that somebody says bears on a thing, or on paths of a repository. */
export interface Bond {
  controlId: number;
  targetId: number;
  targetKind: EntityKind;
  targetKey: string;
  /** A glob where the target is a repository; empty for all of it. */
  slot: string;
  dataClass: string | null;
  system: string;
  /** Where it is written. */
  path: string | null;
  line: number | null;
}

const MAX_BONDS = 5_000;

/** All bonds of one control, or those that end at some things. */
export async function readBonds(
  db: Queryable,
  { acls, validAt, knownAt, hiddenSources }: Perspective,
  which: { controlId: number } | { targetIds: readonly number[] },
): Promise<Bond[]> {
  return db.query<Bond & object>(
    `select f.id as "controlId", t.id as "targetId", t.kind as "targetKind", t.key as "targetKey", e.slot,
       a.properties->>'dataClass' as "dataClass", s.system, a.evidence->>'path' as path,
       (a.evidence->>'startLine')::int as line
     from graph_edges e
     join graph_entities f on f.id = e.from_id and f.kind = 'control'
     join graph_entities t on t.id = e.to_id
     join graph_assertions a on a.edge_id = e.id
     join graph_sources s on s.id = a.source_id
     where e.kind = 'constrains' and ($5::bigint is null or e.from_id = $5)
       and ($6::bigint[] is null or e.to_id = any($6))
       and a.acl = any($1) and a.source_id <> all($4::bigint[])
       and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
     order by f.key collate "C", t.key collate "C", e.slot collate "C", s.id limit ${MAX_BONDS}`,
    [
      acls,
      validAt,
      knownAt,
      hiddenSources,
      'controlId' in which ? which.controlId : null,
      'targetIds' in which ? which.targetIds : null,
    ],
  );
}

/** Repositories that hold a thing. */
export async function readHomes(
  db: Queryable,
  { acls, validAt, knownAt, hiddenSources }: Perspective,
  entityId: number,
): Promise<string[]> {
  const rows = await db.query<{ key: string }>(
    `select distinct f.key from graph_edges e
     join graph_entities f on f.id = e.from_id and f.kind = 'repository'
     join graph_assertions a on a.edge_id = e.id
     where e.to_id = $5 and e.kind = 'contains' and a.acl = any($1) and a.source_id <> all($4::bigint[])
       and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
     order by f.key`,
    [acls, validAt, knownAt, hiddenSources, entityId],
  );
  return rows.map(({ key }) => key);
}

/** Rows of entities by their references, where there are any. */
export async function findRepositoryEntities(
  db: Queryable,
  names: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.query<{ id: number; key: string }>(
    `select id, key from graph_entities where kind = 'repository' and key = any($1)`,
    [names],
  );
  return new Map(rows.map(({ id, key }) => [key, id]));
}

/** Files of a repository as they are now. */
export async function readPaths(
  db: Queryable,
  repository: string,
): Promise<{ number: number; path: string }[]> {
  return db.query(
    `select f.number, f.path from files f join repositories r on r.id = f.repository_id
     where r.name = $1 and f.is_alive order by f.path collate "C"`,
    [repository],
  );
}

/** The newest changes to any of the files. */
export async function readChanges(
  db: Queryable,
  repository: string,
  numbers: readonly number[],
  limit: number,
): Promise<{ sha: string; subject: string; author: string; at: Date; files: number }[]> {
  return db.query(
    `select c.sha, c.subject, c.author_name as author, c.committed_at as at, count(*)::int as files
     from repositories r
     join commit_files t on t.repository_id = r.id and t.file_number = any($2)
     join commits c on c.repository_id = r.id and c.position = t.position
     where r.name = $1
     group by c.position, c.sha, c.subject, c.author_name, c.committed_at
     order by c.position desc limit $3`,
    [repository, numbers, limit],
  );
}
