/** SQL of the Context Layer, for what is served. */
import type { Id, Queryable, Tx } from '#kernel';
import type { DecisionStatus } from './documents.ts';
import { ContextPack } from './schema.ts';

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

export interface Touch {
  position: number;
  fileNumber: number;
  fileCount: number;
  committedAt: Date;
  sha: string;
  subject: string;
}

/** The files of some commits; sweeping ones are left out. */
export async function readTouches(
  db: Queryable,
  repositoryId: string,
  positions: readonly number[],
): Promise<Touch[]> {
  const rows = await db.query<{
    position: number;
    file_number: number;
    file_count: number;
    committed_at: Date;
    sha: string;
    subject: string;
  }>(
    `select t.position, t.file_number, c.file_count, c.committed_at, c.sha, c.subject
     from commit_files t join commits c using (repository_id, position)
     where t.repository_id = $1 and t.position = any($2) and c.file_count <= 60`,
    [repositoryId, positions],
    'context_touches',
  );
  return rows.map((row) => ({
    position: row.position,
    fileNumber: row.file_number,
    fileCount: row.file_count,
    committedAt: row.committed_at,
    sha: row.sha,
    subject: row.subject,
  }));
}

export interface Companion {
  fileNumber: number;
  score: number;
  together: number;
  lastAt: Date;
  lastSha: string;
}

/** What changed in the same commits: recent ones count more, wide ones less. Half-life one year. */
export async function readCompanions(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
  now: Date,
): Promise<Companion[]> {
  const rows = await db.query<{
    file_number: number;
    score: number;
    together: number;
    last_at: Date;
    last_sha: string;
  }>(
    `with commit_set as (
       select distinct c.position, c.sha, c.committed_at,
         power(0.5::float8, greatest(0, least(1000, extract(epoch from $3::timestamptz - c.committed_at)::float8 / 31536000)))
           / ln(1 + c.file_count::float8) as weight
       from commit_files t join commits c using (repository_id, position)
       where t.repository_id = $1 and t.file_number = any($2) and c.file_count between 2 and 40
     )
     select other.file_number, sum(s.weight) as score, count(*)::int as together,
       max(s.committed_at) as last_at, (array_agg(s.sha order by s.position desc))[1] as last_sha
     from commit_set s
     join commit_files other on other.repository_id = $1 and other.position = s.position
     join files f on f.repository_id = $1 and f.number = other.file_number
     where other.file_number <> all($2) and f.is_alive and f.class <> 'generated'
     group by other.file_number
     having count(*) > 1
     order by score desc limit 12`,
    [repositoryId, numbers, now],
    'context_companions',
  );
  return rows.map((row) => ({
    fileNumber: row.file_number,
    score: row.score,
    together: row.together,
    lastAt: row.last_at,
    lastSha: row.last_sha,
  }));
}

export interface AuthorRow {
  kind: 'paths' | 'folders' | 'anywhere';
  name: string;
  email: string;
  weight: number;
  changes: number;
  lastAt: Date;
}

/** Beyond this many commits a half-life of 120 days leaves nothing that could change the order. */
const RECENT_COMMITS = 1_500;

/** Decayed authorship on paths (half-life 180 days), in their folders and anywhere (120 days). */
export async function readAuthors(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
  folders: readonly string[],
  now: Date,
): Promise<AuthorRow[]> {
  const decay = (days: number) =>
    `sum(power(0.5::float8, greatest(0, least(1000, extract(epoch from $2::timestamptz - c.committed_at)::float8 / ${days * 86_400}))))`;
  const rows = await db.query<{
    kind: AuthorRow['kind'];
    name: string;
    email: string;
    weight: number;
    changes: number;
    last_at: Date;
  }>(
    `with newest as (select max(position) as position from commits where repository_id = $1)
     select 'paths' as kind, c.author_name as name, c.author_email as email, ${decay(180)} as weight,
       count(*)::int as changes, max(c.committed_at) as last_at
     from commit_files t join commits c using (repository_id, position)
     where t.repository_id = $1 and t.file_number = any($3) and not c.is_robot
     group by 2, 3
     union all
     select 'folders', c.author_name, c.author_email, ${decay(120)}, count(*)::int, max(c.committed_at)
     from commits c
     join (
       select distinct t.position
       from commit_files t join files f on f.repository_id = $1 and f.number = t.file_number
       where t.repository_id = $1 and t.position > (select position from newest) - ${RECENT_COMMITS}
         and left(f.path, length(f.path) - position('/' in reverse(f.path))) = any($4)
     ) near using (position)
     where c.repository_id = $1 and not c.is_robot
     group by 2, 3
     union all
     select 'anywhere', author_name, author_email, ${decay(120)}, count(*)::int, max(committed_at)
     from commits c
     where repository_id = $1 and not is_robot
       and position > (select position from newest) - ${RECENT_COMMITS}
     group by 2, 3`,
    [repositoryId, now, numbers, folders],
    'context_authors',
  );
  return rows.map((row) => ({
    kind: row.kind,
    name: row.name,
    email: row.email,
    weight: row.weight,
    changes: row.changes,
    lastAt: row.last_at,
  }));
}

export interface KnownDocument {
  path: string;
  kind: 'document' | 'decision' | 'rule';
  title: string;
  scope: string[];
  mentions: string[];
  status: DecisionStatus | null;
  decidedOn: string | null;
  supersedes: string[];
  supersededBy: string[];
  changedAt: Date | null;
  sha: string | null;
}

