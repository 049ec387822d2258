/**
 * A worker: claims ready steps, runs their handlers outside any transaction, and writes down what
 * they came to. Any number may run on any number of nodes, and each may die at any moment: the
 * others take its steps over when the leases end. No error ends the loop.
 */
import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import { AppError, type Clock, type Db, type Logger, type NewId } from '#kernel';
import type { BackgroundLoop, Ledger } from '#ledger';
import type { StepHandler } from '../steps.ts';
import { type FinishedStep, takeTurn } from './advance.ts';
import { releaseSteps, renewLeases } from './claim.ts';
import { type Attempt, startAttempt } from './attempt.ts';
import { keepTime } from './timekeeping.ts';
import type { ClaimedStep } from './rows.ts';
import { notifyWorkers, STEPS_CHANNEL } from './store.ts';

/** Polling is the truth, notifications only shorten the wait. */
const POLL_MS = 500;
const TIMEKEEPING_MS = 1_000;
/** How long a stopping worker waits for handlers that were told to abort. */
const GRACE_MS = 5_000;

export interface WorkflowWorkerDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
  handlers: readonly StepHandler[];
  /** Unique among the living workers: it is half of the fence. */
  workerId: string;
  /** Steps held at once. */
  concurrency?: number;
  leaseMs?: number;
  /** Finished steps that share one commit; 1 commits each by itself. */
  maxBatch?: number;
  /** Only `runOnce` moves it; for tests that decide the order of things. */
  isManual?: boolean;
}

export interface WorkflowWorker extends BackgroundLoop {
  /** Looks for work now instead of at the next poll. */
  wake(): void;
}

export function createWorkflowWorker(deps: WorkflowWorkerDeps): WorkflowWorker {
  const worker = new Worker(deps);
  if (deps.isManual !== true) worker.run();
  return worker;
}

class Worker implements WorkflowWorker {
  readonly name = 'workflow-worker';
  readonly #deps: Required<Omit<WorkflowWorkerDeps, 'isManual'>>;
  readonly #log: Logger;
  readonly #handlers: ReadonlyMap<string, StepHandler>;
  readonly #stopping = new AbortController();
  /** Steps whose handlers are at work. */
  readonly #attempts = new Map<ClaimedStep, Attempt>();
  #finished: FinishedStep[] = [];
  #loops: Promise<void>[] = [];
  #turn: Promise<unknown> = Promise.resolve();
  #wakeUp = Promise.withResolvers<void>();
  #settledCount = 0;

  constructor(deps: WorkflowWorkerDeps) {
    this.#deps = { concurrency: 16, leaseMs: 30_000, maxBatch: 200, ...deps };
    this.#log = deps.log.child({ room: 'workflow', worker: deps.workerId });
    this.#handlers = new Map(deps.handlers.map((handler) => [handler.kind, handler]));
  }

  run(): void {
    const { db, leaseMs } = this.#deps;
    const { signal } = this.#stopping;
    db.listen(STEPS_CHANNEL, (payload) => this.#onNotify(payload), signal);
    this.#loops = [
      this.#keepWorking(),
      this.#every(Math.max(10, leaseMs / 3), 'renewing leases failed', () => this.#renew()),
      this.#every(TIMEKEEPING_MS, 'timers and sweep failed', () => keepTime(this.#deps)),
    ];
  }

  wake(): void {
    this.#wakeUp.resolve();
  }

