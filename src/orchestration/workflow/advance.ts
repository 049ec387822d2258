/**
 * One turn of a worker, in one transaction: what its steps came to, their events, messages and rows,
 * and the claim of the next steps. Batching a turn's steps is what makes the engine fast: the commit
 * is shared, and the successor of a step is claimed without another round trip.
 */
import type { Clock, Id, NewId, Tx } from '#kernel';
import type { Ledger, NewEvent } from '#ledger';
import type { StepEffects, StepResult } from '../steps.ts';
import type { Announcer } from './announce.ts';
import { backoffDelayMs } from './backoff.ts';
import { claimSteps } from './claim.ts';
import {
  runCompleted,
  runFailed,
  stepCompleted,
  stepFailed,
  stepSkipped,
  stepStarted,
  stepWaiting,
} from './events.ts';
import { type ClaimedStep, referenceOf, type StepReference } from './rows.ts';
import { completeSteps, failStep, lockRuns, parkStep, retryStepLater } from './settle.ts';

export type Outcome = StepResult | { outcome: 'skipped'; message: string };

export interface FinishedStep {
  claimed: ClaimedStep;
  startedAt: Date;
  result: Outcome;
}

/** What one turn is to do, besides settling what has finished. */
export interface TurnOrder {
  finished: readonly FinishedStep[];
  /** Steps at work long enough for it to be told before they end. */
  started: readonly Omit<FinishedStep, 'result'>[];
  /** Free hands. */
  capacity: number;
  /** Whether to look for ready steps, beyond those the finished ones open. */
  mayClaim: boolean;
}

export interface TurnDeps {
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  announcer: Announcer;
  worker: string;
  kinds: readonly string[];
  leaseMs: number;
}

export interface TurnResult {
  claimed: ClaimedStep[];
  /** Finished steps that counted; the others had lost their lease or their run. */
  settled: ReadonlySet<ClaimedStep>;
  /** More may be ready than was taken. */
  isMoreReady: boolean;
}

export async function takeTurn(tx: Tx, deps: TurnDeps, order: TurnOrder): Promise<TurnResult> {
  const { finished, started, capacity, mayClaim } = order;
  const settling = new Settling(deps, finished);
  settling.events.push(...started.map((each) => startedEvent(deps, each)));
  if (finished.length > 0) await settling.settle(tx, capacity);

  const { worker, kinds, leaseMs } = deps;
  const claimed = [...settling.taken.values()];
  const limit = mayClaim ? capacity - claimed.length : 0;
  if (limit > 0) claimed.push(...(await claimSteps(tx, { worker, kinds, limit, leaseMs })));
  const claimedAfresh = claimed.length - settling.taken.size;
  deps.ledger.appendWithCommit(tx, settling.events);
  // More is ready than this worker takes: one wake-up for everybody else.
  if (settling.opened > claimedAfresh) deps.announcer.newWork(tx);
  return { claimed, settled: settling.settled, isMoreReady: mayClaim && claimedAfresh >= limit };
}

/** That an attempt began, told while it is at work; an ended one tells it with its end. */
export function startedEvent(
  deps: Pick<TurnDeps, 'worker'>,
  { claimed, startedAt }: Omit<FinishedStep, 'result'>,
): NewEvent {
  const facts = { attempt: claimed.step.attempt, worker: deps.worker, startedAt };
  return stepStarted(referenceOf(claimed), facts);
}

/** Gathers the events of one turn, so that they are one statement. */
class Settling {
  readonly events: NewEvent[] = [];
  readonly settled = new Set<ClaimedStep>();
  /** Steps that the completed ones made ready, in this worker's hands already. */
  readonly taken = new Set<ClaimedStep>();
  /** Steps that became ready and are still free. */
  opened = 0;
  readonly #deps: TurnDeps;
  readonly #finished: readonly FinishedStep[];

  constructor(deps: TurnDeps, finished: readonly FinishedStep[]) {
    this.#deps = deps;
    this.#finished = finished;
  }

  async settle(tx: Tx, capacity: number): Promise<void> {
    await lockRuns(
      tx,
      this.#finished.map(({ claimed }) => claimed.run.id),
    );
    // Completions first: a failure in the same run would void work that is done.
    await this.#complete(tx, capacity);
    for (const { claimed, startedAt, result } of this.#finished) {
      if (result.outcome === 'waiting') await this.#park(tx, claimed, startedAt, result);
      if (result.outcome === 'failed') await this.#fail(tx, claimed, startedAt, result);
    }
  }