/** Documents of these kinds, or at these paths. */
export async function readDocuments(
  db: Queryable,
  repositoryId: string,
  filter: { kinds?: readonly string[]; paths?: readonly string[] },
): Promise<KnownDocument[]> {
  const rows = await db.query<{
    path: string;
    kind: KnownDocument['kind'];
    title: string;
    scope: string[];
    mentions: string[];
    status: DecisionStatus | null;
    decided_on: string | null;
    supersedes: string[] | null;
    superseded_by: string[] | null;
    committed_at: Date | null;
    sha: string | null;
  }>(
    `select d.path, d.kind, d.title, d.scope, d.mentions, r.status, r.decided_on, r.supersedes, r.superseded_by,
       c.committed_at, c.sha
     from documents d
     left join decision_records r using (repository_id, path)
     left join files f on f.repository_id = d.repository_id and f.path = d.path and f.is_alive
     left join commits c on c.repository_id = d.repository_id and c.position = f.last_position and f.change_count > 0
     where d.repository_id = $1 and (d.kind = any($2) or d.path = any($3))
     order by d.path limit 2000`,
    [repositoryId, filter.kinds ?? [], filter.paths ?? []],
    'context_documents',
  );
  return rows.map((row) => ({
    path: row.path,
    kind: row.kind,
    title: row.title,
    scope: row.scope,
    mentions: row.mentions,
    status: row.status,
    decidedOn: row.decided_on,
    supersedes: row.supersedes ?? [],
    supersededBy: row.superseded_by ?? [],
    changedAt: row.committed_at,
    sha: row.sha,
  }));
}

export interface KnownSection {
  number: number;
  path: string;
  ordinal: number;
  heading: string;
  startLine: number;
  endLine: number;
  text: string;
}

export async function readSections(
  db: Queryable,
  repositoryId: string,
  filter: { numbers?: readonly number[]; paths?: readonly string[] },
): Promise<KnownSection[]> {
  const rows = await db.query<{
    number: number;
    path: string;
    ordinal: number;
    heading: string;
    start_line: number;
    end_line: number;
    text: string;
  }>(
    `select number, path, ordinal, heading, start_line, end_line, text from document_sections
     where repository_id = $1 and (number = any($2) or path = any($3))
     order by path, ordinal limit 1000`,
    [repositoryId, filter.numbers ?? [], filter.paths ?? []],
    'context_sections',
  );
  return rows.map((row) => ({
    number: row.number,
    path: row.path,
    ordinal: row.ordinal,
    heading: row.heading,
    startLine: row.start_line,
    endLine: row.end_line,
    text: row.text,
  }));
}

/** Owners the catalog names, by the folder of the descriptor. */
export async function readCatalogOwners(
  db: Queryable,
  repositoryId: string,
): Promise<{ kind: string; name: string; path: string; owner: string }[]> {
  return db.query(
    `select kind, name, path, owner from catalog_entities
     where repository_id = $1 and owner is not null order by path, name limit 500`,
    [repositoryId],
  );
}

export interface Lesson {
  id: string;
  text: string;
  paths: string[];
  actorId: string;
  createdAt: Date;
}

export async function insertLesson(
  tx: Tx,
  lesson: Lesson & { repositoryId: string; sessionId: string | undefined },
): Promise<void> {
  await tx.query(
    `insert into lessons (id, repository_id, text, paths, session_id, actor_id, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      lesson.id,
      lesson.repositoryId,
      lesson.text,
      lesson.paths,
      lesson.sessionId ?? null,
      lesson.actorId,
      lesson.createdAt,
    ],
  );
}

export async function readLessons(db: Queryable, repositoryId: string): Promise<Lesson[]> {
  const rows = await db.query<{
    id: string;
    text: string;
    paths: string[];
    actor_id: string;
    created_at: Date;
  }>(
    `select id, text, paths, actor_id, created_at from lessons
     where repository_id = $1 order by created_at desc limit 500`,
    [repositoryId],
  );
  return rows.map((row) => ({
    id: row.id,
    text: row.text,
    paths: row.paths,
    actorId: row.actor_id,
    createdAt: row.created_at,
  }));
}

/** The newest commits of some files. */
export async function readRecentCommits(
  db: Queryable,
  repositoryId: string,
  filter: { path: string } | { author: string },
  limit: number,
): Promise<{ sha: string; subject: string; authorName: string; committedAt: Date }[]> {
  const isPath = 'path' in filter;
  const rows = await db.query<{
    sha: string;
    subject: string;
    author_name: string;
    committed_at: Date;
  }>(
    isPath
      ? `select c.sha, c.subject, c.author_name, c.committed_at from files f
         join commit_files t on t.repository_id = f.repository_id and t.file_number = f.number
         join commits c on c.repository_id = f.repository_id and c.position = t.position
         where f.repository_id = $1 and f.path = $2 and f.is_alive order by c.position desc limit $3`
      : `select sha, subject, author_name, committed_at from commits
         where repository_id = $1 and author_name = $2 order by position desc limit $3`,
    [repositoryId, isPath ? filter.path : filter.author, limit],
  );
  return rows.map((row) => ({
    sha: row.sha,
    subject: row.subject,
    authorName: row.author_name,
    committedAt: row.committed_at,
  }));
}

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
