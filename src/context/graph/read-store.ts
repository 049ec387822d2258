/** SQL that reads the graph from a perspective: only what may be read, as of two times. */
import type { Queryable } from '#kernel';
import type {
  ClosedSource,
  EdgeKind,
  EntityKind,
  EntityRef,
  Evidence,
  Method,
  Perspective,
} from './schema.ts';

export interface EntityRow {
  id: number;
  kind: EntityKind;
  key: string;
  /** Of the best word that it exists; empty when nobody says so. */
  properties: Record<string, unknown>;
  confirmedAt: Date | null;
  /** Some source said that it exists, at whatever time. */
  wasKnown: boolean;
  isAlive: boolean;
}

export interface EdgeRow {
  id: number;
  kind: EdgeKind;
  slot: string;
  from: EntityRef & { id: number };
  to: EntityRef & { id: number };
}

/** What one source says of an edge, and when it held. */
export interface SourceWord {
  system: string;
  object: string;
  revision: string;
  confirmedAt: Date;
  extractor: string;
  extractorVersion: number;
  method: Method;
  confidence: number;
  evidence: Evidence | null;
  properties: Record<string, unknown>;
  validFrom: Date;
  validTo: Date | null;
  seenFrom: Date;
  seenTo: Date | null;
}

/** $1 readable ACLs, $2 valid at, $3 known at, $4 sources kept from the reader. */
const KNOWN = 'a.acl = any($1) and a.seen @> $3::timestamptz and a.source_id <> all($4::bigint[])';
const LIVE = `${KNOWN} and a.valid @> $2::timestamptz`;
/** A declared word before a parsed one before a guess; then in a fixed order. */
const BEST = `array_position(array['declared', 'parsed', 'derived', 'model'], a.method), a.confidence desc,
  a.source_id`;
const EXISTENCE = "('is', 'contains', 'defines')";

const lookFrom = ({ acls, validAt, knownAt, hiddenSources }: Perspective) => [
  acls,
  validAt,
  knownAt,
  hiddenSources,
];

/** Distinct ACLs in use: what a caller's rights are asked about. */
export async function listAcls(db: Queryable): Promise<string[]> {
  // Sources are many and their ACLs few: hop from one to the next instead of reading all.
  const rows = await db.query<{ acl: string }>(
    `with recursive hop as (
       (select acl from graph_sources order by acl limit 1)
       union all
       select (select s.acl from graph_sources s where s.acl > hop.acl order by s.acl limit 1) from hop
       where hop.acl is not null
     ) select acl from hop where acl is not null`,
  );
  return rows.map(({ acl }) => acl);
}

export async function findEntityRow(
  db: Queryable,
  { kind, key }: EntityRef,
): Promise<number | undefined> {
  const [row] = await db.query<{ id: number }>(
    'select id from graph_entities where kind = $1 and key = $2',
    [kind, key],
  );
  return row?.id;
}

/**
 * What is known of entities by their ids. What exists only by words kept from the reader is left out,
 * even where others name it: its very name may be the secret.
 */
export async function readEntities(
  db: Queryable,
  perspective: Perspective,
  ids: readonly number[],
): Promise<Map<number, EntityRow>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<{
    id: number;
    kind: EntityKind;
    key: string;
    properties: Record<string, unknown> | null;
    confirmed_at: Date | null;
    was_known: boolean;
    is_alive: boolean;
  }>(
    `select n.id, n.kind, n.key, best.properties, best.confirmed_at, coalesce(best.is_alive, false) as is_alive,
       best.is_alive is not null as was_known
     from graph_entities n
     left join lateral (
       select a.properties, a.confirmed_at, a.valid @> $2::timestamptz as is_alive
       from graph_edges e join graph_assertions a on a.edge_id = e.id
       where e.to_id = n.id and e.kind in ${EXISTENCE} and ${KNOWN} and lower(a.valid) <= $2::timestamptz
       order by 3 desc, upper(a.valid) desc nulls first, ${BEST} limit 1
     ) best on true
     where n.id = any($5) and (best.is_alive is not null
       or not exists (
         select 1 from graph_edges e join graph_assertions a on a.edge_id = e.id
         where e.to_id = n.id and e.kind in ${EXISTENCE} and a.seen @> $3::timestamptz
       )
       or exists (
         select 1 from graph_edges e join graph_assertions a on a.edge_id = e.id
         where e.to_id = n.id and e.kind in ${EXISTENCE} and ${KNOWN}
       ))`,
    [...lookFrom(perspective), ids],
  );
  return new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        kind: row.kind,
        key: row.key,
        properties: row.properties ?? {},
        confirmedAt: row.confirmed_at,
        wasKnown: row.was_known,
        isAlive: row.is_alive,
      },
    ]),
  );
}

