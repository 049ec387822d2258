/** The repository a service lives in, by the word of the context graph. */
import type { GraphService, Reader } from '#context';
import { AppError } from '#kernel';

/** Where an incident belongs is no secret to the house; who may read of it is asked when it is read. */
const EVERYTHING: Reader = { mayRead: () => true };

/** Undefined where the graph knows no such service, or more than one place for it. */
export async function repositoryOfService(
  graph: Pick<GraphService, 'entity'>,
  service: string,
): Promise<string | undefined> {
  if (!/^[\w.-]{1,100}$/.test(service)) return undefined;
  try {
    const id = `component:default/${service.toLowerCase()}`;
    const { relations } = await graph.entity(EVERYTHING, id, { kinds: ['contains'], limit: 50 });
    const places = relations
      .filter(({ direction, other }) => direction === 'in' && other.kind === 'repository')
      .map(({ other }) => other.id.slice('repository:'.length));
    return new Set(places).size === 1 ? places[0] : undefined;
  } catch (error) {
    if (error instanceof AppError && error.kind === 'not_found') return undefined;
    throw error;
  }
}
