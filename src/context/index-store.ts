/** The inverted index in the database: segments that are added, buried in, and merged. */
import { createBreather, type Queryable, type Tx } from '#kernel';
import { decodePostings, encodePostings, type Posting } from './bm25.ts';

export type IndexField = 'content' | 'path' | 'message' | 'section';

/** What one refresh adds to a field, and what it takes the place of. */
export interface IndexChange {
  field: IndexField;
  /** Terms of each new item. */
  items: ReadonlyMap<number, ReadonlyMap<string, number>>;
  /** Items that are gone or replaced, each of which was indexed before. */
  buried: readonly number[];
}

export interface FieldIndex {
  postings: Map<string, Posting[]>;
  totals: { items: number; length: number };
}

interface SegmentRow {
  field: IndexField;
  segment: number;
  item_count: number;
  total_length: number;
  buried: number[];
}

const ROWS_PER_INSERT = 1_000;
const MAX_SEGMENTS = 8;

/** Adds one segment; its items stand from now on in place of older ones of the same number. */
export async function addSegment(
  tx: Tx,
  repositoryId: string,
  { field, items, buried }: IndexChange,
): Promise<void> {
  if (buried.length > 0) {
    await tx.query(
      `update index_segments set buried = buried || $3::int[]
       where repository_id = $1 and field = $2`,
      [repositoryId, field, buried],
    );
    await tx.query(
      `update index_segments set item_count = item_count - $3,
         total_length = total_length * greatest(0, item_count - $3) / greatest(1, item_count)
       where repository_id = $1 and field = $2
         and segment = (select min(segment) from index_segments where repository_id = $1 and field = $2)`,
      [repositoryId, field, buried.length],
    );
  }
  if (items.size === 0) return;
  const byTerm = new Map<string, Posting[]>();
  let totalLength = 0;
  const breathe = createBreather();
  for (const item of [...items.keys()].toSorted((a, b) => a - b)) {
    await breathe();
    const terms = items.get(item)!;
    const length = [...terms.values()].reduce((sum, count) => sum + count, 0);
    totalLength += length;
    for (const [term, count] of terms) {
      const postings = byTerm.get(term);
      if (postings === undefined) byTerm.set(term, [{ item, count, length }]);
      else postings.push({ item, count, length });
    }
  }
  await writeSegment(tx, repositoryId, field, byTerm, items.size, totalLength);
}

async function writeSegment(
  tx: Tx,
  repositoryId: string,
  field: IndexField,
  byTerm: ReadonlyMap<string, readonly Posting[]>,
  itemCount: number,
  totalLength: number,
): Promise<void> {
  const [row] = await tx.query<{ segment: number }>(
    `insert into index_segments (repository_id, field, segment, item_count, total_length)
     select $1, $2, coalesce(max(segment), 0) + 1, $3, $4
     from index_segments where repository_id = $1 and field = $2
     returning segment`,
    [repositoryId, field, itemCount, totalLength],
  );
  const terms = [...byTerm.keys()];
  for (let start = 0; start < terms.length; start += ROWS_PER_INSERT) {
    const chunk = terms.slice(start, start + ROWS_PER_INSERT);
    await tx.query(
      `insert into index_postings (repository_id, field, segment, term, postings)
       select $1, $2, $3, term, postings
       from unnest($4::text[], $5::bytea[]) as added (term, postings)`,
      [
        repositoryId,
        field,
        row?.segment,
        chunk,
        chunk.map((term) => encodePostings(byTerm.get(term)!)),
      ],
    );
  }
}

/** Postings of the terms in every field asked for; buried ones are left out. */
export async function readIndex(
  db: Queryable,
  repositoryId: string,
  fields: readonly IndexField[],
  terms: readonly string[],
): Promise<Map<IndexField, FieldIndex>> {
  const [segments, rows] = await Promise.all([
    db.query<SegmentRow>(
      `select field, segment, item_count, total_length, buried from index_segments
       where repository_id = $1 and field = any($2)`,
      [repositoryId, fields],
      'context_segments',
    ),
    db.query<{ field: IndexField; term: string; segment: number; postings: Buffer }>(
      `select field, term, segment, postings from index_postings
       where repository_id = $1 and term = any($2) and field = any($3)`,
      [repositoryId, terms, fields],
      'context_postings',
    ),
  ]);
  const buried = new Map<string, Set<number>>();
  const index = new Map<IndexField, FieldIndex>();
  for (const field of fields) {
    index.set(field, { postings: new Map(), totals: { items: 0, length: 0 } });
  }
  for (const segment of segments) {
    buried.set(`${segment.field} ${segment.segment}`, new Set(segment.buried));
    const totals = index.get(segment.field)!.totals;
    totals.items += segment.item_count;
    totals.length += segment.total_length;
  }
  for (const row of rows) {
    const gone = buried.get(`${row.field} ${row.segment}`);
    const postings = index.get(row.field)!.postings;
    const found = decodePostings(row.postings).filter(({ item }) => gone?.has(item) !== true);
    if (found.length > 0) postings.set(row.term, [...(postings.get(row.term) ?? []), ...found]);
  }
  return index;
}

/**
 * Merges segments where there are many: the small ones into one, or all when the small ones have grown
 * to half of the largest. The caller holds the repository's row.
 */
export async function mergeSegments(tx: Tx, repositoryId: string): Promise<void> {
  const all = await tx.query<SegmentRow>(
    `select field, segment, item_count, total_length, buried from index_segments
     where repository_id = $1 order by item_count desc`,
    [repositoryId],
  );
  for (const field of new Set(all.map((segment) => segment.field))) {
    const [largest, ...small] = all.filter((segment) => segment.field === field);
    if (largest === undefined || small.length < MAX_SEGMENTS) continue;
    const smallItems = small.reduce((sum, segment) => sum + segment.item_count, 0);
    const isSmall =
      smallItems * 2 < largest.item_count && largest.buried.length * 4 < largest.item_count;
    await mergeInto(tx, repositoryId, field, isSmall ? small : [largest, ...small]);
  }
}

async function mergeInto(
  tx: Tx,
  repositoryId: string,
  field: IndexField,
  segments: readonly SegmentRow[],
): Promise<void> {
  const buried = new Map(segments.map((row) => [row.segment, new Set(row.buried)]));
  const rows = await tx.query<{ term: string; segment: number; postings: Buffer }>(
    `select term, segment, postings from index_postings
     where repository_id = $1 and field = $2 and segment = any($3)`,
    [repositoryId, field, segments.map(({ segment }) => segment)],
  );
  const byTerm = new Map<string, Posting[]>();
  const lengths = new Map<number, number>();
  const breathe = createBreather();
  for (const row of rows) {
    await breathe();
    const gone = buried.get(row.segment);
    for (const posting of decodePostings(row.postings)) {
      if (gone?.has(posting.item) === true) continue;
      lengths.set(posting.item, posting.length);
      const postings = byTerm.get(row.term);
      if (postings === undefined) byTerm.set(row.term, [posting]);
      else postings.push(posting);
    }
  }
  for (const postings of byTerm.values()) {
    postings.sort((a, b) => a.item - b.item);
    await breathe();
  }
  await tx.query(
    `delete from index_segments where repository_id = $1 and field = $2 and segment = any($3)`,
    [repositoryId, field, segments.map(({ segment }) => segment)],
  );
  const totalLength = [...lengths.values()].reduce((sum, length) => sum + length, 0);
  await writeSegment(tx, repositoryId, field, byTerm, lengths.size, totalLength);
}
