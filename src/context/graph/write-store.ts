/** SQL that writes the graph. Everything in bulk: a first import states tens of thousands of facts. */
import type { Queryable, Tx } from '#kernel';
import type { HeldFact, StatedFacts } from './fold.ts';
import { refText } from './fold.ts';
import type { EntityRef, Evidence, Fact, Statement } from './schema.ts';

const CHUNK = 1_000;

export function sourceText({ system, object }: { system: string; object: string }): string {
  return `${system}\n${object}`;
}

/** Makes sources that are new and locks all of them, in their order. Ids by `sourceText`. */
export async function lockSources(
  tx: Tx,
  statements: readonly Pick<Statement, 'system' | 'object' | 'scope' | 'acl'>[],
): Promise<Map<string, number>> {
  const unique = [...new Map(statements.map((one) => [sourceText(one), one])).values()];
  const ids = new Map<string, number>();
  for (const rows of chunksOf(unique)) {
    // The update of what is there takes the lock; a later fold then sees what an earlier one wrote.
    const made = await tx.query<{ id: number; system: string; object: string }>(
      `insert into graph_sources (system, object, scope, acl)
       select * from unnest($1::text[], $2::text[], $3::text[], $4::text[])
       on conflict (system, object) do update set scope = excluded.scope, acl = excluded.acl
       returning id, system, object`,
      [
        rows.map((row) => row.system),
        rows.map((row) => row.object),
        rows.map((row) => row.scope),
        rows.map((row) => row.acl),
      ],
    );
    for (const row of made) ids.set(sourceText(row), row.id);
  }
  return ids;
}

/** Source of each statement that was new, or was withdrawn and counts again. */
export async function insertStatements(
  tx: Tx,
  statements: readonly (Omit<Statement, 'facts'> & {
    sourceId: number;
    payloadHash: string;
    facts: readonly Fact[];
  })[],
  now: Date,
): Promise<number[]> {
  const changed: number[] = [];
  const unique = new Map(
    statements.map((one) => [
      [one.sourceId, one.revision, one.payloadHash, one.ordinal].join('\n'),
      one,
    ]),
  );
  for (const rows of chunksOf([...unique.values()])) {
    const made = await tx.query<{ source_id: number }>(
      `insert into graph_statements (source_id, revision, payload_hash, ordinal, stated_at, extractor,
         extractor_version, facts, recorded_at)
       select s.*, $9 from unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[],
         $6::text[], $7::int[], $8::jsonb[]) as s
       on conflict (source_id, revision, payload_hash, ordinal)
         do update set withdrawn_at = null where graph_statements.withdrawn_at is not null
       returning source_id`,
      [
        rows.map((row) => row.sourceId),
        rows.map((row) => row.revision),
        rows.map((row) => row.payloadHash),
        rows.map((row) => row.ordinal),
        rows.map((row) => row.statedAt),
        rows.map((row) => row.extractor),
        rows.map((row) => row.extractorVersion),
        rows.map((row) => JSON.stringify(row.facts)),
        now,
      ],
    );
    changed.push(...made.map(({ source_id }) => source_id));
  }
  await refreshNewest(tx, [...new Set(changed)]);
  return changed;
}

/** Keeps on each source what its newest statement in force is. */
async function refreshNewest(tx: Tx, sourceIds: readonly number[]): Promise<void> {
  await tx.query(
    `update graph_sources s set ordinal = coalesce(n.ordinal, -1), revision = n.revision,
       payload_hash = n.payload_hash, is_gone = coalesce(n.is_gone, true)
     from unnest($1::bigint[]) as wanted (id)
     left join lateral (
       select ordinal, revision, payload_hash, facts = '[]'::jsonb as is_gone from graph_statements
       where source_id = wanted.id and withdrawn_at is null
       order by ordinal desc, stated_at desc, extractor_version desc, revision collate "C" desc,
         payload_hash collate "C" desc
       limit 1
     ) n on true
     where s.id = wanted.id`,
    [sourceIds],
  );
}

/** Ids of the sources that said something which no longer counts. */
export async function withdraw(
  tx: Tx,
  which: {
    system: string;
    scope: string;
    afterOrdinal?: number | undefined;
    extractor?: string | undefined;
  },
  now: Date,
): Promise<number[]> {
  await tx.query(
    'select 1 from graph_sources where system = $1 and scope = $2 order by object for update',
    [which.system, which.scope],
  );
  const rows = await tx.query<{ source_id: number }>(
    `update graph_statements t set withdrawn_at = $4 from graph_sources s
     where s.id = t.source_id and s.system = $1 and s.scope = $2
       and ($3::bigint is null or t.ordinal > $3) and ($5::text is null or t.extractor = $5)
       and t.withdrawn_at is null
     returning t.source_id`,
    [which.system, which.scope, which.afterOrdinal ?? null, now, which.extractor ?? null],
  );
  const ids = [...new Set(rows.map(({ source_id }) => source_id))];
  await refreshNewest(tx, ids);
  return ids;
}

