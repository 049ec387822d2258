/** SQL that finds merged changes and review comments whose commit we have read, and the files in it. */
import type { Queryable } from '#kernel';

/** A source object and the commit by which its change landed. */
export interface Landed {
  object: string;
  acl: string;
  /** Key of the change. */
  change: string;
  sha: string;
  position: number;
  committedAt: Date;
}

interface LandedRow {
  object: string;
  acl: string;
  change: string;
  sha: string;
  position: number;
  committed_at: Date;
}

const toLanded = (row: LandedRow): Landed => ({
  object: row.object,
  acl: row.acl,
  change: row.change,
  sha: row.sha,
  position: row.position,
  committedAt: row.committed_at,
});

export interface Where {
  system: string;
  repositoryId: string;
  repository: string;
}

/** Merged changes that are not linked to the commit they say they landed by. Oldest commit first. */
export async function readLandedChanges(
  db: Queryable,
  { system, repositoryId, repository }: Where,
  suffix: string,
): Promise<(Landed & { message: string })[]> {
  const rows = await db.query<LandedRow & { message: string }>(
    `select s.object, s.acl, t.key as change, c.sha, c.position, c.committed_at,
       c.subject || E'\\n' || c.body as message
     from graph_sources s
     join graph_assertions a on a.source_id = s.id and upper_inf(a.seen) and upper_inf(a.valid)
     join graph_edges e on e.id = a.edge_id and e.kind = 'contains'
     join graph_entities t on t.id = e.to_id and t.kind = 'change'
     join commits c on c.repository_id = $2 and c.sha = a.properties->>'mergeSha'
     left join graph_sources l on l.system = s.system and l.object = s.object || $4
     where s.system = $1 and s.scope = $3 and l.revision is distinct from c.sha
     order by c.position, s.object collate "C"`,
    [system, repositoryId, repository, suffix],
  );
  return rows.map((row) => ({ ...toLanded(row), message: row.message }));
}

/** Review comments of landed changes that are not linked to their file in the commit. */
export async function readLandedComments(
  db: Queryable,
  { system, repositoryId, repository }: Where,
  suffix: string,
): Promise<(Landed & { path: string; url: string | null; fileNumber: number })[]> {
  const rows = await db.query<
    LandedRow & { path: string; url: string | null; file_number: number }
  >(
    `select s.object, s.acl, t.key as change, c.sha, c.position, c.committed_at, m.path,
       a.evidence->>'url' as url, m.file_number
     from graph_sources s
     join graph_assertions a on a.source_id = s.id and upper_inf(a.seen) and upper_inf(a.valid)
     join graph_edges e on e.id = a.edge_id and e.kind = 'reviewed'
     join graph_entities t on t.id = e.to_id and t.kind = 'change'
     join graph_edges h on h.to_id = t.id and h.kind = 'contains'
     join graph_assertions k on k.edge_id = h.id and upper_inf(k.seen) and upper_inf(k.valid)
     join commits c on c.repository_id = $2 and c.sha = k.properties->>'mergeSha'
     join commit_files m on m.repository_id = $2 and m.position = c.position and m.path = a.evidence->>'path'
     left join graph_sources l on l.system = s.system and l.object = s.object || $4
     where s.system = $1 and s.scope = $3 and l.revision is distinct from c.sha
     order by c.position, s.object collate "C"`,
    [system, repositoryId, repository, suffix],
  );
  return rows.map((row) => ({
    ...toLanded(row),
    path: row.path,
    url: row.url,
    fileNumber: row.file_number,
  }));
}

/** The files of some commits, by position, in the order of their paths and at most so many of each. */
export async function readCommitFiles(
  db: Queryable,
  repositoryId: string,
  positions: readonly number[],
  most: number,
): Promise<Map<number, { number: number; path: string; status: string }[]>> {
  const rows = await db.query<{ position: number; number: number; path: string; status: string }>(
    `select m.position, m.file_number as number, m.path, m.status
     from unnest($2::int[]) as p (position)
     cross join lateral (
       select * from commit_files f where f.repository_id = $1 and f.position = p.position
       order by f.path collate "C" limit $3
     ) m
     order by m.position, m.path collate "C"`,
    [repositoryId, positions, most],
  );
  return Map.groupBy(rows, ({ position }) => position);
}

/** Where and by which commit files were born, by number; no sha where history does not reach back. */
export async function readBirths(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
): Promise<Map<number, { path: string; sha: string | undefined }>> {
  const rows = await db.query<{ number: number; path: string; sha: string | null }>(
    `select f.number, coalesce(b.path, f.path) as path, c.sha
     from files f
     left join lateral (
       select m.path, m.position from commit_files m
       where m.repository_id = $1 and m.file_number = f.number
         and m.status in ('added', 'copied', 'renamed', 'deleted')
       order by m.position limit 1
     ) b on true
     left join commits c on c.repository_id = $1 and c.position = b.position and b.position = f.first_position
     where f.repository_id = $1 and f.number = any($2)`,
    [repositoryId, numbers],
  );
  return new Map(rows.map(({ number, path, sha }) => [number, { path, sha: sha ?? undefined }]));
}
