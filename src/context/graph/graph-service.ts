/** The verbs of the graph: what is known of a thing, by whose word, and what people say about it. */
import type { Clock, Db } from '#kernel';
import type { Ledger } from '#ledger';
import { type Disagreement, findDisagreements } from './disagreements.ts';
import {
  type EntitySummary,
  readEntity,
  readRelations,
  type Relation,
  type SourceWord,
  summarise,
} from './read.ts';
import {
  type Neighbourhood,
  type NeighbourhoodOptions,
  readNeighbourhood,
} from './neighbourhood.ts';
import { findHiddenSources, listAcls, searchEntityIds } from './read-store.ts';
import { parseEntityId, unknownEntity } from './entity-id.ts';
import type { AsOf, EntityKind, Perspective, Reader } from './schema.ts';
import { createCuration, type Curation } from './curation.ts';
import { type Landscape, type LandscapeOptions, readLandscape } from './landscape.ts';
import { readStaleKnowledge, type StaleKnowledge } from './stale.ts';

export interface EntityPage {
  entity: EntitySummary;
  /** Everybody who says that it exists, with the times it held. */
  sources: SourceWord[];
  relations: Relation[];
  hasMoreRelations: boolean;
  disagreements: Disagreement[];
}

export interface GraphService extends Curation {
  search(
    reader: Reader,
    query: {
      text: string;
      kinds?: readonly EntityKind[] | undefined;
      /** Only what this repository or channel speaks of. */
      scope?: string | undefined;
      offset?: number | undefined;
      limit?: number | undefined;
    } & AsOf,
  ): Promise<EntitySummary[]>;
  /** @throws AppError `context.unknown_entity`, also for what the reader may not know of. */
  entity(
    reader: Reader,
    id: string,
    options?: {
      kinds?: readonly string[] | undefined;
      withPast?: boolean | undefined;
      limit?: number | undefined;
    } & AsOf,
  ): Promise<EntityPage>;
  neighbourhood(
    reader: Reader,
    id: string,
    options: NeighbourhoodOptions & AsOf,
  ): Promise<Neighbourhood>;
  /** Rules, decisions, documents and incidents that may not be taken for current, and why. */
  staleKnowledge(
    reader: Reader,
    query?: { scope?: string | undefined; limit?: number | undefined } & AsOf,
  ): Promise<StaleKnowledge[]>;
  /** Every service with its place, owner and dependencies, as a map needs them. */
  landscape(reader: Reader, options?: LandscapeOptions & AsOf): Promise<Landscape>;
  /** What one would see who may read what the reader may, at the times asked for. */
  perspective(reader: Reader, asOf?: AsOf): Promise<Perspective>;
}

export interface GraphDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
}

const MAX_RELATIONS = 500;

export function createGraphService(deps: GraphDeps): GraphService {
  const { db, clock } = deps;

  async function perspective(
    reader: Reader,
    { validAt, knownAt }: AsOf = {},
  ): Promise<Perspective> {
    const now = clock.now();
    const acls = (await listAcls(db)).filter((acl) => reader.mayRead(acl));
    const hiddenSources = await findHiddenSources(db, reader.closed ?? []);
    return { acls, hiddenSources, validAt: validAt ?? now, knownAt: knownAt ?? now };
  }

  async function find(from: Perspective, id: string) {
    const found = await readEntity(db, from, parseEntityId(id));
    if (found === undefined) throw unknownEntity(id);
    return found;
  }

  return {
    ...createCuration(deps, perspective),
    perspective,

    async search(reader, { text, kinds, scope, offset = 0, limit = 20, ...asOf }) {
      const from = await perspective(reader, asOf);
      const ids = await searchEntityIds(db, from, { text, kinds, scope, offset, limit });
      const summaries = await summarise(db, from, ids);
      return ids.flatMap((id) => summaries.get(id) ?? []);
    },

    async entity(reader, id, { kinds, withPast = false, limit = 200, ...asOf } = {}) {
      const from = await perspective(reader, asOf);
      const { rowId, entity, sources } = await find(from, id);
      const most = Math.min(limit, MAX_RELATIONS);
      const relations = await readRelations(db, from, rowId, { kinds, withPast, limit: most + 1 });
      return {
        entity,
        sources,
        relations: relations.slice(0, most),
        hasMoreRelations: relations.length > most,
        disagreements: findDisagreements(sources, relations, from.validAt),
      };
    },

    async staleKnowledge(reader, { scope, limit = 200, ...asOf } = {}) {
      return readStaleKnowledge(db, await perspective(reader, asOf), { scope, limit });
    },

    async landscape(reader, { scope, together, ...asOf } = {}) {
      return readLandscape(db, await perspective(reader, asOf), { scope, together });
    },

    async neighbourhood(reader, id, { validAt, knownAt, ...options }) {
      const from = await perspective(reader, { validAt, knownAt });
      const { rowId } = await find(from, id);
      return readNeighbourhood(db, from, rowId, options);
    },
  };
}
