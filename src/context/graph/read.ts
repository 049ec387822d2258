/**
 * Reads the graph as people and packs need it: an entity with its sources, relations, times and
 * disagreements; its neighbourhood in bounds. What is stale, superseded or contradicted says so.
 */
import type { Queryable } from '#kernel';
import { isSettled } from './disagreements.ts';
import { type Freshness, freshnessOfEdge, freshnessOfEntity } from './freshness.ts';
import * as store from './read-store.ts';
import type { EdgeKind, EntityKind, EntityRef, Perspective } from './schema.ts';

export interface EntitySummary extends EntityRef {
  /** `kind:key`, as routes take it. */
  id: string;
  title: string;
  freshness: Freshness;
  properties: Record<string, unknown>;
  confirmedAt: Date | null;
}

export type SourceWord = store.SourceWord;

export interface Relation {
  kind: EdgeKind;
  /** `out`: the entity is the subject. */
  direction: 'out' | 'in';
  slot: string;
  other: EntitySummary;
  freshness: Freshness;
  sources: SourceWord[];
}

const MAX_STANDING = 5_000;

/** What of the whole graph is superseded or contradicted; both are few. */
interface Verdicts {
  superseded: ReadonlySet<number>;
  contradicted: ReadonlySet<number>;
}

/** Statuses with which a record takes the place of another. A proposal replaces nothing yet. */
const REPLACES = new Set(['accepted', 'unknown', undefined]);
const REPLACED = new Set(['superseded', 'deprecated', 'rejected']);

async function readVerdicts(db: Queryable, perspective: Perspective): Promise<Verdicts> {
  const edges = await store.readEdgesOfKinds(
    db,
    perspective,
    ['supersedes', 'contradicts'],
    MAX_STANDING,
  );
  const ends = await store.readEntities(db, perspective, [
    ...new Set(edges.flatMap(({ from, to }) => [from.id, to.id])),
  ]);
  const statusOf = (id: number) => ends.get(id)?.properties['status'] as string | undefined;
  const isAlive = (id: number) => ends.get(id)?.isAlive === true;
  const superseded = new Set<number>();
  const contradicted = new Set<number>();
  const words = await store.readWords(
    db,
    perspective,
    edges.map(({ id }) => id),
  );
  const isHuman = (id: number) => words.get(id)?.some(({ system }) => system === 'human') === true;
  const replaces = edges.filter(
    ({ id, kind, from, to }) =>
      kind === 'supersedes' &&
      from.id !== to.id &&
      isAlive(from.id) &&
      (REPLACES.has(statusOf(from.id)) || isHuman(id)),
  );
  const pairs = new Map(replaces.map(({ id, from, to }) => [`${from.id} ${to.id}`, id]));
  for (const { id, from, to } of replaces) {
    const back = pairs.get(`${to.id} ${from.id}`);
    // Each claims to replace the other: no rule can say which, so a person must.
    if (back === undefined || (isHuman(id) && !isHuman(back))) superseded.add(to.id);
    else if (isHuman(id) === isHuman(back)) contradicted.add(from.id).add(to.id);
  }
  const contradictions = edges.filter(({ kind }) => kind === 'contradicts');
  for (const { id, from, to } of contradictions) {
    if (isSettled(words.get(id) ?? [])) continue;
    // A side that is gone or replaced no longer contradicts anything.
    if (!isAlive(from.id) || !isAlive(to.id)) continue;
    if (superseded.has(from.id) || superseded.has(to.id)) continue;
    contradicted.add(from.id).add(to.id);
  }
  return { superseded, contradicted };
}

/** Entities by id, each with its freshness. */
export async function summarise(
  db: Queryable,
  perspective: Perspective,
  ids: readonly number[],
): Promise<Map<number, EntitySummary>> {
  const unique = [...new Set(ids)];
  const [rows, verdicts, mentions] = [
    await store.readEntities(db, perspective, unique),
    await readVerdicts(db, perspective),
    await readMentions(db, perspective, unique),
  ];
  const summaries = new Map<number, EntitySummary>();
  for (const [id, row] of rows) {
    const status = row.properties['status'] as string | undefined;
    const named = mentions.get(id);
    const freshness = freshnessOfEntity(
      {
        kind: row.kind,
        isAlive: row.isAlive,
        wasKnown: row.wasKnown,
        confirmedAt: row.confirmedAt,
        isSuperseded: verdicts.superseded.has(id) || (status !== undefined && REPLACED.has(status)),
        isContradicted: verdicts.contradicted.has(id),
        livingMentions: named?.living ?? 0,
        vanishedMentions: named?.vanished ?? 0,
      },
      perspective.validAt,
    );
    summaries.set(id, {
      id: `${row.kind}:${row.key}`,
      kind: row.kind,
      key: row.key,
      title: titleOf(row),
      freshness,
      properties: row.properties,
      confirmedAt: row.confirmedAt,
    });
  }
  return summaries;
}