export async function erase(tx: Tx, which: { system: string; object: string }): Promise<number> {
  const [source] = await tx.query<{ id: number }>(
    'select id from graph_sources where system = $1 and object = $2 for update',
    [which.system, which.object],
  );
  if (source === undefined) return 0;
  await tx.query('delete from graph_assertions where source_id = $1', [source.id]);
  const erased = await tx.query(
    'update graph_statements set facts = null where source_id = $1 and facts is not null returning 1',
    [source.id],
  );
  return erased.length;
}

/** Statements in force by source. What was erased says nothing any more. */
export async function readStatements(
  tx: Tx,
  sourceIds: readonly number[],
): Promise<Map<number, StatedFacts[]>> {
  const bySource = new Map<number, StatedFacts[]>();
  for (const ids of chunksOf(sourceIds)) {
    const rows = await tx.query<{
      source_id: number;
      revision: string;
      payload_hash: string;
      ordinal: number;
      stated_at: Date;
      extractor: string;
      extractor_version: number;
      facts: Fact[] | null;
    }>(
      `select source_id, revision, payload_hash, ordinal, stated_at, extractor, extractor_version, facts
       from graph_statements where source_id = any($1) and withdrawn_at is null`,
      [ids],
    );
    for (const row of rows) {
      const list = bySource.get(row.source_id);
      const stated = {
        ordinal: row.ordinal,
        statedAt: row.stated_at,
        revision: row.revision,
        payloadHash: row.payload_hash,
        extractor: row.extractor,
        extractorVersion: row.extractor_version,
        facts: row.facts ?? [],
      };
      if (list === undefined) bySource.set(row.source_id, [stated]);
      else list.push(stated);
    }
  }
  return bySource;
}

/** What we say now on behalf of these sources. */
export async function readOpenAssertions(
  tx: Tx,
  sourceIds: readonly number[],
): Promise<{ id: number; sourceId: number; held: HeldFact }[]> {
  const rows = await tx.query<{
    id: number;
    source_id: number;
    valid_from: Date;
    valid_to: Date | null;
    revision: string;
    confirmed_at: Date;
    extractor: string;
    extractor_version: number;
    method: Fact['method'];
    confidence: number;
    evidence: Evidence | null;
    properties: Fact['properties'];
    kind: Fact['kind'];
    slot: string;
    from_kind: EntityRef['kind'];
    from_key: string;
    to_kind: EntityRef['kind'];
    to_key: string;
  }>(
    `select a.id, a.source_id, lower(a.valid) as valid_from, upper(a.valid) as valid_to, a.revision, a.confirmed_at,
       a.extractor, a.extractor_version, a.method, a.confidence, a.evidence, a.properties, e.kind, e.slot,
       f.kind as from_kind, f.key as from_key, t.kind as to_kind, t.key as to_key
     from graph_assertions a
     join graph_edges e on e.id = a.edge_id
     join graph_entities f on f.id = e.from_id
     join graph_entities t on t.id = e.to_id
     where a.source_id = any($1) and upper_inf(a.seen)`,
    [sourceIds],
  );
  return rows.map((row) => ({
    id: row.id,
    sourceId: row.source_id,
    held: {
      fact: {
        kind: row.kind,
        from: { kind: row.from_kind, key: row.from_key },
        to: { kind: row.to_kind, key: row.to_key },
        slot: row.slot,
        method: row.method,
        confidence: row.confidence,
        ...(row.evidence === null ? {} : { evidence: row.evidence }),
        properties: row.properties,
      },
      revision: row.revision,
      confirmedAt: row.confirmed_at,
      extractor: row.extractor,
      extractorVersion: row.extractor_version,
      validFrom: row.valid_from,
      validTo: row.valid_to,
    },
  }));
}

/** From now on we no longer say so; that we did stays known. */
export async function closeAssertions(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
  for (const part of chunksOf(ids)) {
    // What was said and taken back in one moment was never known to anybody.
    await tx.query('delete from graph_assertions where id = any($1) and lower(seen) >= $2', [
      part,
      now,
    ]);
    await tx.query(
      'update graph_assertions set seen = tstzrange(lower(seen), $2) where id = any($1)',
      [part, now],
    );
  }
}

