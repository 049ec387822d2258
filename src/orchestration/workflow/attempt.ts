/** One attempt at a step: its handler at work, until it ends, is cut off, or takes too long. */
import { AppError, assert, type Clock, type Logger, withLogContext } from '#kernel';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import type { Outcome } from './advance.ts';
import { unmetCondition } from './condition.ts';
import { considerGrowth } from './control.ts';
import type { ClaimedStep } from './rows.ts';

export interface Attempt {
  startedAt: Date;
  /** What it came to; undefined when nothing of it may be written. Never rejects. */
  ended: Promise<Outcome | undefined>;
  /** `lost`: somebody else decides on the step now. `stopping`: the step will be handed back. */
  abort(why: 'lost' | 'stopping'): void;
}

export function startAttempt(
  claimed: ClaimedStep,
  handler: StepHandler | undefined,
  { clock, log }: { clock: Clock; log: Logger },
): Attempt {
  const startedAt = clock.now();
  const { run, step, timeoutMs } = claimed;
  const controller = new AbortController();
  const cut = Promise.withResolvers<Outcome | undefined>();
  let isStopping = false;

  const timer =
    timeoutMs === null
      ? undefined
      : setTimeout(() => {
          cut.resolve({ outcome: 'failed', message: `Took longer than ${timeoutMs} ms.` });
          controller.abort(new Error('the step timed out'));
        }, timeoutMs);
  const context = { runId: run.id, stepName: step.name, correlationId: run.correlationId };
  const work = withLogContext(context, () => perform(claimed, handler, controller.signal)).catch(
    (error: unknown) => {
      if (!controller.signal.aborted) logFailure(error, log);
      return failureOf(error);
    },
  );
  const ended = Promise.race([work, cut.promise]).then((result) => {
    clearTimeout(timer);
    // A handler told to stop fails by being stopped: that says nothing about the step.
    return isStopping && result?.outcome === 'failed' ? undefined : result;
  });

  return {
    startedAt,
    ended,
    abort(why) {
      if (why === 'stopping') isStopping = true;
      else cut.resolve(undefined);
      controller.abort(new Error(why === 'lost' ? 'the lease was lost' : 'the node stops'));
    },
  };
}

async function perform(
  claimed: ClaimedStep,
  handler: StepHandler | undefined,
  signal: AbortSignal,
): Promise<Outcome> {
  const { run, step, terms } = claimed;
  const unmet = unmetCondition(claimed.condition, { input: run.input, inputs: claimed.inputs });
  if (unmet !== undefined) return { outcome: 'skipped', message: unmet };
  if (terms?.control !== undefined) return considerGrowth(claimed);
  assert(handler !== undefined, 'a worker claims only what it can do');
  const inputs = terms?.after === undefined ? claimed.inputs : withoutThose(claimed);

  const context: StepContext = {
    run,
    step,
    inputs,
    idempotencyKey: `${run.id}/${step.name}${claimed.redo === 0 ? '' : `#${claimed.redo}`}`,
    cause: claimed.cause ?? undefined,
    isDue: claimed.wake === 'timer',
    signal,
  };
  if (claimed.signal === null) return handler.run(context);
  if (handler.onSignal !== undefined) return handler.onSignal(context, claimed.signal);
  return { outcome: 'done', output: claimed.signal.body };
}

/** Outputs it needs to know; steps that only had to come first are nobody's business. */
function withoutThose({ inputs, terms }: ClaimedStep): ClaimedStep['inputs'] {
  const known = Object.entries(inputs).filter(([name]) => terms?.after?.includes(name) !== true);
  return Object.fromEntries(known);
}

function failureOf(error: unknown): StepResult {
  const message =
    error instanceof AppError
      ? error.message
      : 'Something unexpected went wrong; the server log has the cause.';
  return { outcome: 'failed', message };
}

function logFailure(error: unknown, log: Logger): void {
  if (error instanceof AppError && error.kind !== 'internal')
    log.info({ err: error }, 'step failed');
  else log.error({ err: error }, 'step failed unexpectedly');
}
