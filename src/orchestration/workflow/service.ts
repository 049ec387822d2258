/**
 * Starts, shows, signals, cancels and revives runs. It never runs a step: workers do (worker.ts).
 * Each verb is one transaction with the events that tell of it; the run is locked before its steps.
 */
import { z } from 'zod';
import {
  AppError,
  type Clock,
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
import type { NewRunRequest, WorkflowService } from '../service.ts';
import { createAnnouncer } from './announce.ts';
import {
  runCancelled,
  runPaused,
  runResumed,
  runRetried,
  runStarted,
  stepResumed,
} from './events.ts';
import {
  findArchivedRun,
  isArchived,
  listArchivedRuns,
  listArchivedSteps,
  restoreRun,
} from './archive-store.ts';
import { createGraphKeeper, findGraph } from './kept-graphs.ts';
import { holdSteps, listUnheard, releaseHeldSteps } from './pause.ts';
import { prepareGraph } from './prepare-graph.ts';
import { applyRevival, planRevival, readRevivable } from './revive.ts';
import { endRun } from './settle.ts';
import {
  findRun,
  insertRun,
  insertSignal,
  listRuns,
  listSteps,
  lockRun,
  type NewRun,
  setCauses,
  wakeBySignal,
} from './store.ts';
import { startUndo } from './undo.ts';

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
  const keepGraph = createGraphKeeper();

  function toNewRun(request: NewRunRequest): NewRun {
    const { definition } = request;
    const { hash, text, hasUndo, timeoutMs } = prepareGraph(definition);
    return {
      id: request.id ?? newId('run'),
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
      hasUndo,
      undoOf: null,
      timeoutMs,
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
    await keepGraph(tx, request.definition);
    announcer.newWork(tx);
    if (prepareGraph(request.definition).hasLimit) announcer.gateReached(tx);
    return run;
  }

  async function find(id: Id<'run'>): Promise<RunWithSteps | undefined> {
    return withSteps(db, id);
  }

  async function list(filter: Parameters<WorkflowService['list']>[0]) {
    const before = filter.cursor === undefined ? null : decodeCursor(RunCursor, filter.cursor);
    const wanted = {
      state: filter.state ?? null,
      changeId: filter.changeId ?? null,
      before: before === null ? null : { createdAt: before[0], id: before[1] },
      // One more than asked for, so that it is known whether there is a next page.
      limit: filter.limit + 1,
    };
    // A run that waited for months may be older than one that is in the archive.
    const rows = [...(await listRuns(db, wanted)), ...(await listArchivedRuns(db, wanted))].sort(
      newestFirst,
    );
    return toPage(rows.slice(0, wanted.limit), filter.limit, ({ createdAt, id }) => [
      createdAt.toISOString(),
      id,
    ]);
  }

  async function signal(
    tx: Tx,
    incoming: Parameters<WorkflowService['signal']>[1],
  ): Promise<number> {
    const { runId, name } = incoming;
    if ((await lockRun(tx, runId)) === undefined) {
      // It ended long ago and hears nothing any more.
      if (await isArchived(tx, runId)) return 0;
      throw unknownRun(runId);
    }
    const number = await insertSignal(tx, incoming);
    if (number === undefined) return 0;

    return deliver(tx, { runId, name, number, actor: incoming.actor });
  }

  /** Wakes the steps that wait for it; gives how many. */
  async function deliver(
    tx: Tx,
    {
      runId,
      name,
      number,
      actor,
    }: { runId: Id<'run'>; name: string; number: number; actor: Actor },
  ): Promise<number> {
    const woken = (await wakeBySignal(tx, { runId, name, number })).map((step) => ({
      step,
      cause: newId('evt'),
    }));
    if (woken.length === 0) return 0;
    await ledger.appendMany(
      tx,
      woken.map(({ step, cause }) =>
        stepResumed(step, { id: cause, by: 'signal', on: name, actor }),
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
    const run = await lockRunOrArchived(tx, id);
    if (run.state === 'running' || run.state === 'paused') {
      const { cancelledSteps, undo } = await endRun(tx, id, {
        state: 'cancelled',
        message: reason,
        stepMessage: `Cancelled: ${reason}`,
      });
      const event = newId('evt');
      await ledger.append(tx, runCancelled(run, { id: event, actor, reason, cancelledSteps }));
      await startUndo(tx, { ledger, newId, announcer }, run, undo, event);
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
      const run = await lockRunOrArchived(tx, id);
      refuseUnlessRevivable(run, step);
      if (run.archivedAt !== null) await restoreRun(tx, id);
      const steps = await readRevivable(tx, id);
      if (step !== undefined && !steps.some(({ name }) => name === step)) {
        throw new AppError('not_found', 'workflow.step_unknown', {
          message: `The run has no step ${step}.`,
          hint: 'Its steps are listed by `loom runs show`.',
        });
      }
      const plan = planRevival(steps, step);
      const event = newId('evt');
      await applyRevival(tx, id, plan, event);
      const names = plan.reset.map(({ name }) => name);
      const facts = { id: event, actor, from: step ?? null, steps: names };
      await ledger.append(tx, runRetried(run, facts));
      announcer.gateReached(tx);
      announcer.newWork(tx);
      return (await withSteps(tx, id))!;
    });
  }

  async function pause(id: Id<'run'>, reason: string, actor: Actor): Promise<RunWithSteps> {
    return db.transaction(async (tx) => {
      const run = await lockRunOrArchived(tx, id);
      if (run.state === 'running') {
        await holdSteps(tx, id);
        await ledger.append(tx, runPaused(run, { id: newId('evt'), actor, reason }));
      } else if (run.state !== 'paused') throw hasEnded(run);
      return (await withSteps(tx, id))!;
    });
  }

  async function resume(id: Id<'run'>, actor: Actor): Promise<RunWithSteps> {
    return db.transaction(async (tx) => {
      const run = await lockRunOrArchived(tx, id);
      if (run.state === 'paused') {
        const event = newId('evt');
        await releaseHeldSteps(tx, id, event);
        await ledger.append(tx, runResumed(run, { id: event, actor }));
        for (const unheard of await listUnheard(tx, id)) {
          await deliver(tx, { runId: id, ...unheard, actor });
        }
        announcer.newWork(tx);
        announcer.gateReached(tx);
      } else if (run.state !== 'running') throw hasEnded(run);
      return (await withSteps(tx, id))!;
    });
  }

  return {
    pause,
    resume,
    findGraph: (hash) => findGraph(db, hash),
    start,
    find,
    list,
    signal,
    cancel,
    retry,
  };
}

async function withSteps(queryable: Queryable, id: Id<'run'>): Promise<RunWithSteps | undefined> {
  const run = await findRun(queryable, id);
  if (run !== undefined) return { ...run, steps: await listSteps(queryable, id) };
  const archived = await findArchivedRun(queryable, id);
  if (archived === undefined) return undefined;
  return { ...archived, steps: await listArchivedSteps(queryable, id) };
}

/** One from the archive is not locked: nobody works on it, and only a retry takes it out. */
async function lockRunOrArchived(tx: Tx, id: Id<'run'>): Promise<Run> {
  const run = (await lockRun(tx, id)) ?? (await findArchivedRun(tx, id));
  if (run === undefined) throw unknownRun(id);
  return run;
}

function newestFirst(a: Run, b: Run): number {
  return b.createdAt.getTime() - a.createdAt.getTime() || (a.id < b.id ? 1 : -1);
}

/** A run that was undone, or is not over, cannot be taken up again. */
function refuseUnlessRevivable(run: Run, step: string | undefined): void {
  if (run.undoneBy !== null) {
    throw new AppError('conflict', 'workflow.run_undone', {
      message: `What the run had done was undone by ${run.undoneBy}.`,
      hint: 'Start the workflow anew.',
    });
  }
  const isOver = run.state === 'failed' || run.state === 'cancelled';
  if (isOver || (run.state === 'done' && step !== undefined)) return;
  throw new AppError('conflict', 'workflow.run_not_failed', {
    message: `The run is ${run.state}; it has no failed step to take up again.`,
    hint:
      run.state === 'done'
        ? 'Name the step to start from.'
        : 'Look at it with `loom runs show`; `loom runs resume` lets a paused run go on.',
  });
}

function hasEnded(run: Run): AppError {
  return new AppError('conflict', 'workflow.run_over', {
    message: `The run is ${run.state}: there is nothing to pause or resume.`,
    hint: 'Take it up again with `loom runs retry`, or start it anew.',
  });
}

function unknownRun(id: string): AppError {
  return new AppError('not_found', 'workflow.run_unknown', {
    message: `There is no run ${id}.`,
    hint: 'List the runs with `loom runs list`.',
  });
}
