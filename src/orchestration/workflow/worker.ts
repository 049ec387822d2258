/**
 * A worker: claims ready steps, runs their handlers outside any transaction, and writes down what
 * they came to. Any number may run on any number of nodes, and each may die at any moment: the
 * others take its steps over when the leases end. No error ends the loop.
 */
import { setImmediate as breathe, setTimeout as delay } from 'node:timers/promises';
import {
  type BackgroundLoop,
  type Clock,
  createHealthRecord,
  type Db,
  isUnavailable,
  type Logger,
  type LoopHealth,
  type NewId,
} from '#kernel';
import type { Ledger } from '#ledger';
import type { StepHandler } from '../steps.ts';
import { CONTROL_KINDS } from '../workflow-graph.ts';
import { admitSteps } from './admit.ts';
import { type Announcer, createAnnouncer, GATE_REACHED, STEPS_CHANNEL } from './announce.ts';
import {
  type FinishedStep,
  startedEvent,
  takeTurn,
  type TurnDeps,
  type TurnOrder,
  type TurnResult,
} from './advance.ts';
import { releaseSteps, renewLeases } from './claim.ts';
import { type Attempt, startAttempt } from './attempt.ts';
import { keepTime } from './timekeeping.ts';
import type { ClaimedStep } from './rows.ts';

/** Polling is the truth, notifications only shorten the wait. */
const POLL_MS = 500;
const TIMEKEEPING_MS = 1_000;
/**
 * An attempt that ends within this time tells its start with its end: one event instead of two,
 * which is half of what a quick step costs.
 */
