/**
 * Every service the catalog knows, where it belongs, who owns it and what it depends on: the whole at
 * once, as a map needs it, while a neighbourhood shows one place closely.
 */
import type { Queryable } from '#kernel';
import {
  type LandscapeEdgeRow,
  readEdgesAmong,
  readFilePairs,
  readServices,
} from './landscape-store.ts';
import { coupledServices, foldersOf } from './places.ts';
import { listEntityIds } from './read-store.ts';
import { type EntitySummary, summarise } from './read.ts';
import type { EdgeKind, Perspective } from './schema.ts';

export interface LandscapeNode extends EntitySummary {
  /** Ids of what it is part of and who owns it, by the catalog; null where nobody says. */
  system: string | null;
  domain: string | null;
  owner: string | null;
}

export interface Landscape {
  nodes: LandscapeNode[];
  edges: { kind: EdgeKind; from: string; to: string; confidence: number }[];
  /** True when there is more than one answer carries. */
  isTruncated: boolean;
}

export interface LandscapeOptions {
  /** Only what this repository speaks of. */
  scope?: string | undefined;
  /** Also which services change together, by the history of their files. */
  together?: boolean | undefined;
}

const NODES = ['component', 'api', 'resource', 'system', 'domain', 'team'];
const EDGES = ['depends_on', 'provides_api', 'consumes_api', 'contains', 'owns_declared'];
const MAX_NODES = 5_000;
const MAX_EDGES = 40_000;

export async function readLandscape(
  db: Queryable,
  perspective: Perspective,
  { scope, together = false }: LandscapeOptions,
): Promise<Landscape> {
  const ids = await listEntityIds(db, perspective, { kinds: NODES, scope, limit: MAX_NODES + 1 });
  const shown = ids.slice(0, MAX_NODES);
  const rows = await readEdgesAmong(db, perspective, {
    ids: shown,
    kinds: EDGES,
    limit: MAX_EDGES + 1,
  });
  const summaries = await summarise(db, perspective, shown);
  const coupled = together ? await readCoupled(db, perspective) : [];
  const edges = [...rows.slice(0, MAX_EDGES), ...coupled].flatMap(
    ({ kind, fromId, toId, confidence }) => {
      const [from, to] = [summaries.get(fromId), summaries.get(toId)];
      return from === undefined || to === undefined ? [] : [{ kind, from, to, confidence }];
    },
  );

  const placeOf = new Map<string, Partial<Record<'system' | 'domain' | 'owner', string>>>();
  for (const { kind, from, to } of edges) {
    const place = placeOf.get(to.id) ?? {};
    if (kind === 'owns_declared') place.owner ??= from.id;
    else if (kind === 'contains' && from.kind === 'system') place.system ??= from.id;
    else if (kind === 'contains' && from.kind === 'domain') place.domain ??= from.id;
    placeOf.set(to.id, place);
  }
  const nodes = [...summaries.values()].map((entity) => {
    const { system, domain, owner } = placeOf.get(entity.id) ?? {};
    return {
      ...entity,
      system: system ?? null,
      // A service is in the domain of its system.
      domain: domain ?? (system === undefined ? undefined : placeOf.get(system)?.domain) ?? null,
      owner: owner ?? null,
    };
  });
  return {
    nodes,
    edges: edges
      .filter(({ kind }) => kind !== 'contains' && kind !== 'owns_declared')
      .map(({ kind, from, to, confidence }) => ({ kind, from: from.id, to: to.id, confidence })),
    isTruncated: ids.length > MAX_NODES || rows.length > MAX_EDGES,
  };
}

async function readCoupled(db: Queryable, perspective: Perspective): Promise<LandscapeEdgeRow[]> {
  const pairs = await readFilePairs(db, perspective);
  const paths = Map.groupBy(pairs, ({ repository }) => repository);
  const services = await readServices(db, perspective, [...paths.keys()]);
  const folders = foldersOf(services, (name) =>
    (paths.get(name) ?? []).flatMap(({ from, to }) => [from, to]),
  );
  return coupledServices(pairs, folders).map((one) => ({ kind: 'co_changed', ...one }));
}
