/** Graphs as runs were started with them, by hash: what a run looked like never follows its file. */
import type { Queryable, Tx } from '#kernel';
import type { WorkflowGraph } from '../workflow-graph.ts';
import { prepareGraph } from './prepare-graph.ts';

/** Writes each graph once per process and commit; equal graphs share one row. */
export function createGraphKeeper(): (tx: Tx, graph: WorkflowGraph) => Promise<void> {
  // Only what was committed is known: a transaction that is rolled back takes its graph with it.
  const kept = new WeakSet<WorkflowGraph>();
  return async (tx, graph) => {
    if (kept.has(graph)) return;
    await tx.query(
      `insert into loom.workflow_graphs (hash, name, graph) values ($1, $2, $3)
       on conflict (hash) do nothing`,
      [prepareGraph(graph).hash, graph.name, JSON.stringify(graph)],
      'workflow-keep-graph',
    );
    tx.afterCommit(() => kept.add(graph));
  };
}

export async function findGraph(
  queryable: Queryable,
  hash: string,
): Promise<WorkflowGraph | undefined> {
  const rows = await queryable.query<{ graph: WorkflowGraph }>(
    'select graph from loom.workflow_graphs where hash = $1',
    [hash],
  );
  return rows[0]?.graph;
}
