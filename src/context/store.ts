/** SQL of the Context Layer, for what is imported. */
import type { Queryable, Tx } from '#kernel';
import type { FileRecord } from './history.ts';
import { addSegment } from './index-store.ts';
import type { Repository } from './schema.ts';
import type { KnownState, Survey } from './survey.ts';

const CHUNK = 1_000;

interface RepositoryRow {
  id: Repository['id'];
  name: string;
  host: string;
  url: string;
  default_branch: string;
  head_sha: string | null;
  commit_count: number;
  file_count: number;
  state: Repository['state'];
  problems: string[];
  skipped: Repository['skipped'] | null;
  imported_at: Date | null;
  created_at: Date;
  former_names: string[];
  access_lost_at: Date | null;
  access_lost_why: string | null;
}

const REPOSITORY_COLUMNS = `id, name, host, url, default_branch, head_sha, commit_count, file_count, state, problems,
  imported_at, created_at, access_lost_at, access_lost_why,
  array(select n.name from repository_names n where n.repository_id = repositories.id order by n.until desc) as former_names,
  (select g.skipped from graph_cursors g where g.source = 'git:' || repositories.name) as skipped`;

function toRepository(row: RepositoryRow): Repository {
  return {
    id: row.id,
    name: row.name,
    host: row.host,
    url: row.url,
    defaultBranch: row.default_branch,
    headSha: row.head_sha,
    commitCount: row.commit_count,
    fileCount: row.file_count,
    state: row.state,
    problems: row.problems,
    skipped: row.skipped ?? [],
    formerNames: row.former_names,
    accessLost:
      row.access_lost_at === null
        ? null
        : { at: row.access_lost_at, why: row.access_lost_why ?? '' },
    importedAt: row.imported_at,
    createdAt: row.created_at,
  };
}

/** Inserts a repository unless its name is taken; says whose the name is. */
export async function insertRepositoryOnce(
  tx: Tx,
  repository: Pick<Repository, 'id' | 'name' | 'host' | 'url' | 'createdAt'>,
): Promise<Repository> {
  await tx.query(
    `insert into repositories (id, name, host, url, state, created_at)
     values ($1, $2, $3, $4, 'importing', $5)
     on conflict (name) where removed_at is null do nothing`,
    [repository.id, repository.name, repository.host, repository.url, repository.createdAt],
  );
  const [row] = await tx.query<RepositoryRow>(
    `select ${REPOSITORY_COLUMNS} from repositories where name = $1 and removed_at is null`,
    [repository.name],
  );
  return toRepository(row!);
}

export async function findRepositoryRow(
  db: Queryable,
  key: { nameOrId: string } | { url: string },
): Promise<Repository | undefined> {
  const [condition, value] =
    'url' in key ? ['url = $1', key.url] : ['(name = $1 or id = $1)', key.nameOrId];
  return findWhere(db, condition!, value!);
}

/** By id or name, and else by a name it went by before. */
export async function findRepositoryCalled(
  db: Queryable,
  nameOrId: string,
): Promise<Repository | undefined> {
  return (
    (await findRepositoryRow(db, { nameOrId })) ??
    findWhere(
      db,
      `id = (select n.repository_id from repository_names n where n.name = $1 order by n.until desc limit 1)`,
      nameOrId,
    )
  );
}

async function findWhere(
  db: Queryable,
  condition: string,
  value: string,
): Promise<Repository | undefined> {
  const [row] = await db.query<RepositoryRow>(
    `select ${REPOSITORY_COLUMNS} from repositories
     where ${condition} and removed_at is null order by created_at limit 1`,
    [value],
  );
  return row === undefined ? undefined : toRepository(row);
}

/** Waits for whoever is writing this repository, so that two never write at once. */
export async function lockRepository(tx: Tx, id: string): Promise<Repository | undefined> {
  const [row] = await tx.query<RepositoryRow>(
    `select ${REPOSITORY_COLUMNS} from repositories where id = $1 and removed_at is null for update`,
    [id],
  );
  return row === undefined ? undefined : toRepository(row);
}

