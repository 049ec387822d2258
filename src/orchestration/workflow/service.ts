/**
 * Starts, shows, signals, cancels and revives runs. It never runs a step: workers do (worker.ts).
 * Each verb is one transaction with the events that tell of it; the run is locked before its steps.
 */
import { z } from 'zod';
import {
  AppError,
  type Clock,
  createGroupCommit,
  type Db,
  decodeCursor,
  type Id,
  type Logger,
  type NewId,
  type Queryable,
  toPage,
  type Tx,
} from '#kernel';
import type { Actor, Ledger } from '#ledger';
import type { Run, RunWithSteps } from '../schema.ts';
import type { NewRunRequest, WorkflowGraph, WorkflowService } from '../service.ts';
import { createAnnouncer } from './announce.ts';
import { runCancelled, runRetried, runStarted, stepResumed } from './events.ts';
import { checkGraph, graphHash, successorsOf } from './graph.ts';
import { endRun } from './settle.ts';
import {
  findRun,
  insertRun,
  insertRunsWithCommit,
  insertSignal,
  listRuns,
  listSteps,
  lockRun,
  type NewRun,
  type NewStep,
  reviveRun,
  setCauses,
  wakeBySignal,
} from './store.ts';

const RunCursor = z.tuple([z.iso.datetime(), z.string()]);

export interface WorkflowDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

export function createWorkflowService(deps: WorkflowDeps): WorkflowService {
  const { db, ledger, newId } = deps;
  const log = deps.log.child({ room: 'workflow' });
  const announcer = createAnnouncer(db);

  const starts = createGroupCommit({ flush: startMany, maxItems: 100, maxWaitMs: 1 });

  function toNewRun(request: NewRunRequest): NewRun {
    const { definition } = request;
    const { hash, text } = prepare(definition);
    return {
      id: newId('run'),
      workflow: definition.name,
      graphHash: hash,
      definitionSource: definition.source,
      changeId: request.changeId ?? null,
      workItemId: request.workItemId ?? null,
      repository: request.repository ?? null,
      title: request.title,
      input: request.input,
      correlationId: request.correlationId,
      graph: text,
      stepIds: definition.steps.map(() => newId('stp')),
      cause: newId('evt'),
    };
  }

  function startedBy(request: NewRunRequest, run: NewRun) {
    const { definition, cause } = request;
    return runStarted(run, { id: run.cause, cause, steps: definition.steps.length });
  }

  async function start(tx: Tx, request: NewRunRequest): Promise<Run> {
    const fresh = toNewRun(request);
    const run = await insertRun(tx, fresh);
    ledger.appendWithCommit(tx, [startedBy(request, fresh)]);
    announcer.newWork(tx);
    return run;
  }

  async function startMany(requests: readonly NewRunRequest[]): Promise<Run[]> {
    const fresh = requests.map(toNewRun);
    const started = new Map<string, Run>();
    await db.transaction(async (tx) => {
      insertRunsWithCommit(tx, fresh, (runs) => {
        for (const run of runs) started.set(run.id, run);
      });
      ledger.appendWithCommit(
        tx,
        fresh.map((run, index) => startedBy(requests[index]!, run)),
      );
      announcer.newWork(tx);
    });
    return fresh.map(({ id }) => started.get(id)!);
  }

  async function find(id: Id<'run'>): Promise<RunWithSteps | undefined> {
    return withSteps(db, id);
  }

  async function list(filter: Parameters<WorkflowService['list']>[0]) {
    const before = filter.cursor === undefined ? null : decodeCursor(RunCursor, filter.cursor);
    const rows = await listRuns(db, {
      state: filter.state ?? null,
      changeId: filter.changeId ?? null,
      before: before === null ? null : { createdAt: before[0], id: before[1] },
      limit: filter.limit,
    });
    return toPage(rows, filter.limit, ({ createdAt, id }) => [createdAt.toISOString(), id]);
  }

  async function signal(
    tx: Tx,
    incoming: Parameters<WorkflowService['signal']>[1],
  ): Promise<number> {
    const { runId, name } = incoming;
    if ((await lockRun(tx, runId)) === undefined) throw unknownRun(runId);
    const number = await insertSignal(tx, incoming);
    if (number === undefined) return 0;

    const woken = (await wakeBySignal(tx, { runId, name, number })).map((step) => ({
      step,
      cause: newId('evt'),
    }));
    if (woken.length === 0) return 0;
    await ledger.appendMany(
      tx,
      woken.map(({ step, cause }) =>
        stepResumed(step, { id: cause, by: 'signal', on: name, actor: incoming.actor }),
      ),
    );
    await setCauses(
      tx,
      runId,
      woken.map(({ step, cause }) => ({ name: step.name, cause })),
    );
    announcer.newWork(tx);
    return woken.length;
  }

  async function cancel(
    id: Id<'run'>,
    reason: string,
    actor: Actor,
    outer?: Tx,
  ): Promise<RunWithSteps> {
    if (outer !== undefined) return cancelIn(outer, id, reason, actor);
    return db.transaction((tx) => cancelIn(tx, id, reason, actor));
  }

  async function cancelIn(
    tx: Tx,
    id: Id<'run'>,
    reason: string,
    actor: Actor,
  ): Promise<RunWithSteps> {
    const run = await lockRun(tx, id);
    if (run === undefined) throw unknownRun(id);
    if (run.state === 'running') {
      const cancelledSteps = await endRun(tx, id, {
        state: 'cancelled',
        message: reason,
        stepMessage: `Cancelled: ${reason}`,
      });
      await ledger.append(tx, runCancelled(run, { actor, reason, cancelledSteps }));
      // Workers that hold a step of it abort at once instead of at the next renewal.
      announcer.runEnded(tx, id);
      log.info({ runId: id }, 'run cancelled');
    }
    return (await withSteps(tx, id))!;
  }

  async function retry(
    id: Id<'run'>,
    step: string | undefined,
    actor: Actor,
  ): Promise<RunWithSteps> {
    return db.transaction(async (tx) => {
      const run = await lockRun(tx, id);
      if (run === undefined) throw unknownRun(id);
      if (run.state !== 'failed') {
        throw new AppError('conflict', 'workflow.run_not_failed', {
          message: `The run is ${run.state}; only a failed run can be taken up again.`,
          hint: 'Look at it with `loom runs show`; a cancelled or finished run is started anew.',
        });
      }
      if (step !== undefined) await refuseUnlessFailed(tx, id, step);
      const event = newId('evt');
      const steps = await reviveRun(tx, id, event);
      await ledger.append(tx, runRetried(run, { id: event, actor, steps }));
      announcer.newWork(tx);
      return (await withSteps(tx, id))!;
    });
  }

  return {
    start,
    startGrouped: (request) => starts.write(request),
    find,
    list,
    signal,
    cancel,
    retry,
  };
}

