/** Services anywhere in the organisation that depend on others, by the word of the context graph. */
import type { GraphService, Reader } from '#context';
import { AppError } from '#kernel';

/** Policy counts services; it shows none to anybody who may not know of them. */
const EVERYTHING: Reader = { mayRead: () => true };
/** A change that reaches more than this reaches everything a rule can ask for. */
const MAX_VISITED = 200;

/** Near and far, by name, without the ones asked for. What the graph does not know has none. */
export function createDependantFinder(
  graph: Pick<GraphService, 'entity'>,
): (services: readonly string[]) => Promise<string[]> {
  return async (services) => {
    const seen = new Set(services.map(idOf));
    const walk = [...seen];
    for (const id of walk) {
      for (const other of await directDependants(graph, id)) {
        if (seen.has(other) || seen.size >= MAX_VISITED) continue;
        seen.add(other);
        walk.push(other);
      }
    }
    return walk.slice(new Set(services.map(idOf)).size).map((id) => id.split('/').at(-1) ?? id);
  };
}

function idOf(service: string): string {
  return `component:default/${service.toLowerCase()}`;
}

async function directDependants(
  graph: Pick<GraphService, 'entity'>,
  id: string,
): Promise<string[]> {
  try {
    const { relations } = await graph.entity(EVERYTHING, id, { kinds: ['depends_on'], limit: 500 });
    return relations
      .filter(({ direction, other }) => direction === 'in' && other.kind === 'component')
      .map(({ other }) => other.id);
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return [];
    throw error;
  }
}
