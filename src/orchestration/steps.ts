/** The seam between the workflow engine and what its steps do. */
import type { Id, JsonObject, Tx } from '#kernel';
import type { NewEvent, NewOutboxMessage } from '#ledger';
import type { Run, Step, StepKind } from './schema.ts';
import type { GraphStep } from './workflow-graph.ts';

export interface StepContext {
  run: Run;
  step: Step;
  /** Outputs of the steps it needs, by step name. */
  inputs: Readonly<Record<string, JsonObject>>;
  /** Equal on every attempt: pass it to whatever is called outside. */
  idempotencyKey: string;
  /** The event that made this step ready. */
  cause: Id<'evt'> | undefined;
  /** True when `run` is called again because the `dueAt` of its wait has come, by the database's clock. */
  isDue?: boolean;
  /** Aborts when the lease is lost, the run is cancelled or the node stops. */
  signal: AbortSignal;
}

/** What is written in the same transaction as the new state of the step. */
export interface StepEffects {
  events?: NewEvent[];
  outbox?: NewOutboxMessage[];
  /** Further steps for the run, and why. A done step only; each says in its origin who wants it. */
  grow?: { steps: GraphStep[]; why: string };
  /** Further rows of the same room. Database only: it may run again after a deadlock. */
  write?(tx: Tx): Promise<void>;
}

export type StepResult =
  | ({ outcome: 'done'; output?: JsonObject; message?: string } & StepEffects)
  /** Sleeps without a worker until a signal of this name, or until `dueAt`, when `run` is called again. */
  | ({ outcome: 'waiting'; on: string; message: string; dueAt?: Date } & StepEffects)
  /** Permanent failures are not tried again. */
  | ({ outcome: 'failed'; message: string; isPermanent?: boolean } & StepEffects);

export interface StepHandler {
  kind: StepKind;
  run(context: StepContext): Promise<StepResult>;
  /**
   * Called when a signal reaches the waiting step, outside any transaction. Default: the step is done
   * and the signal's body is its output.
   */
  onSignal?(context: StepContext, signal: { name: string; body: JsonObject }): Promise<StepResult>;
}