function titleOf({ key, properties }: store.EntityRow): string {
  const title = properties['title'];
  return typeof title === 'string' && title !== '' ? title : key;
}

const NAMING = new Set<EntityKind>(['section', 'document', 'rule', 'decision', 'incident']);

/** How many things each document names that exist, and that are gone. */
async function readMentions(
  db: Queryable,
  perspective: Perspective,
  ids: readonly number[],
): Promise<Map<number, { living: number; vanished: number }>> {
  const edges = await store.readEdges(db, perspective, {
    ids,
    kinds: ['mentions'],
    direction: 'out',
    limit: MAX_STANDING,
  });
  const counts = new Map<number, { living: number; vanished: number }>();
  const naming = edges.filter(({ from }) => NAMING.has(from.kind));
  const targets = await store.readEntities(db, perspective, [
    ...new Set(naming.map(({ to }) => to.id)),
  ]);
  for (const { from, to } of naming) {
    const count = counts.get(from.id) ?? { living: 0, vanished: 0 };
    const target = targets.get(to.id);
    if (target?.isAlive === true) count.living += 1;
    else if (target?.wasKnown === true) count.vanished += 1;
    counts.set(from.id, count);
  }
  return counts;
}

/** One entity; undefined when the reader may not know of it, or nobody ever spoke of it. */
export async function readEntity(
  db: Queryable,
  perspective: Perspective,
  ref: EntityRef,
): Promise<{ rowId: number; entity: EntitySummary; sources: SourceWord[] } | undefined> {
  const rowId = await store.findEntityRow(db, ref);
  if (rowId === undefined) return undefined;
  const entity = (await summarise(db, perspective, [rowId])).get(rowId);
  const existence = await store.readExistenceEdges(db, [rowId]);
  const words = [
    ...(await store.readWords(db, perspective, [...existence.keys()], { withPast: true })).values(),
  ].flat();
  if (entity === undefined) return undefined;
  if (words.length === 0) {
    // Nobody says that it exists, so it may be shown only to who may read somebody naming it.
    const named = await store.readEdges(db, perspective, {
      ids: [rowId],
      limit: 1,
      withPast: true,
    });
    if (named.length === 0) return undefined;
  }
  return { rowId, entity, sources: words };
}

/** Relations of an entity, by kind; each with every source that says so. */
export async function readRelations(
  db: Queryable,
  perspective: Perspective,
  rowId: number,
  options: { kinds?: readonly string[] | undefined; withPast?: boolean; limit: number },
): Promise<Relation[]> {
  const edges = await store.readEdges(db, perspective, { ids: [rowId], ...options });
  const [others, words] = [
    await summarise(db, perspective, [
      rowId,
      ...edges.map(({ from, to }) => (from.id === rowId ? to.id : from.id)),
    ]),
    await store.readWords(
      db,
      perspective,
      edges.map(({ id }) => id),
      { withPast: options.withPast ?? false },
    ),
  ];
  const own = others.get(rowId);
  return edges.flatMap((edge): Relation[] => {
    const direction = edge.from.id === rowId ? 'out' : 'in';
    const other = others.get(direction === 'out' ? edge.to.id : edge.from.id);
    const sources = words.get(edge.id) ?? [];
    if (other === undefined || own === undefined || sources.length === 0) return [];
    const [from, to] = direction === 'out' ? [own, other] : [other, own];
    const holds = sources.some(
      ({ validFrom, validTo }) =>
        validFrom <= perspective.validAt && (validTo === null || validTo > perspective.validAt),
    );
    const confirmedAt = new Date(
      Math.max(...sources.map((source) => source.confirmedAt.getTime())),
    );
    return [
      {
        kind: edge.kind,
        direction,
        slot: edge.slot,
        other,
        freshness: holds
          ? freshnessOfEdge(
              { kind: edge.kind, confirmedAt },
              from.freshness,
              to.freshness,
              perspective.validAt,
            )
          : 'stale',
        sources,
      },
    ];
  });
}
