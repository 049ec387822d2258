/** SQL of the landscape: services with the edges among them. */
import type { Queryable } from '#kernel';
import type { DeclaredService } from './places.ts';
import type { EdgeKind, Perspective } from './schema.ts';

const MAX_SERVICES = 5_000;
const MAX_PAIRS = 50_000;

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

/** Services that catalogs and manifests declare, of some repositories or of all. */
export async function readServices(
  db: Queryable,
  { acls, validAt, knownAt, hiddenSources }: Perspective,
  repositories: readonly string[] | undefined,
): Promise<DeclaredService[]> {
  return db.query<DeclaredService & object>(
    `select distinct t.id, split_part(t.key, '/', -1) as name, f.key as repository,
       a.properties->>'path' as path
     from graph_entities f
     join graph_edges e on e.from_id = f.id and e.kind = 'contains'
     join graph_entities t on t.id = e.to_id and t.kind = 'component'
     join graph_assertions a on a.edge_id = e.id
     where f.kind = 'repository' and ($5::text[] is null or f.key = any($5)) and a.properties->>'path' is not null
       and a.acl = any($1) and a.source_id <> all($4::bigint[])
       and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
     order by 3, 4, 1 limit ${MAX_SERVICES}`,
    [acls, validAt, knownAt, hiddenSources, repositories ?? null],
  );
}

/** Pairs of files that change together, by their paths, the surest first. */
export async function readFilePairs(
  db: Queryable,
  { acls, validAt, knownAt, hiddenSources }: Perspective,
): Promise<{ repository: string; from: string; to: string; confidence: number }[]> {
  return db.query(
    `with pairs as (
       select e.from_id, e.to_id, max(a.confidence) as confidence
       from graph_edges e join graph_assertions a on a.edge_id = e.id
       where e.kind = 'co_changed' and a.acl = any($1) and a.source_id <> all($4::bigint[])
         and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
       group by e.from_id, e.to_id order by confidence desc, e.from_id, e.to_id limit ${MAX_PAIRS}
     ), paths as (
       select e.to_id as id, r.key as repository, a.properties->>'path' as path
       from (select from_id as id from pairs union select to_id from pairs) wanted
       join graph_edges e on e.to_id = wanted.id and e.kind = 'contains'
       join graph_entities r on r.id = e.from_id and r.kind = 'repository'
       join graph_assertions a on a.edge_id = e.id
       where a.acl = any($1) and a.source_id <> all($4::bigint[])
         and a.valid @> $2::timestamptz and a.seen @> $3::timestamptz
     )
     select f.repository, f.path as "from", t.path as "to", p.confidence
     from pairs p join paths f on f.id = p.from_id join paths t on t.id = p.to_id
     where f.path is not null and t.path is not null
     order by p.confidence desc, f.path collate "C", t.path collate "C"`,
    [acls, validAt, knownAt, hiddenSources],
  );
}