const TELL_START_MS = 25;
/** How long a busy worker that found no more work relies on being told of new work. */
const CLAIM_EVERY_MS = 50;
/** While one turn is committed, the next one is put together. */
const TURNS_AT_ONCE = 2;
/** One loop polls; the others only come when they are called. */
const RELIEF_MS = 60_000;
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
  readonly #announcer: Announcer;
  readonly #handlers: ReadonlyMap<string, StepHandler>;
  readonly #stopping = new AbortController();
  /** Steps whose handlers are at work. */
  readonly #attempts = new Map<ClaimedStep, Attempt>();
  #finished: FinishedStep[] = [];
  /** Steps that a turn now under way is settling, and free hands it may fill. */
  #settling = 0;
  #reserved = 0;
  #loops: Promise<void>[] = [];
  /** Counts the wake-ups, so that none is missed between a turn and the rest after it. */
  #rings = 0;
  readonly #sleepers = new Set<() => void>();
  #settledCount = 0;
  /** Attempts whose start is not told yet. */
  readonly #untold = new Set<ClaimedStep>();
  #tellTimer: NodeJS.Timeout | undefined;
  /** Whether ready steps may be there for the taking, and when that was last looked into. */
  #isWorkLikely = true;
  #claimedAt = 0;
  #isAdmissionWanted = false;
  #admission: Promise<void> | undefined;
  readonly #health: ReturnType<typeof createHealthRecord>;

  constructor(deps: WorkflowWorkerDeps) {
    this.#deps = { concurrency: 16, leaseMs: 30_000, maxBatch: 200, ...deps };
    this.#health = createHealthRecord(deps.clock);
    this.#announcer = createAnnouncer(deps.db);
    this.#log = deps.log.child({ room: 'workflow', worker: deps.workerId });
    this.#handlers = new Map(deps.handlers.map((handler) => [handler.kind, handler]));
  }

  run(): void {
    const { db, leaseMs } = this.#deps;
    const { signal } = this.#stopping;
    this.#health.started();
    db.listen(STEPS_CHANNEL, (payload) => this.#onNotify(payload), signal);
    this.#loops = [
      this.#keepWorking(POLL_MS),
      ...Array.from({ length: TURNS_AT_ONCE - 1 }, () => this.#keepWorking(RELIEF_MS)),
      this.#every(Math.max(10, leaseMs / 3), 'renewing leases failed', () => this.#renew()),
      this.#every(TIMEKEEPING_MS, 'timers and sweep failed', () => this.#keepTime()),
    ];
  }

  wake(): void {
    this.#isWorkLikely = true;
    this.#ring();
  }

  #ring(): void {
    this.#rings += 1;
    for (const wakeUp of this.#sleepers) wakeUp();
  }

  health(): LoopHealth {
    return this.#health.read();
  }

  async runOnce(): Promise<number> {
    const before = this.#settledCount;
    let moved = await this.#keepTime();
    for (;;) {
      const claimed = await this.#advance();
      if (claimed === 0 && this.#attempts.size === 0 && this.#finished.length === 0) {
        if ((await admitSteps({ db: this.#deps.db, announcer: this.#announcer })) === 0) break;
      }
      await Promise.all([...this.#attempts.values()].map(({ ended }) => ended));
    }
    moved += this.#settledCount - before;
    return moved;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    clearTimeout(this.#tellTimer);
    this.#ring();
    await Promise.all(this.#loops);
    await this.#admission;
    this.#health.stopped();

    const held = [...this.#attempts.keys()];
    const attempts = [...this.#attempts.values()];
    const untold = this.#takeUntold(0);
    for (const attempt of attempts) attempt.abort('stopping');
    await Promise.race([
      Promise.all(attempts.map(({ ended }) => ended)),
      delay(GRACE_MS, undefined, { ref: false }),
    ]);
    await this.#handBack(held, untold).catch((error: unknown) => {
      // The leases run out by themselves; it only takes longer.
      this.#log.warn({ err: error }, 'unfinished steps could not be handed back');
    });
  }

  async #keepTime(): Promise<number> {
    return keepTime({ ...this.#deps, announcer: this.#announcer });
  }

  async #keepWorking(pollMs: number): Promise<void> {
    let failures = 0;
    while (!this.#stopping.signal.aborted) {
      // Counted before the turn: whoever calls from here on is heard after it.
      const rings = this.#rings;
      try {
        await this.#advance();
        failures = 0;
        this.#health.succeeded();
        if (this.#finished.length === 0 && rings === this.#rings) await this.#rest(pollMs);
        // Handlers that need no waiting end within this breath and share the next commit.
        await breathe();
      } catch (error) {
        failures += 1;
        this.#health.failed(error);
        this.#report(error, 'a turn of the worker failed');
        await this.#pause(Math.min(5_000, 50 * 2 ** failures));
      }
    }
  }

  /** One turn: settles what is finished and fills the free hands. Gives how many it claimed. */
  async #advance(): Promise<number> {
    const { db, concurrency, maxBatch } = this.#deps;
    const finished = this.#finished.splice(0, maxBatch);
    const held = this.#attempts.size + this.#finished.length + this.#settling + this.#reserved;
    const capacity = this.#stopping.signal.aborted
      ? 0
      : Math.max(0, Math.min(maxBatch, concurrency - held));
    const mayClaim = capacity > 0 && this.#shouldClaim();
    const started = this.#takeUntold(TELL_START_MS);
    if (finished.length === 0 && started.length === 0 && !mayClaim) return 0;

    this.#settling += finished.length;
    this.#reserved += capacity;
    try {
      const order = { finished, started, capacity, mayClaim };
      const { claimed, settled, isMoreReady, isGateTouched } = await takeTurn(
        db,
        this.#turnDeps(),
        order,
      ).catch((error: unknown) => this.#isolate(error, order));
      this.#isWorkLikely ||= isMoreReady;
      if (isGateTouched && this.#loops.length > 0) this.#admit();
      this.#settledCount += settled.size;
      for (const { claimed: step } of finished) {
        if (!settled.has(step)) this.#logLost(step);
      }
      for (const step of claimed) this.#begin(step);
      return claimed.length;
    } catch (error) {
      // Nothing of it was written: the next turn tries again, as long as the leases hold.
      this.#finished.unshift(...finished);
      for (const { claimed } of started) this.#untold.add(claimed);
      this.#isWorkLikely ||= mayClaim;
      throw error;
    } finally {
      this.#settling -= finished.length;
      this.#reserved -= capacity;
    }
  }

  /** Each look is a query, so a worker that has found nothing more waits for news of new work. */
  #shouldClaim(): boolean {
    const now = performance.now();
    const isDue = this.#isWorkLikely || now - this.#claimedAt >= CLAIM_EVERY_MS;
    if (!isDue) return false;
    // Cleared before the look: news that comes during it is about what it may have missed.
    this.#isWorkLikely = this.#loops.length === 0;
    this.#claimedAt = now;
    return true;
  }

  /** Takes the attempts of at least this age whose start nobody has told. */
  #takeUntold(ageMs: number): Omit<FinishedStep, 'result'>[] {
    const latest = this.#deps.clock.now().getTime() - ageMs;
    const taken: Omit<FinishedStep, 'result'>[] = [];
    for (const claimed of this.#untold) {
      const startedAt = this.#attempts.get(claimed)?.startedAt;
      if (startedAt !== undefined && startedAt.getTime() > latest) continue;
      this.#untold.delete(claimed);
      if (startedAt !== undefined) taken.push({ claimed, startedAt });
    }
    if (this.#untold.size > 0 && !this.#stopping.signal.aborted) {
      this.#tellTimer ??= setTimeout(() => {
        this.#tellTimer = undefined;
        this.#ring();
      }, TELL_START_MS);
    }
    return taken;
  }

  /**
   * A batch that cannot be written is tried step by step, so that one step's rows do not hold up its
   * neighbours; the step that cannot be written has failed this attempt.
   */
  async #isolate(error: unknown, { finished, started, mayClaim }: TurnOrder): Promise<TurnResult> {
    if (isUnavailable(error) || finished.length === 0) throw error;
    const settled = new Set<ClaimedStep>();
    for (const one of finished) {
      for (const step of await this.#settleAlone(one)) settled.add(step);
    }
    for (const { claimed } of started) this.#untold.add(claimed);
    return { claimed: [], settled, isMoreReady: mayClaim, isGateTouched: false };
  }

  /** Somebody may be let in at a limit. Once at a time; a call meanwhile is heard after it. */
  #admit(): void {
    this.#isAdmissionWanted = true;
    this.#admission ??= this.#admitWanted().finally(() => {
      this.#admission = undefined;
    });
  }

  async #admitWanted(): Promise<void> {
    while (this.#isAdmissionWanted) {
      this.#isAdmissionWanted = false;
      try {
        const deps = { db: this.#deps.db, announcer: this.#announcer };
        if ((await admitSteps(deps)) > 0) this.wake();
      } catch (error) {
        // The timekeeper looks again within a second.
        this.#report(error, 'letting steps in at a limit failed');
      }
    }
  }

  async #settleAlone(one: FinishedStep): Promise<ReadonlySet<ClaimedStep>> {
    const { db } = this.#deps;
    const turn = this.#turnDeps();
    try {
      return (await takeTurn(db, turn, alone(one))).settled;
    } catch (error) {
      if (isUnavailable(error)) throw error;
      this.#report(error, 'what a step came to could not be written');
      const message = 'What the step came to could not be written; the server log has the cause.';
      const failed = { ...one, result: { outcome: 'failed' as const, message } };
      return (await takeTurn(db, turn, alone(failed))).settled;
    }
  }

  #turnDeps(): TurnDeps {
    const { ledger, clock, newId, workerId, leaseMs } = this.#deps;
    const kinds = [...this.#handlers.keys(), ...CONTROL_KINDS];
    return { ledger, clock, newId, announcer: this.#announcer, worker: workerId, kinds, leaseMs };
  }

  #begin(claimed: ClaimedStep): void {
    const handler = this.#handlers.get(claimed.step.kind);
    const attempt = startAttempt(claimed, handler, { clock: this.#deps.clock, log: this.#log });
    const { startedAt } = attempt;
    this.#attempts.set(claimed, attempt);
    this.#untold.add(claimed);
    void attempt.ended.then((result) => {
      this.#attempts.delete(claimed);
      if (result !== undefined) {
        this.#untold.delete(claimed);
        this.#finished.push({ claimed, startedAt, result });
      }
      this.#ring();
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
    if (payload === GATE_REACHED) {
      this.#admit();
      return;
    }
    // The run ended early. Asking for its leases tells which of its steps are ours no longer.
    const isOurs = [...this.#attempts.keys()].some(({ run }) => run.id === payload);
    if (isOurs)
      this.#renew().catch((error: unknown) => this.#report(error, 'renewing leases failed'));
  }

  /** Steps that ended in the grace after all are settled; of those the release no longer speaks. */
  async #handBack(
    held: readonly ClaimedStep[],
    untold: readonly Omit<FinishedStep, 'result'>[],
  ): Promise<void> {
    while (this.#finished.length > 0) await this.#advance();
    if (held.length === 0) return;
    const { db, ledger, workerId } = this.#deps;
    await db.transaction(async (tx) => {
      await releaseSteps(tx, workerId, held.map(toHolding));
      ledger.appendWithCommit(
        tx,
        untold.map((each) => startedEvent({ worker: workerId }, each)),
      );
      this.#announcer.newWork(tx);
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
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#sleepers.add(resolve);
    await promise;
    this.#sleepers.delete(resolve);
    clearTimeout(timer);
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#stopping;
    await delay(milliseconds, undefined, { signal }).catch(() => {});
  }

  #report(error: unknown, sentence: string): void {
    if (isUnavailable(error)) this.#log.warn({ err: error }, sentence);
    else this.#log.error({ err: error }, sentence);
  }

  #logLost({ run, step }: ClaimedStep): void {
    this.#log.info({ runId: run.id, stepName: step.name }, 'step lost to its lease or its run');
  }
}

function alone(one: FinishedStep): TurnOrder {
  return { finished: [one], started: [], capacity: 0, mayClaim: false };
}

function toHolding({ run, step, fence }: ClaimedStep) {
  return { runId: run.id, name: step.name, fence };
}
