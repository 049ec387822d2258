/** SQL that reads what an import knows of a repository, for the graph. */
import { createBreather, type Queryable, type Tx } from '#kernel';
import type { CatalogEntity } from '../catalog.ts';
import type { KnownRecord } from './document-facts.ts';
import type { FileName } from './file-facts.ts';

export interface FileRow {
  number: number;
  path: string;
  class: string;
  blobSha: string;
  size: number;
  firstPosition: number;
  lastPosition: number;
  isAlive: boolean;
}

/**
 * Files that are, and the dead ones of the paths asked for or that died after a position. The dead are
 * told apart here: comparing every row with thousands of paths is minutes for the database when it
 * has not seen the table's statistics yet.
 */
export async function readFileRows(
  db: Queryable,
  repositoryId: string,
  wanted: { deadPaths: readonly string[]; diedAfter: number },
): Promise<FileRow[]> {
  const rows = await db.query<{
    number: number;
    path: string;
    class: string;
    blob_sha: string | null;
    size: number;
    first_position: number;
    last_position: number;
    is_alive: boolean;
  }>(
    `select number, path, class, blob_sha, size, first_position, last_position, is_alive from files
     where repository_id = $1
     order by last_position, number`,
    [repositoryId],
  );
  const deadPaths = new Set(wanted.deadPaths);
  const isWanted = (row: (typeof rows)[number]) =>
    row.is_alive || row.last_position > wanted.diedAfter || deadPaths.has(row.path);
  return rows.filter(isWanted).map((row) => ({
    number: row.number,
    path: row.path,
    class: row.class,
    blobSha: row.blob_sha ?? '',
    size: row.size,
    firstPosition: row.first_position,
    lastPosition: row.last_position,
    isAlive: row.is_alive,
  }));
}

/**
 * Births, renames and deaths of files by their number, oldest first. One plain scan: right after an
 * import the planner knows nothing of the tables yet, and a join may take it minutes.
 */
export async function readFileNames(
  db: Queryable,
  repositoryId: string,
): Promise<Map<number, FileName[]>> {
  const names = new Map<number, FileName[]>();
  const rows = await db.query<{
    file_number: number;
    path: string;
    position: number;
    status: string;
  }>(
    `select file_number, path, position, status from commit_files
     where repository_id = $1 and status in ('added', 'copied', 'renamed', 'deleted') order by position`,
    [repositoryId],
  );
  const breathe = createBreather();
  for (const row of rows) {
    await breathe();
    const name = { path: row.path, position: row.position, isGone: row.status === 'deleted' };
    const list = names.get(row.file_number);
    if (list === undefined) names.set(row.file_number, [name]);
    else list.push(name);
  }
  return names;
}

export async function readCommitTimes(
  db: Queryable,
  repositoryId: string,
): Promise<{ shas: string[]; times: number[] }> {
  const rows = await db.query<{ position: number; sha: string; at: number }>(
    `select position, sha, extract(epoch from committed_at)::float8 * 1000 as at from commits
     where repository_id = $1 order by position`,
    [repositoryId],
  );
  const shas: string[] = [];
  const times: number[] = [];
  for (const row of rows) {
    shas[row.position] = row.sha;
    times[row.position] = row.at;
  }
  return { shas, times };
}

export async function readRecords(
  db: Queryable,
  repositoryId: string,
): Promise<(KnownRecord & { supersedes: string[]; supersededBy: string[] })[]> {
  const rows = await db.query<{
    path: string;
    kind: KnownRecord['kind'];
    form: string;
    title: string;
    scope: string[];
    mentions: string[];
    mention_lines: number[];
    details: Record<string, string>;
    status: string | null;
    decided_on: string | null;
    supersedes: string[] | null;
    superseded_by: string[] | null;
    sections: { heading: string; startLine: number; endLine: number }[] | null;
  }>(
    `select d.path, d.kind, d.form, d.title, d.scope, d.mentions, d.mention_lines, d.details, r.status, r.decided_on, r.supersedes,
       r.superseded_by, s.sections
     from documents d
     left join decision_records r using (repository_id, path)
     left join (
       select path, jsonb_agg(jsonb_build_object('heading', heading, 'startLine', start_line, 'endLine', end_line)
         order by ordinal) as sections
       from document_sections where repository_id = $1 group by path
     ) s on s.path = d.path
     where d.repository_id = $1 order by d.path collate "C"`,
    [repositoryId],
  );
  return rows.map((row) => ({
    path: row.path,
    kind: row.kind,
    form: row.form,
    title: row.title,
    scope: row.scope,
    mentions: row.mentions.map((path, index) => ({ path, line: row.mention_lines[index] ?? null })),
    status: row.status,
    decidedOn: row.decided_on,
    details: row.details,
    sections: row.sections ?? [],
    supersedes: row.supersedes ?? [],
    supersededBy: row.superseded_by ?? [],
  }));
}

export async function readCatalogRows(
  db: Queryable,
  repositoryId: string,
): Promise<CatalogEntity[]> {
  return db.query(
    `select kind, namespace, name, path, owner, definition from catalog_entities
     where repository_id = $1 order by path collate "C", kind, namespace, name`,
    [repositoryId],
  );
}

export interface SkippedReason {
  reason: string;
  count: number;
  /** A few of them. */
  examples: string[];
  /** It is known by another way all the same. */
  isKnown?: boolean;
}

export async function readCursor(
  db: Queryable,
  source: string,
): Promise<{ cursor: unknown; skipped: SkippedReason[] } | undefined> {
  const [row] = await db.query<{ cursor: unknown; skipped: SkippedReason[] }>(
    'select cursor, skipped from graph_cursors where source = $1',
    [source],
  );
  return row;
}

export async function saveCursor(
  tx: Tx,
  source: string,
  cursor: unknown,
  skipped: readonly SkippedReason[],
  now: Date,
): Promise<void> {
  await tx.query(
    `insert into graph_cursors (source, cursor, skipped, updated_at) values ($1, $2::jsonb, $3::jsonb, $4)
     on conflict (source) do update set cursor = excluded.cursor, skipped = excluded.skipped,
       updated_at = excluded.updated_at`,
    [source, JSON.stringify(cursor), JSON.stringify(skipped), now],
  );
}

/** Everybody who wrote a commit, as commits name them. */
export async function readAuthors(
  db: Queryable,
  repositoryId: string,
): Promise<{ name: string; email: string }[]> {
  return db.query(
    `select distinct author_name as name, author_email as email from commits
     where repository_id = $1 and not is_robot order by author_email, author_name limit 50000`,
    [repositoryId],
  );
}

export async function deleteCursor(tx: Tx, source: string): Promise<void> {
  await tx.query('delete from graph_cursors where source = $1', [source]);
}

/** Tells the planner of tables that an import filled; autovacuum may come minutes later. */
export async function analyseTables(tx: Tx): Promise<void> {
  for (const table of [
    'commits',
    'commit_files',
    'files',
    'graph_entities',
    'graph_edges',
    'graph_assertions',
    'graph_sources',
    'graph_statements',
  ]) {
    await tx.query(`analyze ${table}`);
  }
}