  async #complete(tx: Tx, capacity: number): Promise<void> {
    const ending = this.#finished.flatMap(({ claimed, startedAt, result }) =>
      result.outcome === 'done' || result.outcome === 'skipped'
        ? [{ claimed, startedAt, result, event: this.#deps.newId('evt') }]
        : [],
    );
    if (ending.length === 0) return;
    const { worker, kinds, leaseMs } = this.#deps;
    const { completed, taken, opened } = await completeSteps(
      tx,
      ending.map(({ claimed, result, event }) => ({
        runId: claimed.run.id,
        name: claimed.step.name,
        fence: claimed.fence,
        state: result.outcome,
        output: result.outcome === 'done' ? (result.output ?? {}) : {},
        message: result.message ?? null,
        event,
      })),
      { worker, kinds, limit: capacity, leaseMs },
    );
    for (const step of taken) this.taken.add(step);
    this.opened = opened;
    const counted = new Map(completed.map((row) => [`${row.runId}/${row.name}`, row]));
    const endedBy = new Map<string, { reference: StepReference; event: Id<'evt'> }>();
    for (const { claimed, startedAt, result, event } of ending) {
      const row = counted.get(`${claimed.run.id}/${claimed.step.name}`);
      if (row === undefined) continue;
      const reference = referenceOf(claimed);
      this.events.push(
        result.outcome === 'skipped'
          ? stepSkipped(reference, { id: event, message: result.message })
          : stepCompleted(reference, {
              id: event,
              ...this.#attemptOf(claimed, startedAt),
              message: result.message,
            }),
      );
      if (result.outcome === 'done') await this.#applyEffects(tx, claimed, event, result);
      this.settled.add(claimed);
      // Several last steps may end in one turn; the run ends once.
      if (row.hasRunEnded) endedBy.set(claimed.run.id, { reference, event });
    }
    for (const { reference, event } of endedBy.values()) {
      this.events.push(runCompleted(reference, event));
    }
  }

  async #park(
    tx: Tx,
    claimed: ClaimedStep,
    startedAt: Date,
    result: Extract<StepResult, { outcome: 'waiting' }>,
  ): Promise<void> {
    const event = this.#deps.newId('evt');
    // The handler's clock is its node's: only the distance is told to the database.
    const dueInMs =
      result.dueAt === undefined
        ? null
        : Math.max(0, result.dueAt.getTime() - this.#deps.clock.now().getTime());
    const { on, message } = result;
    const parked = await parkStep(tx, this.#deps.worker, {
      ...fencedBy(claimed),
      on,
      message,
      dueInMs,
      event,
    });
    if (parked === undefined) return;
    if (parked.isEarly) this.opened += 1;
    const began = this.#attemptOf(claimed, startedAt);
    this.events.push(
      stepWaiting(referenceOf(claimed), { id: event, ...began, on, message, dueInMs }),
    );
    await this.#applyEffects(tx, claimed, event, result);
    this.settled.add(claimed);
  }

  async #fail(
    tx: Tx,
    claimed: ClaimedStep,
    startedAt: Date,
    result: Extract<StepResult, { outcome: 'failed' }>,
  ): Promise<void> {
    const { worker, newId } = this.#deps;
    const { attempt, maxAttempts } = claimed.step;
    const began = this.#attemptOf(claimed, startedAt);
    const event = newId('evt');
    const reference = referenceOf(claimed);
    const { message } = result;
    if (result.isPermanent !== true && attempt < maxAttempts) {
      const delayMs = backoffDelayMs(claimed.backoffMs, attempt);
      const isMine = await retryStepLater(tx, worker, {
        ...fencedBy(claimed),
        message,
        delayMs,
        event,
      });
      if (!isMine) return;
      this.events.push(stepFailed(reference, { id: event, ...began, message, retryInMs: delayMs }));
    } else {
      const failed = await failStep(tx, worker, { ...fencedBy(claimed), message });
      if (failed === undefined) return;
      const { cancelledSteps } = failed;
      this.events.push(
        stepFailed(reference, { id: event, ...began, message, retryInMs: null }),
        runFailed(reference, { cause: event, message, cancelledSteps }),
      );
      for (const step of this.taken) {
        if (step.run.id === claimed.run.id) this.taken.delete(step);
      }
      // Other nodes may be at work on the run's other steps.
      if (cancelledSteps > 0) this.#deps.announcer.runEnded(tx, claimed.run.id);
    }
    await this.#applyEffects(tx, claimed, event, result);
    this.settled.add(claimed);
  }

  #attemptOf({ step }: ClaimedStep, startedAt: Date) {
    return { attempt: step.attempt, worker: this.#deps.worker, startedAt };
  }

  async #applyEffects(
    tx: Tx,
    claimed: ClaimedStep,
    cause: Id<'evt'>,
    effects: StepEffects,
  ): Promise<void> {
    const { correlationId } = claimed.run;
    for (const event of effects.events ?? []) {
      this.events.push({
        ...event,
        cause: event.cause ?? cause,
        correlationId: event.correlationId ?? correlationId,
        refs: { run: claimed.run.id, step: claimed.step.id, ...event.refs },
      });
    }
    for (const message of effects.outbox ?? []) {
      await this.#deps.ledger.enqueue(tx, {
        ...message,
        cause: message.cause ?? cause,
        correlationId: message.correlationId ?? correlationId,
      });
    }
    await effects.write?.(tx);
  }
}

function fencedBy({ run, step, fence }: ClaimedStep): {
  runId: Id<'run'>;
  name: string;
  fence: number;
} {
  return { runId: run.id, name: step.name, fence };
}
