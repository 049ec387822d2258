/**
 * Undoing: when a run ends badly, what its begun steps did outside is taken back by a run of its own,
 * one step after the other, the latest first. It is a run like any other: durable, tried again, shown.
 */
import type { Id, JsonObject, NewId, Tx } from '#kernel';
import type { Ledger } from '#ledger';
import type { Run } from '../schema.ts';
import type { WorkflowGraph } from '../workflow-graph.ts';
import type { Announcer } from './announce.ts';
import { runStarted } from './events.ts';
import { prepareGraph } from './prepare-graph.ts';
import type { ToUndo } from './settle.ts';
import { insertRun } from './store.ts';

const ATTEMPTS = 6;
const BACKOFF_MS = 5_000;

export interface UndoDeps {
  ledger: Ledger;
  newId: NewId;
  announcer: Announcer;
}

/** The graph that takes these steps back, in this order. Pure. */
export function undoGraph(workflow: string, steps: readonly ToUndo[]): WorkflowGraph {
  return {
    name: `${workflow}/undo`,
    source: 'undo',
    steps: steps.map(({ name, origin, undo }, index) => ({
      name: `undo/${name}`,
      kind: undo.kind,
      needs: index === 0 ? [] : [`undo/${steps[index - 1]!.name}`],
      with: undo.with,
      origin: `undo of ${origin}`,
      maxAttempts: ATTEMPTS,
      backoffMs: BACKOFF_MS,
      timeoutMs: null,
    })),
  };
}

/** Starts the run that undoes, in the transaction that ended the other one. Undefined: nothing to do. */
export async function startUndo(
  tx: Tx,
  { ledger, newId, announcer }: UndoDeps,
  run: Pick<
    Run,
    | 'id'
    | 'workflow'
    | 'title'
    | 'input'
    | 'changeId'
    | 'workItemId'
    | 'repository'
    | 'correlationId'
  >,
  steps: readonly ToUndo[],
  cause: Id<'evt'>,
): Promise<Id<'run'> | undefined> {
  if (steps.length === 0) return undefined;
  const graph = undoGraph(run.workflow, steps);
  const { hash, text } = prepareGraph(graph);
  const undone = Object.fromEntries(
    steps.map(({ name, state, output }) => [name, { state, output } satisfies JsonObject]),
  );
  const event = newId('evt');
  const fresh = {
    id: newId('run'),
    workflow: graph.name,
    graphHash: hash,
    definitionSource: graph.source,
    changeId: run.changeId,
    workItemId: run.workItemId,
    repository: run.repository,
    title: `Undo: ${run.title}`.slice(0, 500),
    input: { ...run.input, undone },
    correlationId: run.correlationId,
    graph: text,
    stepIds: graph.steps.map(() => newId('stp')),
    cause: event,
    hasUndo: false,
    undoOf: run.id,
    timeoutMs: null,
  };
  await insertRun(tx, fresh);
  await tx.query('update loom.runs set undone_by = $2 where id = $1', [run.id, fresh.id]);
  await ledger.append(tx, runStarted(fresh, { id: event, cause, steps: graph.steps.length }));
  announcer.newWork(tx);
  return fresh.id;
}