export async function listRepositoryRows(
  db: Queryable,
  after: { createdAt: string; id: string } | undefined,
  limit: number,
): Promise<Repository[]> {
  const rows = await db.query<RepositoryRow>(
    `select ${REPOSITORY_COLUMNS} from repositories
     where removed_at is null
       and ($1::timestamptz is null or (created_at, id) > ($1::timestamptz, $2::text))
     order by created_at, id limit $3`,
    [after?.createdAt ?? null, after?.id ?? null, limit],
  );
  return rows.map(toRepository);
}

export async function updateRepositoryUrl(tx: Tx, id: string, url: string): Promise<void> {
  await tx.query('update repositories set url = $2 where id = $1', [id, url]);
}

export async function updateRepositoryState(
  db: Queryable,
  id: string,
  state: Repository['state'],
  values: { defaultBranch?: string; problems: string[]; importedAt?: Date },
): Promise<void> {
  await db.query(
    `update repositories set state = $2, problems = $3::jsonb,
       default_branch = coalesce($4, default_branch), imported_at = coalesce($5, imported_at)
     where id = $1`,
    [
      id,
      state,
      JSON.stringify(values.problems),
      values.defaultBranch ?? null,
      values.importedAt ?? null,
    ],
  );
}

/** Hides a repository and drops what was derived from it; packs that were served stay. */
export async function removeRepositoryRow(tx: Tx, id: string, at: Date): Promise<void> {
  await tx.query('update repositories set removed_at = $2 where id = $1', [id, at]);
  for (const table of [
    'index_segments',
    'documents',
    'catalog_entities',
    'commit_files',
    'files',
    'commits',
    'lessons',
  ]) {
    await tx.query(`delete from ${table} where repository_id = $1`, [id]);
  }
}

/** Positions of those of the shas that are known. */
export async function findPositions(
  db: Queryable,
  repositoryId: string,
  shas: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db.query<{ sha: string; position: number }>(
    'select sha, position from commits where repository_id = $1 and sha = any($2)',
    [repositoryId, shas],
  );
  return new Map(rows.map(({ sha, position }) => [sha, position]));
}

/** What is known up to a commit; `forkPosition` -1 stands for nothing. */
export async function readKnownState(
  db: Queryable,
  repository: Repository,
  fork: { position: number; sha: string | undefined },
): Promise<KnownState> {
  const files = await db.query<{
    number: number;
    path: string;
    first_position: number;
    last_position: number;
    change_count: number;
    is_alive: boolean;
    blob_sha: string | null;
    was_touched: boolean;
    fork_path: string | null;
    fork_position: number | null;
    fork_status: string | null;
    fork_count: number | null;
  }>(
    `with touched as (
       select distinct file_number from commit_files where repository_id = $1 and position > $2
     ), at_fork as (
       select distinct on (file_number) file_number, path, position, status,
         count(*) over (partition by file_number)::int as changes
       from commit_files join touched using (file_number)
       where repository_id = $1 and position <= $2
       order by file_number, position desc
     )
     select f.number, f.path, f.first_position, f.last_position, f.change_count, f.is_alive, f.blob_sha,
       t.file_number is not null as was_touched, a.path as fork_path, a.position as fork_position,
       a.status as fork_status, a.changes as fork_count
     from files f
     left join touched t on t.file_number = f.number
     left join at_fork a on a.file_number = f.number
     where f.repository_id = $1 and (f.is_alive or t.file_number is not null)`,
    [repository.id, fork.position],
  );
  const [counters] = await db.query<{ file: number; section: number }>(
    `select (select coalesce(max(number), 0) + 1 from files where repository_id = $1)::int as file,
       (select coalesce(max(number), 0) + 1 from document_sections where repository_id = $1)::int as section`,
    [repository.id],
  );
  const lost = await db.query<{ position: number }>(
    'select position from commits where repository_id = $1 and position > $2',
    [repository.id, fork.position],
  );
  const documents = await db.query<{ path: string; blob_sha: string; numbers: number[] }>(
    `select d.path, d.blob_sha, array_remove(array_agg(s.number), null) as numbers
     from documents d left join document_sections s using (repository_id, path)
     where d.repository_id = $1 group by d.path, d.blob_sha`,
    [repository.id],
  );

  const atFork = files.map((row) => ({
    number: row.number,
    path: row.fork_path ?? row.path,
    firstPosition: row.first_position,
    lastPosition: row.fork_position ?? row.last_position,
    changeCount: row.fork_count ?? row.change_count,
    isAlive: row.was_touched
      ? row.fork_status !== null && row.fork_status !== 'deleted'
      : row.is_alive,
    blobSha: row.is_alive ? row.blob_sha : null,
    indexedPath: row.is_alive ? row.path : null,
    wasTouched: row.was_touched,
    isLost: row.was_touched && row.fork_path === null,
    wasAlive: row.is_alive,
  }));
  return {
    headSha: repository.headSha,
    forkPosition: fork.position,
    forkSha: fork.sha,
    lostPositions: lost.map(({ position }) => position),
    files: atFork.filter((file) => file.isAlive),
    rewound: atFork.filter((file) => file.wasTouched && !file.isLost),
    lostFiles: atFork.filter((file) => file.isLost).map((file) => file.number),
    aliveBefore: atFork.filter((file) => file.wasAlive).map((file) => file.number),
    nextFileNumber: counters?.file ?? 1,
    documents: documents.map((row) => ({
      path: row.path,
      blobSha: row.blob_sha,
      sectionNumbers: row.numbers,
    })),
    nextSectionNumber: counters?.section ?? 1,
  };
}

