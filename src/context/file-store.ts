/** SQL of files: those alive, and what became of the others. */
import type { Queryable } from '#kernel';
import { isRewritten } from './freshness.ts';

export interface KnownFile {
  number: number;
  path: string;
  class: string;
  outline: string;
  changeCount: number;
  changedAt: Date | null;
  sha: string | null;
}

interface FileRow {
  number: number;
  path: string;
  class: string;
  outline: string;
  change_count: number;
  committed_at: Date | null;
  sha: string | null;
}

const FILE_COLUMNS = `f.number, f.path, f.class, f.outline, f.change_count, c.committed_at, c.sha`;

function toFile(row: FileRow): KnownFile {
  return {
    number: row.number,
    path: row.path,
    class: row.class,
    outline: row.outline,
    changeCount: row.change_count,
    changedAt: row.change_count === 0 ? null : row.committed_at,
    sha: row.sha,
  };
}

export async function readFiles(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
): Promise<KnownFile[]> {
  const rows = await db.query<FileRow>(
    `select ${FILE_COLUMNS} from files f
     left join commits c on c.repository_id = f.repository_id and c.position = f.last_position
     where f.repository_id = $1 and f.number = any($2) and f.is_alive`,
    [repositoryId, numbers],
    'context_files',
  );
  return rows.map(toFile);
}

/** Alive files that are one of the paths, or lie in one of them as a folder. */
export async function findFiles(
  db: Queryable,
  repositoryId: string,
  paths: readonly string[],
): Promise<KnownFile[]> {
  const rows = await db.query<FileRow>(
    `select ${FILE_COLUMNS} from files f
     left join commits c on c.repository_id = f.repository_id and c.position = f.last_position
     where f.repository_id = $1 and f.is_alive and f.path = any($2)`,
    [repositoryId, paths],
  );
  return rows.map(toFile);
}

/** Alive files whose path ends in one of the names: people write `retry.ts`, not the whole path. */
export async function findFilesByEnding(
  db: Queryable,
  repositoryId: string,
  endings: readonly string[],
): Promise<KnownFile[]> {
  const rows = await db.query<FileRow>(
    `select ${FILE_COLUMNS} from files f
     join unnest($2::text[]) as ending on right(f.path, length(ending) + 1) = '/' || ending
     left join commits c on c.repository_id = f.repository_id and c.position = f.last_position
     where f.repository_id = $1 and f.is_alive limit 200`,
    [repositoryId, endings],
  );
  return rows.map(toFile);
}

/** Of paths that are gone: where the file is now, or null when it was deleted. */
export async function findSuccessors(
  db: Queryable,
  repositoryId: string,
  paths: readonly string[],
): Promise<Map<string, string | null>> {
  const rows = await db.query<{ path: string; now: string | null }>(
    `select distinct on (t.path) t.path, case when f.is_alive then f.path end as now
     from commit_files t join files f using (repository_id)
     where t.repository_id = $1 and t.path = any($2) and f.number = t.file_number
     order by t.path, t.position desc`,
    [repositoryId, paths],
  );
  return new Map(rows.map(({ path, now }) => [path, now]));
}

/** Of the given paths those that were once files and are files no more. */
export async function findVanished(
  db: Queryable,
  repositoryId: string,
  paths: readonly string[],
): Promise<Set<string>> {
  const rows = await db.query<{ path: string }>(
    `select path from files where repository_id = $1 and path = any($2)
     group by path having not bool_or(is_alive)`,
    [repositoryId, paths],
  );
  return new Set(rows.map(({ path }) => path));
}

/** Per document, the files it names that changed a lot since it was last edited. */
export async function findRewritten(
  db: Queryable,
  repositoryId: string,
  documents: readonly { path: string; mentions: readonly string[] }[],
): Promise<Map<string, string[]>> {
  const pairs = documents.flatMap(({ path, mentions }) =>
    mentions.slice(0, 50).map((mention) => ({ path, mention })),
  );
  if (pairs.length === 0) return new Map();
  const rows = await db.query<{
    path: string;
    mention: string;
    commits: number;
    since: number;
  }>(
    `select pair.path, pair.mention, f.change_count as commits,
       (select count(*)::int from commit_files t
        where t.repository_id = $1 and t.file_number = f.number and t.position > d.last_position) as since
     from unnest($2::text[], $3::text[]) as pair (path, mention)
     join files d on d.repository_id = $1 and d.path = pair.path and d.is_alive
     join files f on f.repository_id = $1 and f.path = pair.mention and f.is_alive`,
    [repositoryId, pairs.map(({ path }) => path), pairs.map(({ mention }) => mention)],
    'context_rewritten',
  );
  const rewritten = new Map<string, string[]>();
  for (const { path, mention, commits, since } of rows) {
    if (!isRewritten({ commits, commitsSince: since })) continue;
    rewritten.set(path, [...(rewritten.get(path) ?? []), mention]);
  }
  return rewritten;
}
