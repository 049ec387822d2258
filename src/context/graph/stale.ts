/** Knowledge that may not be taken for current, with the reason: what somebody should mend. */
import type { Queryable } from '#kernel';
import { type EntitySummary, summarise } from './read.ts';
import { listEntityIds, readEdges } from './read-store.ts';
import type { EntityKind, Perspective } from './schema.ts';

export interface StaleKnowledge {
  entity: EntitySummary;
  because: string[];
}

const KINDS: readonly EntityKind[] = ['rule', 'decision', 'document', 'incident'];
/** Entities looked at; more of one repository are not mended by one person either. */
const MAX_LOOKED_AT = 5_000;
const MAX_REASONS = 10;

export async function readStaleKnowledge(
  db: Queryable,
  perspective: Perspective,
  { scope, limit }: { scope: string | undefined; limit: number },
): Promise<StaleKnowledge[]> {
  const ids = await listEntityIds(db, perspective, { kinds: KINDS, scope, limit: MAX_LOOKED_AT });
  const summaries = await summarise(db, perspective, ids);
  const found = ids
    .filter((id) => (summaries.get(id)?.freshness ?? 'current') !== 'current')
    .slice(0, limit);
  const edges = await readEdges(db, perspective, {
    ids: found,
    kinds: ['mentions', 'supersedes', 'contradicts'],
    limit: MAX_LOOKED_AT,
  });
  const ends = await summarise(
    db,
    perspective,
    edges.flatMap(({ from, to }) => [from.id, to.id]),
  );
  return found.map((id) => {
    const entity = summaries.get(id)!;
    const because: string[] = [];
    for (const { kind, from, to } of edges) {
      const other = ends.get(from.id === id ? to.id : from.id);
      if (other === undefined || (from.id !== id && to.id !== id)) continue;
      if (kind === 'mentions' && from.id === id && other.freshness === 'stale') {
        because.push(`names ${other.title}, which is gone`);
      } else if (kind === 'supersedes' && to.id === id)
        because.push(`${other.title} took its place`);
      else if (kind === 'contradicts') because.push(`cannot hold together with ${other.title}`);
    }
    if (because.length === 0) because.push(reasonOf(entity));
    return { entity, because: because.slice(0, MAX_REASONS) };
  });
}

function reasonOf({ freshness, properties }: EntitySummary): string {
  switch (freshness) {
    case 'superseded':
      return `says of itself that it is ${typeof properties['status'] === 'string' ? properties['status'] : 'superseded'}`;
    case 'unverified':
      return 'was not touched for long, and names nothing that exists';
    case 'contradicted':
      return 'each of two records claims to take the place of the other';
    case 'stale':
      return 'no source says any more that it exists';
    case 'current':
      return '';
  }
}
