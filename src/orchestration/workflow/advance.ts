/**
 * One turn of a worker, in one transaction: what its steps came to, their events, messages and rows,
 * and the claim of the next steps. Batching a turn's steps is what makes the engine fast: the commit
 * is shared, and the successor of a step is claimed without another round trip.
 */
import type { Clock, Db, Id, NewId, Tx } from '#kernel';
import type { ConditionalEvent, Ledger, NewEvent } from '#ledger';
import type { StepEffects, StepResult } from '../steps.ts';
import type { Announcer } from './announce.ts';
import { backoffDelayMs } from './backoff.ts';
import { type Claim, claimStepsWithCommit } from './claim.ts';
import type { ControlOutcome } from './control.ts';
import {
  runCompleted,
  runFailed,
  runGrown,
  stepCompleted,
  stepFailed,
  stepSkipped,
  stepStarted,
  stepWaiting,
} from './events.ts';
import { blockUntilGrown, insertGrown, isHeldBy } from './grow.ts';
import { type ClaimedStep, referenceOf } from './rows.ts';
import {
  type Completed,
  completeSteps,
  completeStepsWithCommit,
  failStep,
  lockRuns,
  parkStep,
  retryStepLater,
} from './settle.ts';
import { startUndo } from './undo.ts';

export type Outcome =
  | StepResult
  | { outcome: 'skipped'; message: string }
  | Extract<ControlOutcome, { outcome: 'grown' }>;

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
  /** A step came to the gate of a limit, or one inside has ended. */
  isGateTouched: boolean;
}

/** One turn in one transaction. Nothing of it counts unless this resolves. */
export async function takeTurn(db: Db, deps: TurnDeps, order: TurnOrder): Promise<TurnResult> {
  return db
    .transaction(async (tx) => {
      const turn = new Turn(deps, order);
      await turn.write(tx);
      return turn;
    })
    .then((turn) => turn.result());
}

/** That an attempt began, told while it is at work; an ended one tells it with its end. */
export function startedEvent(
  deps: Pick<TurnDeps, 'worker'>,
  { claimed, startedAt }: Omit<FinishedStep, 'result'>,
): NewEvent {
  const facts = { attempt: claimed.step.attempt, worker: deps.worker, startedAt };
  return stepStarted(referenceOf(claimed), facts);
}

/**
 * Where nothing is to be written that depends on whether a completion counted, all statements are
 * sent at once, together with the commit: the database itself leaves out the events of what did not
 * count. That is one trip to the server, which is most of what a step without effects costs.
 */
class Turn {
  readonly #deps: TurnDeps;
  readonly #order: TurnOrder;
  readonly #events: ConditionalEvent[] = [];
  readonly #settled = new Set<ClaimedStep>();
  /** Steps that the completed ones made ready, in this worker's hands already. */
  readonly #taken = new Set<ClaimedStep>();
  /** Steps that became ready and are still free. */
  #opened = 0;
  #isGateTouched = false;
  /** Steps that were ready before this turn. */
  #claimed: ClaimedStep[] = [];

  constructor(deps: TurnDeps, order: TurnOrder) {
    this.#deps = deps;
    this.#order = { ...order, finished: order.finished.map(goOnAfterFailure) };
  }

  async write(tx: Tx): Promise<void> {
    const { started, finished, mayClaim, capacity } = this.#order;
    this.#tell(...started.map((each) => startedEvent(this.#deps, each)));
    if (finished.length > 0) await this.#settle(tx);
    if (mayClaim && capacity > 0) {
      claimStepsWithCommit(tx, this.#claim, (steps) => {
        this.#claimed = steps;
      });
    }
    this.#deps.ledger.appendCountedWithCommit(tx, this.#events);
    tx.afterCommit(() => {
      // More is ready than this worker takes: one wake-up for everybody else.
      if (this.#opened > this.#claimed.length) this.#deps.announcer.newWorkNow();
    });
  }

  /** What came of it, once the transaction is committed. */
  result(): TurnResult {
    const claimed = [...this.#taken, ...this.#claimed];
    const { mayClaim, capacity } = this.#order;
    return {
      claimed,
      settled: this.#settled,
      isMoreReady: mayClaim && claimed.length >= capacity,
      isGateTouched: this.#isGateTouched,
    };
  }

  get #claim(): Claim {
    const { worker, kinds, leaseMs } = this.#deps;
    return { worker, kinds, leaseMs, limit: this.#order.capacity };
  }

  #tell(...events: NewEvent[]): void {
    this.#events.push(...events.map((event) => ({ event, ifCounted: null })));
  }