/**
 * Entities whose name or key holds the text, that exist now; the best known first. Symbols, which are
 * many, by the beginning of their name.
 */
export async function searchEntityIds(
  db: Queryable,
  perspective: Perspective,
  query: {
    text: string;
    kinds: readonly string[] | undefined;
    scope: string | undefined;
    offset: number;
    limit: number;
  },
): Promise<number[]> {
  const escaped = query.text.replace(/[\\%_]/g, '\\$&');
  const others = query.kinds?.filter((kind) => kind !== 'symbol');
  const wantsSymbols =
    query.kinds === undefined ? query.text !== '' : others?.length !== query.kinds.length;
  const rows = await db.query<{ id: number }>(
    `select n.id from (
       select n.id, n.kind, n.key, min(length(coalesce(a.properties->>'title', n.key))) as size,
         bool_or(lower(coalesce(a.properties->>'title', n.key)) = lower($5)) as is_exact
       from graph_edges e
       join graph_assertions a on a.edge_id = e.id
       join graph_entities n on n.id = e.to_id
       join graph_sources s on s.id = a.source_id
       where e.kind in ('is', 'contains') and ${LIVE}
         and ($6::text[] is null or n.kind = any($6)) and ($7::text is null or s.scope = $7)
         and (n.key ilike $8 or a.properties->>'title' ilike $8 or a.properties->>'path' ilike $8)
       group by n.id, n.kind, n.key
       union all
       (select n.id, n.kind, n.key, min(length(n.key)),
         bool_or(lower(substring(n.key from '[^#]*$')) = lower($5))
       from graph_entities n
       join graph_edges e on e.to_id = n.id and e.kind = 'defines'
       join graph_assertions a on a.edge_id = e.id
       join graph_sources s on s.id = a.source_id
       where $11::bool and n.kind = 'symbol' and lower(substring(n.key from '[^#]*$')) like lower($12)
         and ${LIVE} and ($7::text is null or s.scope = $7)
       group by n.id, n.kind, n.key
       order by 5 desc, 4, n.key collate "C" limit $9::int + $10::int)
     ) n
     order by is_exact desc, (kind in ('file', 'section', 'symbol', 'package')), size, kind, key collate "C"
     offset $9::int limit $10::int`,
    [
      ...lookFrom(perspective),
      query.text,
      others ?? null,
      query.scope ?? null,
      `%${escaped}%`,
      query.offset,
      query.limit,
      wantsSymbols,
      `${escaped}%`,
    ],
  );
  return rows.map(({ id }) => id);
}

/** Edges that touch any of the entities, with at least one live assertion. */
export async function readEdges(
  db: Queryable,
  perspective: Perspective,
  query: {
    ids: readonly number[];
    kinds?: readonly string[] | undefined;
    direction?: 'out' | 'in' | 'both' | undefined;
    /** Also what held once and no longer does. */
    withPast?: boolean | undefined;
    limit: number;
  },
): Promise<EdgeRow[]> {
  const { direction = 'both' } = query;
  const ends = [
    ...(direction === 'in' ? [] : ['e.from_id = any($5)']),
    ...(direction === 'out' ? [] : ['e.to_id = any($5)']),
  ].join(' or ');
  const rows = await db.query<{
    id: number;
    kind: EdgeKind;
    slot: string;
    from_id: number;
    from_kind: EntityKind;
    from_key: string;
    to_id: number;
    to_kind: EntityKind;
    to_key: string;
  }>(
    `select e.id, e.kind, e.slot, e.from_id, f.kind as from_kind, f.key as from_key,
       e.to_id, t.kind as to_kind, t.key as to_key
     from graph_edges e
     join graph_entities f on f.id = e.from_id
     join graph_entities t on t.id = e.to_id
     where (${ends}) and ($6::text[] is null or e.kind = any($6)) and e.kind <> 'is'
       and exists (select 1 from graph_assertions a where a.edge_id = e.id and ${query.withPast === true ? KNOWN : LIVE}
         and $2::timestamptz is not null)
     order by e.kind, f.key collate "C", t.key collate "C", e.slot collate "C" limit $7`,
    [...lookFrom(perspective), query.ids, query.kinds ?? null, query.limit],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    slot: row.slot,
    from: { id: row.from_id, kind: row.from_kind, key: row.from_key },
    to: { id: row.to_id, kind: row.to_kind, key: row.to_key },
  }));
}

