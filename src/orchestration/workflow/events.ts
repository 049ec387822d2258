/** The events the engine appends; one helper each, so that their shape lives in one place. */
import type { Id } from '#kernel';
import type { Actor, NewEvent } from '#ledger';
import type { Run } from '../schema.ts';
import type { StepReference } from './rows.ts';

/** Steps are moved by the engine itself; people and connectors appear where they cancel or signal. */
export const ENGINE: Actor = { kind: 'system', id: 'workflow' };

type RunReference = Pick<
  Run,
  'id' | 'changeId' | 'workItemId' | 'repository' | 'correlationId' | 'workflow'
>;

function refsOf(of: {
  runId: Id<'run'>;
  stepId?: Id<'stp'>;
  changeId: Id<'chg'> | null;
  workItemId: Id<'wrk'> | null;
  repository: string | null;
}): NonNullable<NewEvent['refs']> {
  return {
    run: of.runId,
    ...(of.stepId === undefined ? {} : { step: of.stepId }),
    ...(of.changeId === null ? {} : { change: of.changeId }),
    ...(of.workItemId === null ? {} : { workItem: of.workItemId }),
    ...(of.repository === null ? {} : { repository: of.repository }),
  };
}

function runEvent(type: string, run: RunReference, more: Partial<NewEvent>): NewEvent {
  return {
    type,
    subject: run.id,
    actor: ENGINE,
    correlationId: run.correlationId,
    refs: refsOf({ ...run, runId: run.id }),
    ...more,
  };
}

function stepEvent(type: string, step: StepReference, more: Partial<NewEvent>): NewEvent {
  return {
    type,
    subject: step.stepId,
    actor: ENGINE,
    cause: step.cause ?? undefined,
    correlationId: step.correlationId,
    refs: refsOf(step),
    ...more,
    data: { step: step.name, kind: step.kind, ...more.data },
  };
}

export function runStarted(
  run: RunReference & Pick<Run, 'title' | 'graphHash' | 'definitionSource' | 'undoOf'>,
  facts: { id: Id<'evt'>; cause: Id<'evt'> | undefined; steps: number },
): NewEvent {
  return runEvent('run.started', run, {
    id: facts.id,
    cause: facts.cause,
    data: {
      workflow: run.workflow,
      title: run.title,
      graphHash: run.graphHash,
      definitionSource: run.definitionSource,
      steps: facts.steps,
      ...(run.undoOf === null ? {} : { undoOf: run.undoOf }),
    },
  });
}

export function runCompleted(
  step: StepReference,
  { id, cause }: { id: Id<'evt'>; cause: Id<'evt'> },
): NewEvent {
  return {
    id,
    type: 'run.completed',
    subject: step.runId,
    actor: ENGINE,
    cause,
    correlationId: step.correlationId,
    refs: refsOf(step),
    data: { lastStep: step.name },
  };
}

export function runFailed(
  step: StepReference,
  facts: {
    cause: Id<'evt'>;
    message: string;
    cancelledSteps: number;
    undoneBy: Id<'run'> | undefined;
  },
): NewEvent {
  return {
    type: 'run.failed',
    subject: step.runId,
    actor: ENGINE,
    cause: facts.cause,
    correlationId: step.correlationId,
    refs: refsOf(step),
    data: {
      step: step.name,
      message: facts.message,
      cancelledSteps: facts.cancelledSteps,
      ...(facts.undoneBy === undefined ? {} : { undoneBy: facts.undoneBy }),
    },
  };
}

/** Its time is over before it has ended. */
export function runTimedOut(
  run: RunReference,
  facts: { id: Id<'evt'>; message: string; cancelledSteps: number },
): NewEvent {
  const { id, ...data } = facts;
  return runEvent('run.failed', run, { id, data: { step: null, ...data } });
}

/** Steps that are named in the event; of more, only how many. */
const MAX_NAMED = 100;

/** The run has more steps than it began with. */
export function runGrown(
  run: RunReference,
  facts: {
    id: Id<'evt'>;
    cause: Id<'evt'> | undefined;
    /** The step that grew them. */
    by: string;
    why: string;
    steps: readonly { name: string; kind: string; origin: string }[];
    attempt: number;
    worker: string;
    startedAt: Date;
  },
): NewEvent {
  const { id, cause, steps, ...data } = facts;
  const named = steps.slice(0, MAX_NAMED).map(({ name, kind, origin }) => ({ name, kind, origin }));
  return runEvent('run.grown', run, {
    id,
    cause,
    data: { ...data, steps: named, stepCount: steps.length },
  });
}

