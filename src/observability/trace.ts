/**
 * Walks the trace: from any one thing back to its signal and forward to its outcome. A deployment
 * carries many changes, so a walk that arrives at it from one change never turns around.
 */
import type { Queryable } from '#kernel';
import { BESIDE_KINDS, FLOW, type NodeKind } from './flow.ts';
import { type EdgeRow, edgesFrom, edgesTo, findNodes, type NodeRow } from './store.ts';

const MAX_NODES = 400;
const MAX_STEPS = 12;
const FLOW_RELATIONS: ReadonlySet<string> = new Set(FLOW.map(({ relation }) => relation));

export interface Walk {
  nodes: NodeRow[];
  edges: EdgeRow[];
  isTruncated: boolean;
}

export async function walk(db: Queryable, start: NodeRow): Promise<Walk> {
  const nodes = new Map<string, NodeRow>([[start.ref, start]]);
  const edges = new Map<string, EdgeRow>();
  const roots = BESIDE_KINDS.has(start.kind) ? await ownersOf(db, start, nodes, edges) : [start];

  const back = await follow(db, roots, 'back', nodes, edges);
  const forward = await follow(db, roots, 'forward', nodes, edges);
  // What hangs beside is shown for the thread itself, not for everything a deployment carried.
  const spine = [
    ...new Map(
      [...roots, ...back.reached, ...forward.reached].map((node) => [node.ref, node]),
    ).values(),
  ];
  await addBeside(db, spine, nodes, edges);

  const kept = [...edges.values()].filter(({ from, to }) => nodes.has(from) && nodes.has(to));
  return { nodes: [...nodes.values()], edges: kept, isTruncated: back.isCut || forward.isCut };
}

async function ownersOf(
  db: Queryable,
  start: NodeRow,
  nodes: Map<string, NodeRow>,
  edges: Map<string, EdgeRow>,
): Promise<NodeRow[]> {
  const found = await edgesTo(db, [start.ref], MAX_NODES);
  const owners = await findNodes(
    db,
    found.map(({ from }) => from),
  );
  keep(found, owners, nodes, edges);
  return owners;
}

async function follow(
  db: Queryable,
  roots: readonly NodeRow[],
  direction: 'back' | 'forward',
  nodes: Map<string, NodeRow>,
  edges: Map<string, EdgeRow>,
): Promise<{ reached: NodeRow[]; isCut: boolean }> {
  const reached: NodeRow[] = [];
  const seen = new Set(roots.map(({ ref }) => ref));
  let frontier = [...roots];
  for (let step = 0; step < MAX_STEPS && frontier.length > 0; step += 1) {
    const refs = frontier.map(({ ref }) => ref);
    const read = direction === 'forward' ? edgesFrom : edgesTo;
    const found = (await read(db, refs, MAX_NODES)).filter(({ relation }) =>
      FLOW_RELATIONS.has(relation),
    );
    const ends = found.map((edge) => (direction === 'forward' ? edge.to : edge.from));
    const next = (await findNodes(db, ends)).filter(({ ref }) => !seen.has(ref));
    keep(found, next, nodes, edges);
    for (const node of next) seen.add(node.ref);
    reached.push(...next);
    if (nodes.size > MAX_NODES) return { reached, isCut: true };
    frontier = next;
  }
  return { reached, isCut: frontier.length > 0 };
}

async function addBeside(
  db: Queryable,
  spine: readonly NodeRow[],
  nodes: Map<string, NodeRow>,
  edges: Map<string, EdgeRow>,
): Promise<void> {
  const hosts: ReadonlySet<NodeKind> = new Set(['session', 'change']);
  const refs = spine.filter(({ kind }) => hosts.has(kind)).map(({ ref }) => ref);
  const found = (await edgesFrom(db, refs, MAX_NODES)).filter(
    ({ relation }) => !FLOW_RELATIONS.has(relation),
  );
  keep(
    found,
    await findNodes(
      db,
      found.map(({ to }) => to),
    ),
    nodes,
    edges,
  );
}

function keep(
  found: readonly EdgeRow[],
  reached: readonly NodeRow[],
  nodes: Map<string, NodeRow>,
  edges: Map<string, EdgeRow>,
): void {
  for (const edge of found) edges.set(`${edge.from} ${edge.relation} ${edge.to}`, edge);
  for (const node of reached) nodes.set(node.ref, node);
}