/** Words of sources by edge, surest first. Without `withPast` only those that hold. */
export async function readWords(
  db: Queryable,
  perspective: Perspective,
  edgeIds: readonly number[],
  { withPast = false }: { withPast?: boolean } = {},
): Promise<Map<number, SourceWord[]>> {
  if (edgeIds.length === 0) return new Map();
  const rows = await db.query<{
    edge_id: number;
    system: string;
    object: string;
    revision: string;
    confirmed_at: Date;
    extractor: string;
    extractor_version: number;
    method: Method;
    confidence: number;
    evidence: Evidence | null;
    properties: Record<string, unknown>;
    valid_from: Date;
    valid_to: Date | null;
    seen_from: Date;
    seen_to: Date | null;
  }>(
    `select a.edge_id, s.system, s.object, a.revision, a.confirmed_at, a.extractor, a.extractor_version, a.method,
       a.confidence, a.evidence, a.properties, lower(a.valid) as valid_from, upper(a.valid) as valid_to,
       lower(a.seen) as seen_from, upper(a.seen) as seen_to
     from graph_assertions a join graph_sources s on s.id = a.source_id
     where a.edge_id = any($5) and ${withPast ? KNOWN : LIVE} and $2::timestamptz is not null
     order by ${BEST}, lower(a.valid)`,
    [...lookFrom(perspective), edgeIds],
  );
  const words = new Map<number, SourceWord[]>();
  for (const row of rows) {
    const word = {
      system: row.system,
      object: row.object,
      revision: row.revision,
      confirmedAt: row.confirmed_at,
      extractor: row.extractor,
      extractorVersion: row.extractor_version,
      method: row.method,
      confidence: row.confidence,
      evidence: row.evidence,
      properties: row.properties,
      validFrom: row.valid_from,
      validTo: row.valid_to,
      seenFrom: row.seen_from,
      seenTo: row.seen_to,
    };
    const list = words.get(row.edge_id);
    if (list === undefined) words.set(row.edge_id, [word]);
    else list.push(word);
  }
  return words;
}

/** Existence edges of entities (`is` and `contains` into them), for their own sources and times. */
export async function readExistenceEdges(
  db: Queryable,
  ids: readonly number[],
): Promise<Map<number, number>> {
  const rows = await db.query<{ id: number; to_id: number }>(
    `select id, to_id from graph_edges where to_id = any($1) and kind in ${EXISTENCE}`,
    [ids],
  );
  return new Map(rows.map(({ id, to_id }) => [id, to_id]));
}

/** Live edges of kinds, wherever they are: for supersession and contradiction, which are few. */
export async function readEdgesOfKinds(
  db: Queryable,
  perspective: Perspective,
  kinds: readonly string[],
  limit: number,
): Promise<EdgeRow[]> {
  const rows = await db.query<{
    id: number;
    kind: EdgeKind;
    slot: string;
    from_id: number;
    from_kind: EntityKind;
    from_key: string;
    to_id: number;
    to_kind: EntityKind;
    to_key: string;
  }>(
    `select e.id, e.kind, e.slot, e.from_id, f.kind as from_kind, f.key as from_key,
       e.to_id, t.kind as to_kind, t.key as to_key
     from graph_edges e
     join graph_entities f on f.id = e.from_id
     join graph_entities t on t.id = e.to_id
     where e.kind = any($5)
       and exists (select 1 from graph_assertions a where a.edge_id = e.id and ${LIVE})
     order by e.kind, f.key collate "C", t.key collate "C" limit $6`,
    [...lookFrom(perspective), kinds, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    slot: row.slot,
    from: { id: row.from_id, kind: row.from_kind, key: row.from_key },
    to: { id: row.to_id, kind: row.to_kind, key: row.to_key },
  }));
}

