/** SQL of the landscape: services with the edges among them. */
import type { Queryable } from '#kernel';
import type { EdgeKind, Perspective } from './schema.ts';

export interface LandscapeEdgeRow {
  kind: EdgeKind;
  fromId: number;
  toId: number;
  confidence: number;
}

/** Living edges of some kinds whose two ends are both among the entities, the surest word of each. */
export async function readEdgesAmong(
  db: Queryable,
  { acls, validAt, knownAt, hiddenSources }: Perspective,
  query: { ids: readonly number[]; kinds: readonly string[]; limit: number },
): Promise<LandscapeEdgeRow[]> {
  const rows = await db.query<{
    kind: EdgeKind;
    from_id: number;
    to_id: number;
    confidence: number;
  }>(
    `select e.kind, e.from_id, e.to_id, max(a.confidence) as confidence
     from graph_edges e join graph_assertions a on a.edge_id = e.id
     where e.kind = any($5) and e.from_id = any($6) and e.to_id = any($6) and e.from_id <> e.to_id
       and a.acl = any($1) and a.source_id <> all($4::bigint[])
       and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
     group by e.kind, e.from_id, e.to_id
     order by e.kind, e.from_id, e.to_id limit $7`,
    [acls, validAt, knownAt, hiddenSources, query.kinds, query.ids, query.limit],
  );
  return rows.map((row) => ({
    kind: row.kind,
    fromId: row.from_id,
    toId: row.to_id,
    confidence: row.confidence,
  }));
}
