/**
 * What is around an entity, in bounds: at most so many entities, and of what one entity has too many of,
 * a few and how many more there are. A graph of 500 services stays readable that way.
 */
import type { Queryable } from '#kernel';
import { readNeighbours } from './read-store.ts';
import { type EntitySummary, summarise } from './read.ts';
import type { EdgeKind, EntityKind, Perspective } from './schema.ts';

export interface Neighbourhood {
  entities: (EntitySummary & { distance: number })[];
  edges: { kind: EdgeKind; slot: string; from: string; to: string; confidence: number }[];
  /** What was left out, by entity and kind of relation. */
  more: {
    of: string;
    kind: EdgeKind;
    direction: 'out' | 'in';
    otherKind: EntityKind;
    count: number;
  }[];
}

export interface NeighbourhoodOptions {
  /** Steps from the entity, 1 to 3. */
  depth: number;
  /** Most entities. */
  limit: number;
  kinds?: readonly string[] | undefined;
}

/** Of one kind of relation of one entity so many are shown. */
const FAN_OUT = 12;

export async function readNeighbourhood(
  db: Queryable,
  perspective: Perspective,
  rowId: number,
  { depth, limit, kinds }: NeighbourhoodOptions,
): Promise<Neighbourhood> {
  const distances = new Map([[rowId, 0]]);
  const edges = new Map<
    string,
    { kind: EdgeKind; slot: string; from: number; to: number; confidence: number }
  >();
  const more: (Omit<Neighbourhood['more'][number], 'of'> & { of: number })[] = [];
  let frontier = [rowId];

  for (let distance = 1; distance <= depth && frontier.length > 0; distance += 1) {
    const found = await readNeighbours(db, perspective, frontier, { kinds, perKind: FAN_OUT });
    const next: number[] = [];
    for (const one of found) {
      const group = {
        of: one.nodeId,
        kind: one.kind,
        direction: one.direction,
        otherKind: one.otherKind,
      };
      if (one.rank === 1 && one.total > FAN_OUT)
        more.push({ ...group, count: one.total - FAN_OUT });
      if (!distances.has(one.otherId)) {
        if (distances.size >= limit) {
          more.push({ ...group, count: 1 });
          continue;
        }
        distances.set(one.otherId, distance);
        next.push(one.otherId);
      }
      const [from, to] =
        one.direction === 'out' ? [one.nodeId, one.otherId] : [one.otherId, one.nodeId];
      edges.set(`${one.kind} ${from} ${to} ${one.slot}`, {
        kind: one.kind,
        slot: one.slot,
        from,
        to,
        confidence: one.confidence,
      });
    }
    frontier = next;
  }

  const summaries = await summarise(db, perspective, [...distances.keys()]);
  const idOf = (id: number) => summaries.get(id)?.id ?? '';
  return {
    entities: [...distances].flatMap(([id, distance]) => {
      const summary = summaries.get(id);
      return summary === undefined ? [] : [{ ...summary, distance }];
    }),
    edges: [...edges.values()]
      .map((edge) => ({ ...edge, from: idOf(edge.from), to: idOf(edge.to) }))
      .filter(({ from, to }) => from !== '' && to !== ''),
    more: sumUp(more).map((one) => ({ ...one, of: idOf(one.of) })),
  };
}

function sumUp<
  Group extends { of: number; kind: string; direction: string; otherKind: string; count: number },
>(groups: readonly Group[]): Group[] {
  const sums = new Map<string, Group>();
  for (const group of groups) {
    const key = `${group.of} ${group.kind} ${group.direction} ${group.otherKind}`;
    const known = sums.get(key);
    sums.set(
      key,
      known === undefined ? { ...group } : { ...known, count: known.count + group.count },
    );
  }
  return [...sums.values()];
}