export function runPaused(
  run: RunReference,
  facts: { id: Id<'evt'>; actor: Actor; reason: string },
): NewEvent {
  const { id, actor, reason } = facts;
  return runEvent('run.paused', run, { id, actor, data: { reason } });
}

export function runResumed(run: RunReference, facts: { id: Id<'evt'>; actor: Actor }): NewEvent {
  return runEvent('run.resumed', run, { ...facts, data: {} });
}

export function runCancelled(
  run: RunReference,
  facts: { id: Id<'evt'>; actor: Actor; reason: string; cancelledSteps: number },
): NewEvent {
  return runEvent('run.cancelled', run, {
    id: facts.id,
    actor: facts.actor,
    data: { reason: facts.reason, cancelledSteps: facts.cancelledSteps },
  });
}

export function runRetried(
  run: RunReference,
  facts: { id: Id<'evt'>; actor: Actor; from: string | null; steps: string[] },
): NewEvent {
  return runEvent('run.retried', run, {
    id: facts.id,
    actor: facts.actor,
    data: { from: facts.from, steps: facts.steps.slice(0, MAX_NAMED) },
  });
}

/** One attempt: every event that ends it says who made it and since when. */
export interface AttemptFacts {
  attempt: number;
  worker: string;
  startedAt: Date;
}

/** Only of attempts that last; those that end at once tell their start with their end. */
export function stepStarted(
  step: StepReference,
  { attempt, worker, startedAt }: AttemptFacts,
): NewEvent {
  return stepEvent('step.started', step, { occurredAt: startedAt, data: { attempt, worker } });
}

export function stepCompleted(
  step: StepReference,
  facts: AttemptFacts & { id: Id<'evt'>; message: string | undefined },
): NewEvent {
  const { id, ...data } = facts;
  return stepEvent('step.completed', step, { id, data });
}

export function stepSkipped(
  step: StepReference,
  facts: { id: Id<'evt'>; message: string },
): NewEvent {
  return stepEvent('step.skipped', step, { id: facts.id, data: { message: facts.message } });
}

export function stepFailed(
  step: StepReference,
  facts: Partial<AttemptFacts> & {
    id: Id<'evt'>;
    attempt: number;
    message: string;
    /** Null when it will not be tried again. */
    retryInMs: number | null;
  },
): NewEvent {
  const { id, ...data } = facts;
  return stepEvent('step.failed', step, { id, data });
}

export function stepWaiting(
  step: StepReference,
  facts: AttemptFacts & { id: Id<'evt'>; on: string; message: string; dueInMs: number | null },
): NewEvent {
  const { id, ...data } = facts;
  return stepEvent('step.waiting', step, { id, data });
}

export function stepResumed(
  step: StepReference,
  facts: {
    id?: Id<'evt'>;
    by: 'signal' | 'timer';
    on: string | null;
    actor?: Actor | undefined;
    cause?: Id<'evt'> | undefined;
  },
): NewEvent {
  return stepEvent('step.resumed', step, {
    ...(facts.id === undefined ? {} : { id: facts.id }),
    ...(facts.actor === undefined ? {} : { actor: facts.actor }),
    ...(facts.cause === undefined ? {} : { cause: facts.cause }),
    data: { by: facts.by, on: facts.on },
  });
}

/** Its worker died or was cut off: another one takes the step up. */
export function stepReclaimed(
  step: StepReference,
  facts: { worker: string | null; startedAt: Date | null; lostLeases: number },
): NewEvent {
  return stepEvent('step.reclaimed', step, { data: facts });
}

interface PutAway {
  count: number;
  from: Date;
  to: Date;
}

/** Of a whole batch: it says nothing new of any single run. */
export function runsArchived(batch: PutAway): NewEvent {
  return { type: 'runs.archived', subject: 'runs', actor: ENGINE, data: putAway(batch) };
}

export function runsForgotten(batch: PutAway): NewEvent {
  return { type: 'runs.forgotten', subject: 'runs', actor: ENGINE, data: putAway(batch) };
}

function putAway({ count, from, to }: PutAway) {
  return { count, endedFrom: from.toISOString(), endedTo: to.toISOString() };
}