  async #settle(tx: Tx): Promise<void> {
    const { finished } = this.#order;
    this.#isGateTouched = finished.some(({ claimed }) => claimed.limitKey !== null);
    const isAtOnce = finished.every(({ result }) => needsNoAnswer(result));
    if (!isAtOnce) {
      await lockRuns(
        tx,
        finished.map(({ claimed }) => claimed.run.id),
      );
    }
    // Growth first: it may add to what a completion in the same turn would otherwise end.
    for (const { claimed, startedAt, result } of finished) {
      if (result.outcome === 'grown') await this.#grow(tx, claimed, startedAt, result);
      if (result.outcome === 'done' && result.grow !== undefined) {
        await this.#extend(tx, claimed, startedAt, result.grow);
      }
    }
    // Completions before failures: a failure in the same run would void work that is done.
    await this.#complete(tx, isAtOnce);
    for (const { claimed, startedAt, result } of finished) {
      if (result.outcome === 'waiting') await this.#park(tx, claimed, startedAt, result);
      if (result.outcome === 'failed') await this.#fail(tx, claimed, startedAt, result);
    }
  }

  async #complete(tx: Tx, isAtOnce: boolean): Promise<void> {
    const { newId } = this.#deps;
    const ending = this.#order.finished.flatMap(({ claimed, startedAt, result }) =>
      result.outcome === 'done' || result.outcome === 'skipped'
        ? [
            {
              claimed,
              startedAt,
              result,
              event: newId('evt'),
              endEvent: claimed.isLast ? newId('evt') : null,
            },
          ]
        : [],
    );
    if (ending.length === 0) return;
    for (const { claimed, startedAt, result, event, endEvent } of ending) {
      const reference = referenceOf(claimed);
      const ended =
        result.outcome === 'skipped'
          ? stepSkipped(reference, { id: event, message: result.message })
          : stepCompleted(reference, {
              id: event,
              ...this.#attemptOf(claimed, startedAt),
              message: result.message,
            });
      this.#events.push({ event: ended, ifCounted: event });
      if (result.outcome === 'done') this.#tellEffects(claimed, event, result, event);
      if (endEvent === null) continue;
      // Several last steps may end in one turn; the run ends once.
      const end = runCompleted(reference, { id: endEvent, cause: event });
      this.#events.push({ event: end, ifCounted: endEvent });
    }

    const completions = ending.map(({ claimed, result, event, endEvent }) => ({
      ...fencedBy(claimed),
      state: result.outcome,
      output: result.outcome === 'done' ? (result.output ?? {}) : {},
      message: result.message ?? null,
      event,
      endEvent,
    }));
    const onCompleted = ({ events, taken, opened, isGateReached }: Completed) => {
      this.#isGateTouched ||= isGateReached;
      for (const { claimed, event } of ending) if (events.has(event)) this.#settled.add(claimed);
      for (const step of taken) this.#taken.add(step);
      this.#opened += opened;
    };
    if (isAtOnce) {
      completeStepsWithCommit(tx, completions, this.#claim, onCompleted);
      return;
    }
    onCompleted(await completeSteps(tx, completions, this.#claim));
    for (const { claimed, result, event } of ending) {
      if (result.outcome !== 'done' || !this.#settled.has(claimed)) continue;
      await this.#writeEffects(tx, claimed, event, result);
    }
  }

  async #grow(
    tx: Tx,
    claimed: ClaimedStep,
    startedAt: Date,
    { steps, progress, message }: Extract<Outcome, { outcome: 'grown' }>,
  ): Promise<void> {
    const { newId, worker } = this.#deps;
    const { needs, name } = claimed.step;
    const isMine = await blockUntilGrown(tx, worker, {
      ...fencedBy(claimed),
      needs,
      progress,
      message,
    });
    if (!isMine) return;
    const event = newId('evt');
    const growth = { runId: claimed.run.id, steps, waiting: name, cause: event };
    const { ready, isGateReached } = await insertGrown(tx, newId, growth);
    this.#opened += ready;
    this.#isGateTouched ||= isGateReached;
    const began = this.#attemptOf(claimed, startedAt);
    this.#tell(
      runGrown(claimed.run, {
        id: event,
        cause: claimed.cause ?? undefined,
        by: name,
        why: message,
        steps,
        ...began,
      }),
    );
    this.#settled.add(claimed);
  }

  /** Adds steps that others of the run lead to, while this one is still ours and open. */
  async #extend(
    tx: Tx,
    claimed: ClaimedStep,
    startedAt: Date,
    { steps, why }: NonNullable<StepEffects['grow']>,
  ): Promise<void> {
    const { newId, worker } = this.#deps;
    if (!(await isHeldBy(tx, worker, fencedBy(claimed)))) return;
    const event = newId('evt');
    const growth = { runId: claimed.run.id, steps, waiting: null, cause: event };
    const { ready, isGateReached } = await insertGrown(tx, newId, growth);
    this.#opened += ready;
    this.#isGateTouched ||= isGateReached;
    const facts = {
      id: event,
      cause: claimed.cause ?? undefined,
      by: claimed.step.name,
      why,
      steps,
    };
    this.#tell(runGrown(claimed.run, { ...facts, ...this.#attemptOf(claimed, startedAt) }));
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
    if (parked.isEarly) this.#opened += 1;
    const began = this.#attemptOf(claimed, startedAt);
    this.#tell(stepWaiting(referenceOf(claimed), { id: event, ...began, on, message, dueInMs }));
    this.#tellEffects(claimed, event, result, null);
    await this.#writeEffects(tx, claimed, event, result);
    this.#settled.add(claimed);
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
      const delayMs = backoffDelayMs(claimed.backoffMs, attempt, undefined, claimed.terms?.backoff);
      const isMine = await retryStepLater(tx, worker, {
        ...fencedBy(claimed),
        message,
        delayMs,
        event,
      });
      if (!isMine) return;
      this.#tell(stepFailed(reference, { id: event, ...began, message, retryInMs: delayMs }));
    } else {
      const failed = await failStep(tx, worker, { ...fencedBy(claimed), message });
      if (failed === undefined) return;
      const { cancelledSteps } = failed;
      const undoneBy = await startUndo(tx, this.#deps, claimed.run, failed.undo, event);
      this.#tell(
        stepFailed(reference, { id: event, ...began, message, retryInMs: null }),
        runFailed(reference, { cause: event, message, cancelledSteps, undoneBy }),
      );
      for (const step of this.#taken) {
        if (step.run.id === claimed.run.id) this.#taken.delete(step);
      }
      // Other nodes may be at work on the run's other steps.
      if (cancelledSteps > 0) this.#deps.announcer.runEnded(tx, claimed.run.id);
    }
    this.#tellEffects(claimed, event, result, null);
    await this.#writeEffects(tx, claimed, event, result);
    this.#settled.add(claimed);
  }

  #attemptOf({ step }: ClaimedStep, startedAt: Date) {
    return { attempt: step.attempt, worker: this.#deps.worker, startedAt };
  }

  #tellEffects(
    claimed: ClaimedStep,
    cause: Id<'evt'>,
    effects: StepEffects,
    ifCounted: Id<'evt'> | null,
  ): void {
    const { correlationId } = claimed.run;
    for (const event of effects.events ?? []) {
      const told = {
        ...event,
        cause: event.cause ?? cause,
        correlationId: event.correlationId ?? correlationId,
        refs: { run: claimed.run.id, step: claimed.step.id, ...event.refs },
      };
      this.#events.push({ event: told, ifCounted });
    }
  }

  async #writeEffects(
    tx: Tx,
    claimed: ClaimedStep,
    cause: Id<'evt'>,
    effects: StepEffects,
  ): Promise<void> {
    const { correlationId } = claimed.run;
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

/** Whether all that is to be written can be said before anybody knows if the step counts. */
function needsNoAnswer(result: Outcome): boolean {
  if (result.outcome === 'skipped') return true;
  if (result.outcome !== 'done') return false;
  const { write, outbox = [], grow } = result;
  return write === undefined && outbox.length === 0 && grow === undefined;
}

/** A step whose failure for good the run survives: what needs it reads `isFailed`. */
function goOnAfterFailure(finished: FinishedStep): FinishedStep {
  const { claimed, result } = finished;
  if (claimed.terms?.onFailure !== 'continue' || result.outcome !== 'failed') return finished;
  const { attempt, maxAttempts } = claimed.step;
  if (result.isPermanent !== true && attempt < maxAttempts) return finished;
  const { isPermanent: _isPermanent, message, ...effects } = result;
  const output = { isFailed: true, message };
  const words = `Failed, and the run goes on: ${message}`;
  return { ...finished, result: { ...effects, outcome: 'done', output, message: words } };
}

function fencedBy({ run, step, fence }: ClaimedStep): {
  runId: Id<'run'>;
  name: string;
  fence: number;
} {
  return { runId: run.id, name: step.name, fence };
}
