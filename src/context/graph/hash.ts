/**
 * One hash for all the graph says. It is made of what is said and by whom, not of when we heard it, so
 * that the same statements in any order, or twice, give the same hash.
 */
import type { Queryable } from '#kernel';

/**
 * SHA-256 over the rows of the graph in canonical order.
 * - `history`: every fact with the times it held;
 * - `current`: only what holds at `at`, without times, which also a fresh import gives again.
 */
export async function graphHash(
  db: Queryable,
  options: { scope: 'history' } | { scope: 'current'; at: Date } = { scope: 'history' },
): Promise<{ hash: string; facts: number }> {
  const at = options.scope === 'current' ? options.at : null;
  const [row] = await db.query<{ hash: string | null; facts: number }>(
    `select encode(sha256(convert_to(string_agg(line, E'\\n' order by line collate "C"), 'UTF8')), 'hex') as hash,
       count(*)::int as facts
     from (
       select encode(sha256(convert_to(concat_ws(E'\\x1f', e.kind, f.kind, f.key, t.kind, t.key, e.slot,
         s.system, s.object, a.revision, a.extractor, a.extractor_version, a.method, a.confidence, a.acl,
         coalesce(a.evidence::text, ''), a.properties::text,
         case when $1::timestamptz is null then extract(epoch from lower(a.valid))::text end,
         case when $1::timestamptz is null then extract(epoch from upper(a.valid))::text end), 'UTF8')), 'hex') as line
       from graph_assertions a
       join graph_edges e on e.id = a.edge_id
       join graph_entities f on f.id = e.from_id
       join graph_entities t on t.id = e.to_id
       join graph_sources s on s.id = a.source_id
       where upper_inf(a.seen) and ($1::timestamptz is null or a.valid @> $1::timestamptz)
     ) lines`,
    [at],
  );
  return { hash: row?.hash ?? '', facts: row?.facts ?? 0 };
}