export interface NeighbourRow {
  nodeId: number;
  otherId: number;
  otherKind: EntityKind;
  kind: EdgeKind;
  slot: string;
  direction: 'out' | 'in';
  confidence: number;
  /** Place among its like, from 1, and how many of them there are. */
  rank: number;
  total: number;
}

/** Live neighbours of entities, the surest first, at most so many per entity, kind and direction. */
export async function readNeighbours(
  db: Queryable,
  perspective: Perspective,
  ids: readonly number[],
  options: { kinds?: readonly string[] | undefined; perKind: number },
): Promise<NeighbourRow[]> {
  const rows = await db.query<{
    node_id: number;
    other_id: number;
    other_kind: EntityKind;
    kind: EdgeKind;
    slot: string;
    direction: 'out' | 'in';
    confidence: number;
    rank: number;
    total: number;
  }>(
    `with touching as (
       select e.id, e.kind, e.slot, e.from_id as node_id, e.to_id as other_id, 'out' as direction
       from graph_edges e where e.from_id = any($5) and e.from_id <> e.to_id
       union all
       select e.id, e.kind, e.slot, e.to_id, e.from_id, 'in'
       from graph_edges e where e.to_id = any($5) and e.from_id <> e.to_id
     ), live as (
       select g.*, n.kind as other_kind, n.key as other_key, w.confidence
       from touching g
       join graph_entities n on n.id = g.other_id
       join lateral (
         select max(a.confidence) as confidence from graph_assertions a where a.edge_id = g.id and ${LIVE}
       ) w on w.confidence is not null
       where $6::text[] is null or g.kind = any($6)
     ), ranked as (
       select *, row_number() over (partition by node_id, kind, direction, other_kind
           order by confidence desc, other_key collate "C", slot collate "C")::int as rank,
         count(*) over (partition by node_id, kind, direction, other_kind)::int as total
       from live
     )
     select node_id, other_id, other_kind, kind, slot, direction, confidence, rank, total from ranked
     where rank <= $7
     order by node_id, other_kind in ('file', 'section', 'package', 'symbol'), kind, direction, rank`,
    [...lookFrom(perspective), ids, options.kinds ?? null, options.perKind],
  );
  return rows.map((row) => ({
    nodeId: row.node_id,
    otherId: row.other_id,
    otherKind: row.other_kind,
    kind: row.kind,
    slot: row.slot,
    direction: row.direction,
    confidence: row.confidence,
    rank: row.rank,
    total: row.total,
  }));
}

/** Sources whose words are about paths that are kept from a reader. */
export async function findHiddenSources(
  db: Queryable,
  closed: readonly ClosedSource[],
): Promise<number[]> {
  if (closed.length === 0) return [];
  const rows = await db.query<{ id: number }>(
    `select distinct s.id from graph_sources s
     join graph_assertions a on a.source_id = s.id
     join unnest($1::text[], $2::text[], $3::text[]) as c (system, scope, prefix)
       on (c.system = '*' or c.system = s.system) and (c.scope is null or c.scope = s.scope)
     where starts_with(coalesce(a.evidence->>'path', ''), c.prefix)
       or starts_with(coalesce(a.properties->>'path', ''), c.prefix)
       or starts_with(s.object, c.prefix)`,
    [
      closed.map(({ system }) => system),
      closed.map(({ scope }) => scope),
      closed.map(({ prefix }) => prefix),
    ],
  );
  return rows.map(({ id }) => id);
}

/** Entities of kinds that exist now, those whose last word is oldest first. */
export async function listEntityIds(
  db: Queryable,
  perspective: Perspective,
  query: { kinds: readonly string[]; scope: string | undefined; limit: number },
): Promise<number[]> {
  const rows = await db.query<{ id: number }>(
    `select n.id from graph_entities n
     join graph_edges e on e.to_id = n.id and e.kind in ${EXISTENCE}
     join graph_assertions a on a.edge_id = e.id
     join graph_sources s on s.id = a.source_id
     where n.kind = any($5) and ${LIVE} and ($6::text is null or s.scope = $6)
     group by n.id order by max(a.confirmed_at), n.id limit $7`,
    [...lookFrom(perspective), query.kinds, query.scope ?? null, query.limit],
  );
  return rows.map(({ id }) => id);
}