  async runOnce(): Promise<number> {
    const before = this.#settledCount;
    let moved = await keepTime(this.#deps);
    for (;;) {
      const claimed = await this.#advance();
      if (claimed === 0 && this.#attempts.size === 0 && this.#finished.length === 0) break;
      await Promise.all([...this.#attempts.values()].map(({ ended }) => ended));
    }
    moved += this.#settledCount - before;
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    this.wake();
    await Promise.all(this.#loops);

    const attempts = [...this.#attempts.values()];
    for (const attempt of attempts) attempt.abort('stopping');
    await Promise.race([
      Promise.all(attempts.map(({ ended }) => ended)),
      delay(GRACE_MS, undefined, { ref: false }),
    ]);
    await this.#handBack().catch((error: unknown) => {
      // The leases run out by themselves; it only takes longer.
      this.#log.warn({ err: error }, 'unfinished steps could not be handed back');
    });
  }

  async #keepWorking(): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      // Anew before the turn: whoever calls from here on is heard after it.
      this.#wakeUp = Promise.withResolvers<void>();
      try {
        await this.#advance();
        failures = 0;
        // Handlers that need no waiting end within this breath and share the next commit.
        await breathe();
        if (this.#finished.length === 0) await this.#rest(POLL_MS);
      } catch (error) {
        failures += 1;
        this.#report(error, 'a turn of the worker failed');
        await this.#pause(Math.min(5_000, 50 * 2 ** failures));
      }
    }
  }

  /** One turn at a time: settles what is finished and fills the free hands. Gives the claims. */
  async #advance(): Promise<number> {
    const turn = this.#turn.then(() => this.#takeTurn());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #takeTurn(): Promise<number> {
    const { db, concurrency, maxBatch, workerId, clock, newId, ledger, leaseMs } = this.#deps;
    const batch = this.#finished.slice(0, maxBatch);
    const held = this.#attempts.size + this.#finished.length - batch.length;
    const capacity = this.#stopping.signal.aborted ? 0 : Math.min(concurrency - held, maxBatch);
    if (batch.length === 0 && capacity <= 0) return 0;

    const kinds = [...this.#handlers.keys()];
    const turn = { ledger, clock, newId, worker: workerId, kinds, leaseMs };
    const { claimed, settled } = await db
      .transaction((tx) => takeTurn(tx, turn, batch, capacity))
      .catch((error: unknown) => this.#isolate(error, batch));
    this.#finished = this.#finished.slice(batch.length);
    this.#settledCount += settled.size;
    for (const { claimed: step } of batch) {
      if (!settled.has(step)) this.#logLost(step);
    }
    for (const step of claimed) this.#begin(step);
    return claimed.length;
  }

  /**
   * A batch that cannot be written is tried step by step, so that one step's rows do not hold up its
   * neighbours; the step that cannot be written has failed this attempt.
   */
  async #isolate(error: unknown, batch: readonly FinishedStep[]) {
    const isOutage = error instanceof AppError && error.kind === 'unavailable';
    if (isOutage || batch.length === 0) throw error;
    const settled = new Set<ClaimedStep>();
    for (const one of batch) {
      for (const step of await this.#settleAlone(one)) settled.add(step);
    }
    return { claimed: [], settled };
  }

  async #settleAlone(one: FinishedStep): Promise<ReadonlySet<ClaimedStep>> {
    const { db, clock, newId, ledger, leaseMs, workerId } = this.#deps;
    const turn = { ledger, clock, newId, worker: workerId, kinds: [], leaseMs };
    try {
      return (await db.transaction((tx) => takeTurn(tx, turn, [one], 0))).settled;
    } catch (error) {
      if (error instanceof AppError && error.kind === 'unavailable') throw error;
      this.#report(error, 'what a step came to could not be written');
      const message = 'What the step came to could not be written; the server log has the cause.';
      const failed = { claimed: one.claimed, result: { outcome: 'failed' as const, message } };
      return (await db.transaction((tx) => takeTurn(tx, turn, [failed], 0))).settled;
    }
  }

  #begin(claimed: ClaimedStep): void {
    const attempt = startAttempt(claimed, this.#handlers.get(claimed.step.kind)!, this.#log);
    this.#attempts.set(claimed, attempt);
    void attempt.ended.then((result) => {
      this.#attempts.delete(claimed);
      if (result !== undefined) this.#finished.push({ claimed, result });
      this.wake();
    });
  }

  async #renew(): Promise<void> {
    const { db, workerId, leaseMs } = this.#deps;
    const held = [...this.#attempts.keys(), ...this.#finished.map(({ claimed }) => claimed)];
    if (held.length === 0) return;
    const lost = await renewLeases(db, workerId, held.map(toHolding), leaseMs);
    const keys = new Set(lost.map(({ runId, name, fence }) => `${runId}/${name}/${fence}`));
    for (const [step, attempt] of this.#attempts) {
      if (!keys.has(`${step.run.id}/${step.step.name}/${step.fence}`)) continue;
      this.#logLost(step);
      attempt.abort('lost');
    }
  }

  #onNotify(payload: string): void {
    if (payload === '') {
      this.wake();
      return;
    }
    // The run ended early. Asking for its leases tells which of its steps are ours no longer.
    const isOurs = [...this.#attempts.keys()].some(({ run }) => run.id === payload);
    if (isOurs)
      this.#renew().catch((error: unknown) => this.#report(error, 'renewing leases failed'));
  }

  async #handBack(): Promise<void> {
    while (this.#finished.length > 0) await this.#advance();
    const unfinished = [...this.#attempts.keys()].map(toHolding);
    if (unfinished.length === 0) return;
    const { db, workerId } = this.#deps;
    await db.transaction(async (tx) => {
      await releaseSteps(tx, workerId, unfinished);
      await notifyWorkers(tx);
    });
  }

  async #every(periodMs: number, failure: string, work: () => Promise<unknown>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#pause(periodMs);
      if (this.#stopping.signal.aborted) return;
      await work().catch((error: unknown) => this.#report(error, failure));
    }
  }

  /** Until somebody wakes it, or the time is over. */
  async #rest(milliseconds: number): Promise<void> {
    const timer = setTimeout(() => this.wake(), milliseconds);
    await this.#wakeUp.promise;
    clearTimeout(timer);
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    await delay(milliseconds, undefined, { signal }).catch(() => {});
  }

  #report(error: unknown, sentence: string): void {
    const isOutage = error instanceof AppError && error.kind === 'unavailable';
    if (isOutage) this.#log.warn({ err: error }, sentence);
    else this.#log.error({ err: error }, sentence);
  }

  #logLost({ run, step }: ClaimedStep): void {
    this.#log.info({ runId: run.id, stepName: step.name }, 'step lost to its lease or its run');
  }
}

function toHolding({ run, step, fence }: ClaimedStep) {
  return { runId: run.id, name: step.name, fence };
}
