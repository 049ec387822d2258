/** SQL of what code declares, by blob. */
import type { Queryable } from '#kernel';
import { type CodeOutline, type Definition, OUTLINE_VERSION } from './outline.ts';

const CHUNK = 2_000;

export interface OutlineRow {
  outline: CodeOutline | null;
  problem: string | null;
}

/** Outlines known of blobs, by `blob language`. */
export async function readOutlines(
  db: Queryable,
  blobs: readonly { blobSha: string; language: string }[],
): Promise<Map<string, OutlineRow>> {
  const known = new Map<string, OutlineRow>();
  for (let start = 0; start < blobs.length; start += CHUNK) {
    const part = blobs.slice(start, start + CHUNK);
    const rows = await db.query<OutlineRow & { blob_sha: string; language: string }>(
      `select blob_sha, language, outline, problem from code_outlines
       join unnest($1::text[], $2::text[]) as w (blob_sha, language) using (blob_sha, language)
       where version = $3`,
      [part.map(({ blobSha }) => blobSha), part.map(({ language }) => language), OUTLINE_VERSION],
    );
    for (const row of rows) known.set(`${row.blob_sha} ${row.language}`, row);
  }
  return known;
}

export async function saveOutlines(
  db: Queryable,
  rows: readonly ({ blobSha: string; language: string } & OutlineRow)[],
): Promise<void> {
  if (rows.length === 0) return;
  await db.query(
    `insert into code_outlines (blob_sha, language, version, outline, problem, names)
     select n.blob_sha, n.language, $2, n.outline, n.problem,
       coalesce(array(select d->>'name' from jsonb_array_elements(n.outline->'definitions') d), '{}')
     from jsonb_to_recordset($1::jsonb) as n (blob_sha text, language text, outline jsonb, problem text)
     order by n.blob_sha, n.language
     on conflict (blob_sha, language) do update set version = excluded.version, outline = excluded.outline,
       problem = excluded.problem, names = excluded.names`,
    [
      JSON.stringify(
        rows.map(({ blobSha, language, outline, problem }) => ({
          blob_sha: blobSha,
          language,
          outline,
          problem,
        })),
      ),
      OUTLINE_VERSION,
    ],
  );
}

/** Where names are declared in a repository: what others may use first, tests last. */
export async function findSymbols(
  db: Queryable,
  repositoryId: string,
  names: readonly string[],
  limit: number,
): Promise<(Definition & { path: string; class: string })[]> {
  if (names.length === 0) return [];
  const rows = await db.query<Definition & { path: string; class: string }>(
    `select f.path, f.class, d.definition->>'name' as name, d.definition->>'kind' as kind,
       (d.definition->>'startLine')::int as "startLine", (d.definition->>'endLine')::int as "endLine",
       d.definition->>'signature' as signature, d.definition->>'reach' as reach
     from code_outlines o
     join files f on f.blob_sha = o.blob_sha and f.repository_id = $1 and f.is_alive
     cross join lateral jsonb_array_elements(o.outline->'definitions') as d (definition)
     where o.names && $2 and d.definition->>'name' = any($2)
     order by f.class = 'test', d.definition->>'reach' is null, d.definition->>'reach', f.path collate "C", 5
     limit $3`,
    [repositoryId, names, limit],
  );
  return rows;
}
