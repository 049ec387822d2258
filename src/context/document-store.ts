/** SQL of documents, decisions, rules and their sections, and of owners the catalog names. */
import type { Queryable } from '#kernel';
import type { DecisionStatus } from './documents.ts';

export interface KnownDocument {
  path: string;
  kind: 'document' | 'decision' | 'rule';
  /** What it is by its form: a postmortem, a runbook, a page. */
  form: string;
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
    form: string;
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
    `select d.path, d.kind, d.form, d.title, d.scope, d.mentions, r.status, r.decided_on, r.supersedes, r.superseded_by,
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
    form: row.form,
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