export async function insertAssertions(
  tx: Tx,
  rows: readonly { sourceId: number; held: HeldFact }[],
  now: Date,
): Promise<void> {
  for (const part of chunksOf(rows)) {
    const edges = await edgeIds(
      tx,
      part.map(({ held }) => held.fact),
    );
    await tx.query(
      `insert into graph_assertions (edge_id, source_id, valid, seen, revision, confirmed_at, extractor,
         extractor_version, method, confidence, acl, evidence, properties)
       select r.edge_id, r.source_id, tstzrange(r.valid_from, r.valid_to), tstzrange($12, null), r.revision,
         r.confirmed_at, r.extractor, r.extractor_version, r.method, r.confidence, s.acl, r.evidence, r.properties
       from unnest($1::bigint[], $2::bigint[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[],
         $7::int[], $8::text[], $9::real[], $10::jsonb[], $11::jsonb[], $13::timestamptz[])
         as r (edge_id, source_id, valid_from, valid_to, revision, extractor, extractor_version, method,
           confidence, evidence, properties, confirmed_at)
       join graph_sources s on s.id = r.source_id`,
      [
        edges,
        part.map(({ sourceId }) => sourceId),
        part.map(({ held }) => held.validFrom),
        part.map(({ held }) => held.validTo),
        part.map(({ held }) => held.revision),
        part.map(({ held }) => held.extractor),
        part.map(({ held }) => held.extractorVersion),
        part.map(({ held }) => held.fact.method),
        part.map(({ held }) => held.fact.confidence),
        part.map(({ held }) =>
          held.fact.evidence === undefined ? null : JSON.stringify(held.fact.evidence),
        ),
        part.map(({ held }) => JSON.stringify(held.fact.properties)),
        now,
        part.map(({ held }) => held.confirmedAt),
      ],
    );
  }
}

/** Ids of the edges of facts, in the same order; entities and edges that are new are made. */
async function edgeIds(tx: Tx, facts: readonly Fact[]): Promise<number[]> {
  const refs = new Map<string, EntityRef>();
  for (const { from, to } of facts) {
    refs.set(refText(from), from);
    refs.set(refText(to), to);
  }
  const entities = await entityIds(tx, [...refs.values()]);
  const idOf = (ref: EntityRef) => entities.get(refText(ref))!;
  const textOf = (from: number, kind: string, to: number, slot: string) =>
    `${from}\n${kind}\n${to}\n${slot}`;
  const wanted = facts.map((fact) => ({
    from: idOf(fact.from),
    kind: fact.kind,
    to: idOf(fact.to),
    slot: fact.slot,
  }));
  const columns = [
    wanted.map(({ from }) => from),
    wanted.map(({ kind }) => kind),
    wanted.map(({ to }) => to),
    wanted.map(({ slot }) => slot),
  ];
  await tx.query(
    `insert into graph_edges (from_id, kind, to_id, slot)
     select distinct f, k, t, s from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as w (f, k, t, s)
     order by 1, 2, 3, 4 on conflict do nothing`,
    columns,
  );
  const rows = await tx.query<{
    id: number;
    from_id: number;
    kind: string;
    to_id: number;
    slot: string;
  }>(
    `select e.* from graph_edges e join unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[]) as w (f, k, t, s)
       on e.from_id = w.f and e.kind = w.k and e.to_id = w.t and e.slot = w.s`,
    columns,
  );
  const ids = new Map(
    rows.map((row) => [textOf(row.from_id, row.kind, row.to_id, row.slot), row.id]),
  );
  return wanted.map(({ from, kind, to, slot }) => ids.get(textOf(from, kind, to, slot))!);
}

async function entityIds(tx: Tx, refs: readonly EntityRef[]): Promise<Map<string, number>> {
  const columns = [refs.map(({ kind }) => kind), refs.map(({ key }) => key)];
  await tx.query(
    `insert into graph_entities (kind, key) select * from unnest($1::text[], $2::text[]) order by 1, 2
     on conflict do nothing`,
    columns,
  );
  const rows = await tx.query<{ id: number; kind: EntityRef['kind']; key: string }>(
    `select e.id, e.kind, e.key from graph_entities e
     join unnest($1::text[], $2::text[]) as w (kind, key) using (kind, key)`,
    columns,
  );
  return new Map(rows.map((row) => [refText(row), row.id]));
}

/** Newest word of every source of a scope: what need not be said again. */
export async function readNewest(
  db: Queryable,
  which: { system: string; scope: string },
): Promise<
  Map<
    string,
    {
      revision: string | null;
      payloadHash: string | null;
      ordinal: number;
      isGone: boolean;
      acl: string;
    }
  >
> {
  const rows = await db.query<{
    object: string;
    revision: string | null;
    payload_hash: string | null;
    ordinal: number;
    is_gone: boolean;
    acl: string;
  }>(
    `select object, revision, payload_hash, ordinal, is_gone, acl from graph_sources
     where system = $1 and scope = $2`,
    [which.system, which.scope],
  );
  return new Map(
    rows.map((row) => [
      row.object,
      {
        revision: row.revision,
        payloadHash: row.payload_hash,
        ordinal: row.ordinal,
        isGone: row.is_gone,
        acl: row.acl,
      },
    ]),
  );
}

/** Place of the newest statement of a source; -1 when it never said anything. Locks it. */
export async function readSourceOrdinal(tx: Tx, system: string, object: string): Promise<number> {
  const [row] = await tx.query<{ ordinal: number }>(
    'select ordinal from graph_sources where system = $1 and object = $2 for update',
    [system, object],
  );
  return row?.ordinal ?? -1;
}

function chunksOf<Item>(items: readonly Item[]): Item[][] {
  return Array.from({ length: Math.ceil(items.length / CHUNK) }, (_, index) =>
    items.slice(index * CHUNK, (index + 1) * CHUNK),
  );
}
