/** SQL of documents that belong to no repository's files, and of who may know of them. */
import type { Queryable, Tx } from '#kernel';
import type { DecisionStatus, DocumentForm, Section } from '../documents.ts';
import type { ReaderSet, SourceDocument } from './read-source.ts';

/** Where the sections of all source documents are indexed. */
export const SOURCE_SHELF = 'sources';

/** One writer at a time: the shelf has no row of its own to lock. */
export async function lockShelf(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('loom.source_documents'))`);
}

export interface StandingDocument {
  id: number;
  object: string;
  contentHash: string;
  mark: string | null;
  updatedAt: Date;
  isGone: boolean;
}

export async function readStanding(
  db: Queryable,
  system: string,
  which: { objects: readonly string[] } | { scope: string },
): Promise<Map<string, StandingDocument>> {
  const rows = await db.query<{
    id: number;
    object: string;
    content_hash: string;
    mark: string | null;
    updated_at: Date;
    is_gone: boolean;
  }>(
    `select id, object, content_hash, mark, updated_at, gone_at is not null as is_gone from source_documents
     where system = $1 and ($2::text[] is null or object = any($2)) and ($3::text is null or scope = $3)`,
    [system, 'objects' in which ? which.objects : null, 'scope' in which ? which.scope : null],
  );
  return new Map(
    rows.map((row) => [
      row.object,
      {
        id: row.id,
        object: row.object,
        contentHash: row.content_hash,
        mark: row.mark,
        updatedAt: row.updated_at,
        isGone: row.is_gone,
      },
    ]),
  );
}

export async function insertReaders(tx: Tx, sets: readonly ReaderSet[]): Promise<void> {
  for (const { id, teams, identities } of sets) {
    await tx.query(
      'insert into reader_sets (id, teams, identities) values ($1, $2, $3) on conflict (id) do nothing',
      [id, teams, identities],
    );
  }
}

/** Writes the document; gives its id. Its sections are written apart. */
export async function saveDocument(tx: Tx, document: SourceDocument, now: Date): Promise<number> {
  const [row] = await tx.query<{ id: number }>(
    `insert into source_documents (system, scope, object, repository, kind, form, path, title, url, revision,
       content_hash, mark, author, owner, readers, mentions, status, supersedes, superseded_by, updated_at, read_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)
     on conflict (system, object) do update set scope = excluded.scope, repository = excluded.repository,
       kind = excluded.kind, form = excluded.form, path = excluded.path, title = excluded.title, url = excluded.url,
       revision = excluded.revision, content_hash = excluded.content_hash, mark = excluded.mark,
       author = excluded.author, owner = excluded.owner, readers = excluded.readers, mentions = excluded.mentions,
       status = excluded.status, supersedes = excluded.supersedes, superseded_by = excluded.superseded_by,
       updated_at = excluded.updated_at, read_at = excluded.read_at, gone_at = null
     returning id`,
    [
      document.system,
      document.scope,
      document.object,
      document.repository,
      document.kind,
      document.form,
      document.path,
      document.title,
      document.url,
      document.revision,
      document.contentHash,
      document.mark,
      document.author,
      document.owner,
      document.readers?.id ?? null,
      document.mentions,
      document.status,
      document.supersedes,
      document.supersededBy,
      document.updatedAt,
      now,
    ],
  );
  return row!.id;
}

/** Numbers of the sections that were there. */
export async function deleteSections(tx: Tx, documentIds: readonly number[]): Promise<number[]> {
  const rows = await tx.query<{ number: number }>(
    'delete from source_sections where document_id = any($1::bigint[]) returning number',
    [documentIds],
  );
  return rows.map(({ number }) => number);
}

/** Numbers of the sections, in their order. */
export async function insertSections(
  tx: Tx,
  documentId: number,
  sections: readonly Section[],
): Promise<number[]> {
  const rows = await tx.query<{ number: number; ordinal: number }>(
    `insert into source_sections (document_id, ordinal, heading, start_line, end_line, text)
     select $1, s.* from unnest($2::int[], $3::text[], $4::int[], $5::int[], $6::text[]) as s
     returning number, ordinal`,
    [
      documentId,
      sections.map((_, index) => index),
      sections.map(({ heading }) => heading),
      sections.map(({ startLine }) => startLine),
      sections.map(({ endLine }) => endLine),
      sections.map(({ text }) => text),
    ],
  );
  return rows.toSorted((a, b) => a.ordinal - b.ordinal).map(({ number }) => number);
}

export async function markGone(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
  await tx.query('update source_documents set gone_at = $2 where id = any($1::bigint[])', [
    ids,
    now,
  ]);
}

/**
 * What a source said under another ACL is under the present one from now on, its past too: whoever may
 * not know of a page any more may not look it up in last week either.
 */
export async function moveAcl(
  tx: Tx,
  system: string,
  acls: readonly { object: string; acl: string }[],
): Promise<void> {
  await tx.query(
    `update graph_assertions a set acl = w.acl
     from unnest($2::text[], $3::text[]) as w (object, acl)
     join graph_sources s on s.system = $1 and s.object = w.object
     where a.source_id = s.id and a.acl <> w.acl`,
    [system, acls.map(({ object }) => object), acls.map(({ acl }) => acl)],
  );
}

/** Of the given threads those that something in the graph was discussed in. */
export async function findLinkedThreads(
  db: Queryable,
  keys: readonly string[],
): Promise<Set<string>> {
  const rows = await db.query<{ key: string }>(
    `select distinct n.key from graph_entities n
     join graph_edges e on e.to_id = n.id and e.kind in ('discussed_in', 'mentions')
     join graph_assertions a on a.edge_id = e.id and upper_inf(a.seen) and upper_inf(a.valid)
     where n.kind = 'thread' and n.key = any($1)`,
    [keys],
  );
  return new Set(rows.map(({ key }) => key));
}

/** Of the given addresses those of decisions and incidents that are there. */
export async function findRecordUrls(db: Queryable, urls: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ url: string }>(
    `select url from source_documents
     where url = any($1) and gone_at is null and (kind = 'decision' or form = 'postmortem')`,
    [urls],
  );
  return new Set(rows.map(({ url }) => url));
}

/** Sets of readers that a person belongs to. Names are compared in lower case. */
export async function findOpenSets(
  db: Queryable,
  person: { teams: readonly string[]; identities: readonly string[] },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    'select id from reader_sets where teams && $1 or identities && $2',
    [
      person.teams.map((name) => name.toLowerCase()),
      person.identities.map((name) => name.toLowerCase()),
    ],
    'context_reader_sets',
  );
  return rows.map(({ id }) => id);
}

/** A document with what is asked of it when it is served. */
export interface ServedDocument {
  id: number;
  system: string;
  scope: string;
  object: string;
  repository: string | null;
  kind: SourceDocument['kind'];
  form: DocumentForm;
  path: string;
  title: string;
  url: string | null;
  revision: string;
  author: string | null;
  owner: string | null;
  mentions: string[];
  status: DecisionStatus | null;
  supersedes: string[];
  supersededBy: string[];
  updatedAt: Date;
}

type ServedRow = Omit<ServedDocument, 'supersededBy' | 'updatedAt'> & {
  superseded_by: string[];
  updated_at: Date;
};

const SERVED = `d.id, d.system, d.scope, d.object, d.repository, d.kind, d.form, d.path, d.title, d.url, d.revision,
  d.author, d.owner, d.mentions, d.status, d.supersedes, d.superseded_by, d.updated_at`;
/** $1 open sets of readers. */
const OPEN = 'd.gone_at is null and (d.readers is null or d.readers = any($1))';

const toServed = ({ superseded_by, updated_at, ...row }: ServedRow): ServedDocument => ({
  ...row,
  supersededBy: superseded_by,
  updatedAt: updated_at,
});

export interface ServedSection {
  number: number;
  documentId: number;
  ordinal: number;
  heading: string;
  startLine: number;
  endLine: number;
  text: string;
}

/** Sections by their numbers, with their documents: of any repository's, or of one and those of all. */
export async function readOpenSections(
  db: Queryable,
  openSets: readonly string[],
  numbers: readonly number[],
  repository?: string,
): Promise<{ document: ServedDocument; section: ServedSection }[]> {
  const rows = await db.query<
    ServedRow & {
      number: number;
      ordinal: number;
      heading: string;
      start_line: number;
      end_line: number;
      text: string;
    }
  >(
    `select ${SERVED}, s.number, s.ordinal, s.heading, s.start_line, s.end_line, s.text
     from source_sections s join source_documents d on d.id = s.document_id
     where ${OPEN} and s.number = any($2::int[])
       and ($3::text is null or d.repository is null or d.repository = $3)`,
    [openSets, numbers, repository ?? null],
    'context_source_sections',
  );
  return rows.map(({ number, ordinal, heading, start_line, end_line, text, ...document }) => ({
    document: toServed(document),
    section: {
      number,
      documentId: document.id,
      ordinal,
      heading,
      startLine: start_line,
      endLine: end_line,
      text,
    },
  }));
}

/** Documents that name any of the paths, each `owner/name:path`. */
export async function readMentioning(
  db: Queryable,
  openSets: readonly string[],
  mentions: readonly string[],
): Promise<ServedDocument[]> {
  if (mentions.length === 0) return [];
  const rows = await db.query<ServedRow>(
    `select ${SERVED} from source_documents d
     where ${OPEN} and d.mentions && $2::text[] order by d.updated_at desc limit 50`,
    [openSets, mentions],
    'context_source_mentions',
  );
  return rows.map(toServed);
}

/** Decisions of the scopes given, for who replaces whom. */
export async function readDecisionsOf(
  db: Queryable,
  openSets: readonly string[],
  scopes: readonly { system: string; scope: string }[],
): Promise<ServedDocument[]> {
  if (scopes.length === 0) return [];
  const rows = await db.query<ServedRow>(
    `select ${SERVED} from source_documents d
     join (select distinct * from unnest($2::text[], $3::text[]) as w (system, scope)) w
       on w.system = d.system and w.scope = d.scope
     where ${OPEN} and d.kind = 'decision' order by d.path limit 2000`,
    [openSets, scopes.map(({ system }) => system), scopes.map(({ scope }) => scope)],
  );
  return rows.map(toServed);
}

/** Sections of documents in their order; of one document its whole text. */
export async function readSectionsOf(
  db: Queryable,
  documentIds: readonly number[],
): Promise<ServedSection[]> {
  const rows = await db.query<{
    number: number;
    document_id: number;
    ordinal: number;
    heading: string;
    start_line: number;
    end_line: number;
    text: string;
  }>(
    `select number, document_id, ordinal, heading, start_line, end_line, text from source_sections
     where document_id = any($1::bigint[]) order by document_id, ordinal limit 2000`,
    [documentIds],
  );
  return rows.map((row) => ({
    number: row.number,
    documentId: row.document_id,
    ordinal: row.ordinal,
    heading: row.heading,
    startLine: row.start_line,
    endLine: row.end_line,
    text: row.text,
  }));
}

/** Of the objects those that are there and open; undefined when nothing of the kind was ever read. */
export async function findOpenDocument(
  db: Queryable,
  openSets: readonly string[],
  at: { system: string; object: string },
): Promise<ServedDocument | undefined> {
  const [row] = await db.query<ServedRow>(
    `select ${SERVED} from source_documents d where ${OPEN} and d.system = $2 and d.object = $3`,
    [openSets, at.system, at.object],
  );
  return row === undefined ? undefined : toServed(row);
}

/** Of the objects those that are kept from the reader, gone or not. */
export async function findClosed(
  db: Queryable,
  openSets: readonly string[],
  objects: readonly { system: string; object: string }[],
): Promise<number> {
  if (objects.length === 0) return 0;
  const [row] = await db.query<{ count: number }>(
    `select count(*)::int as count from source_documents d
     join unnest($2::text[], $3::text[]) as w (system, object) on w.system = d.system and w.object = d.object
     where d.readers is not null and not d.readers = any($1)`,
    [openSets, objects.map(({ system }) => system), objects.map(({ object }) => object)],
  );
  return row?.count ?? 0;
}

/** Commits since a moment, and all in all, of the files of a repository. */
export async function readWorkSince(
  db: Queryable,
  repositoryId: string,
  pairs: readonly { path: string; since: Date }[],
): Promise<{ path: string; since: Date; commits: number; commitsSince: number }[]> {
  if (pairs.length === 0) return [];
  const rows = await db.query<{ path: string; since: Date; commits: number; later: number }>(
    `select p.path, p.since, f.change_count as commits,
       (select count(*)::int from commit_files t
        join commits c on c.repository_id = t.repository_id and c.position = t.position
        where t.repository_id = $1 and t.file_number = f.number and c.committed_at > p.since) as later
     from unnest($2::text[], $3::timestamptz[]) as p (path, since)
     join files f on f.repository_id = $1 and f.path = p.path and f.is_alive`,
    [repositoryId, pairs.map(({ path }) => path), pairs.map(({ since }) => since)],
    'context_source_work',
  );
  return rows.map(({ path, since, commits, later }) => ({
    path,
    since,
    commits,
    commitsSince: later,
  }));
}