async function withSteps(queryable: Queryable, id: Id<'run'>): Promise<RunWithSteps | undefined> {
  const run = await findRun(queryable, id);
  return run === undefined ? undefined : { ...run, steps: await listSteps(queryable, id) };
}

async function refuseUnlessFailed(tx: Tx, id: Id<'run'>, step: string): Promise<void> {
  const steps = await listSteps(tx, id);
  const failed = steps.filter(({ state }) => state === 'failed').map(({ name }) => name);
  if (failed.includes(step)) return;
  throw new AppError('conflict', 'workflow.step_not_failed', {
    message: steps.some(({ name }) => name === step)
      ? `Step ${step} has not failed.`
      : `The run has no step ${step}.`,
    hint: `Name a failed step (${failed.join(', ')}), or none to take up all of them.`,
  });
}

function unknownRun(id: string): AppError {
  return new AppError('not_found', 'workflow.run_unknown', {
    message: `There is no run ${id}.`,
    hint: 'List the runs with `loom runs list`.',
  });
}

interface PreparedGraph {
  hash: string;
  /** Its steps as they are sent. */
  text: string;
}

/** Graphs are never edited once they are made, and most runs are of a few. */
const prepared = new WeakMap<WorkflowGraph, PreparedGraph>();

function prepare(definition: WorkflowGraph): PreparedGraph {
  const known = prepared.get(definition);
  if (known !== undefined) return known;
  checkGraph(definition);
  const successors = successorsOf(definition);
  const steps = definition.steps.map((step, position): NewStep => ({
    name: step.name,
    position,
    kind: step.kind,
    needs: [...new Set(step.needs)],
    next: successors.get(step.name) ?? [],
    origin: step.origin,
    options: step.with,
    condition: step.when ?? null,
    maxAttempts: step.maxAttempts,
    backoffMs: step.backoffMs,
    timeoutMs: step.timeoutMs,
  }));
  const graph = { hash: graphHash(definition), text: JSON.stringify(steps) };
  prepared.set(definition, graph);
  return graph;
}