/** Writes a survey. The caller holds the repository's row and knows that nothing moved meanwhile. */
export async function writeSurvey(
  tx: Tx,
  repositoryId: string,
  survey: Survey,
  at: Date,
): Promise<void> {
  await tx.query('delete from commit_files where repository_id = $1 and position > $2', [
    repositoryId,
    survey.keepUpTo,
  ]);
  await tx.query('delete from commits where repository_id = $1 and position > $2', [
    repositoryId,
    survey.keepUpTo,
  ]);
  await tx.query('delete from files where repository_id = $1 and number = any($2)', [
    repositoryId,
    survey.lostFiles,
  ]);
  await writeHistory(tx, repositoryId, survey);
  await writeFiles(tx, repositoryId, survey);
  await writeDocuments(tx, repositoryId, survey);
  for (const change of survey.index) await addSegment(tx, repositoryId, change);
  await tx.query(
    `update repositories set default_branch = $2, head_sha = $3, file_count = $4, state = 'ready',
       problems = $5::jsonb, imported_at = $6,
       commit_count = (select count(*) from commits where repository_id = $1)
     where id = $1`,
    [
      repositoryId,
      survey.defaultBranch,
      survey.headSha,
      survey.fileCount,
      JSON.stringify(survey.problems),
      at,
    ],
  );
}

async function writeHistory(tx: Tx, repositoryId: string, survey: Survey): Promise<void> {
  for (const rows of chunksOf(survey.commits)) {
    await tx.query(
      `insert into commits (repository_id, position, sha, author_name, author_email, is_robot, committed_at,
         subject, body, file_count)
       select $1, * from unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::boolean[],
         $7::timestamptz[], $8::text[], $9::text[], $10::int[])`,
      [
        repositoryId,
        rows.map((row) => row.position),
        rows.map((row) => row.sha),
        rows.map((row) => row.authorName),
        rows.map((row) => row.authorEmail),
        rows.map((row) => row.isRobot),
        rows.map((row) => row.committedAt),
        rows.map((row) => row.subject),
        rows.map((row) => row.body),
        rows.map((row) => row.fileCount),
      ],
    );
  }
  for (const rows of chunksOf(survey.touches)) {
    await tx.query(
      `insert into commit_files (repository_id, position, file_number, path, status)
       select $1, * from unnest($2::int[], $3::int[], $4::text[], $5::text[])`,
      [
        repositoryId,
        rows.map((row) => row.position),
        rows.map((row) => row.fileNumber),
        rows.map((row) => row.path),
        rows.map((row) => row.status),
      ],
    );
  }
}

async function writeFiles(tx: Tx, repositoryId: string, survey: Survey): Promise<void> {
  for (const rows of chunksOf<FileRecord>(survey.files)) {
    await tx.query(
      `insert into files (repository_id, number, path, first_position, last_position, change_count, is_alive)
       select $1, * from unnest($2::int[], $3::text[], $4::int[], $5::int[], $6::int[], $7::boolean[])
       on conflict (repository_id, number) do update set path = excluded.path,
         last_position = excluded.last_position, change_count = excluded.change_count,
         is_alive = excluded.is_alive,
         blob_sha = case when excluded.is_alive then files.blob_sha end`,
      [
        repositoryId,
        rows.map((row) => row.number),
        rows.map((row) => row.path),
        rows.map((row) => row.firstPosition),
        rows.map((row) => row.lastPosition),
        rows.map((row) => row.changeCount),
        rows.map((row) => row.isAlive),
      ],
    );
  }
  for (const rows of chunksOf(survey.indexedFiles)) {
    await tx.query(
      `update files f set blob_sha = n.blob_sha, size = n.size, class = n.class, outline = n.outline
       from unnest($2::int[], $3::text[], $4::bigint[], $5::text[], $6::text[])
         as n (number, blob_sha, size, class, outline)
       where f.repository_id = $1 and f.number = n.number`,
      [
        repositoryId,
        rows.map((row) => row.number),
        rows.map((row) => row.blobSha),
        rows.map((row) => row.size),
        rows.map((row) => row.class),
        rows.map((row) => row.outline),
      ],
    );
  }
}

async function writeDocuments(tx: Tx, repositoryId: string, survey: Survey): Promise<void> {
  await tx.query('delete from documents where repository_id = $1 and path = any($2)', [
    repositoryId,
    [...survey.goneDocuments, ...survey.documents.map(({ path }) => path)],
  ]);
  for (const documents of chunksOf(survey.documents)) {
    await tx.query(
      `insert into documents (repository_id, path, kind, blob_sha, title, scope, mentions, form, details,
         mention_lines)
       select $1, path, kind, blob_sha, title, scope, mentions, form, details, mention_lines
       from jsonb_to_recordset($2::jsonb)
         as n (path text, kind text, blob_sha text, title text, scope text[], mentions text[], form text,
           details jsonb, mention_lines int[])`,
      [
        repositoryId,
        JSON.stringify(
          documents.map(
            ({ path, kind, blobSha, title, scope, mentions, form, details, mentionLines }) => ({
              path,
              kind,
              blob_sha: blobSha,
              title,
              scope,
              mentions,
              form,
              details,
              mention_lines: mentionLines,
            }),
          ),
        ),
      ],
    );
    await tx.query(
      `insert into decision_records (repository_id, path, status, decided_on, supersedes, superseded_by)
       select $1, path, status, decided_on, supersedes, superseded_by
       from jsonb_to_recordset($2::jsonb)
         as n (path text, status text, decided_on text, supersedes text[], superseded_by text[])`,
      [
        repositoryId,
        JSON.stringify(
          documents.flatMap(({ path, decision }) =>
            decision === undefined
              ? []
              : [
                  {
                    path,
                    status: decision.status,
                    decided_on: decision.decidedOn,
                    supersedes: decision.supersedes,
                    superseded_by: decision.supersededBy,
                  },
                ],
          ),
        ),
      ],
    );
  }
  const sections = survey.documents.flatMap((document) =>
    document.sections.map((section, ordinal) => ({
      number: document.firstSectionNumber + ordinal,
      path: document.path,
      ordinal,
      section,
    })),
  );
  for (const rows of chunksOf(sections, 1_000)) {
    await tx.query(
      `insert into document_sections (repository_id, number, path, ordinal, heading, start_line, end_line, text)
       select $1, * from unnest($2::int[], $3::text[], $4::int[], $5::text[], $6::int[], $7::int[], $8::text[])`,
      [
        repositoryId,
        rows.map((row) => row.number),
        rows.map((row) => row.path),
        rows.map((row) => row.ordinal),
        rows.map((row) => row.section.heading),
        rows.map((row) => row.section.startLine),
        rows.map((row) => row.section.endLine),
        rows.map((row) => row.section.text),
      ],
    );
  }
  await tx.query('delete from catalog_entities where repository_id = $1', [repositoryId]);
  for (const entities of chunksOf(survey.catalog)) {
    await tx.query(
      `insert into catalog_entities (repository_id, kind, namespace, name, path, owner, definition)
       select $1, kind, namespace, name, path, owner, definition
       from jsonb_to_recordset($2::jsonb)
         as n (kind text, namespace text, name text, path text, owner text, definition jsonb)`,
      [repositoryId, JSON.stringify(entities)],
    );
  }
}

function chunksOf<Item>(items: readonly Item[], size = CHUNK): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
