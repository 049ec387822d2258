/** `wait.signal` and `wait.timer`: sleep without a worker until a word or an hour. */
import { z } from 'zod';
import { checkValue, type JsonObject } from '#kernel';
import type { StepContext, StepHandler, StepResult } from '../steps.ts';
import { durationMs } from '../workflow/index.ts';
import type { StepDeps } from './deps.ts';
import { forGood } from './subject.ts';

const Duration = z.string().regex(/^\d{1,6}(ms|s|m|h|d)$/, 'is a number and a unit: 30s, 2h, 14d');
const Scalar = z.union([z.string(), z.number(), z.boolean()]);

const SignalOptions = z.strictObject({
  /** Name of the signal, such as `deployed` or `check`. */
  signal: z.string().min(1).max(100),
  /** Values its body must have; another signal of the name is let pass. */
  match: z.record(z.string(), z.union([Scalar, z.array(Scalar)])).default({}),
  timeout: Duration.optional(),
  onTimeout: z.enum(['continue', 'fail']).default('fail'),
});
type SignalOptions = z.infer<typeof SignalOptions>;

const TimerOptions = z.strictObject({ duration: Duration });

export function createSignalStep({ clock }: StepDeps): StepHandler {
  function wait(context: StepContext, options: SignalOptions): StepResult {
    const { timeout } = options;
    const startedAt = (context.step.startedAt ?? clock.now()).getTime();
    return {
      outcome: 'waiting',
      on: options.signal,
      message: `Waits for the signal ${options.signal}.`,
      // Counted from the first wait: signals let pass in between do not prolong it.
      ...(timeout === undefined ? {} : { dueAt: new Date(startedAt + durationMs(timeout)) }),
    };
  }

  return {
    kind: 'wait.signal',
    async run(context) {
      const options = checkValue(SignalOptions, context.step.with, 'steps.bad_options');
      if (context.isDue !== true) return wait(context, options);
      const words = `No signal ${options.signal} within ${options.timeout ?? 'its time'}.`;
      if (options.onTimeout === 'fail') return forGood(words);
      return { outcome: 'done', output: { isTimedOut: true }, message: words };
    },
    async onSignal(context, { body }) {
      const options = checkValue(SignalOptions, context.step.with, 'steps.bad_options');
      if (!matches(body, options.match)) return wait(context, options);
      return { outcome: 'done', output: { ...body, isTimedOut: false } };
    },
  };
}

export function createTimerStep({ clock }: StepDeps): StepHandler {
  return {
    kind: 'wait.timer',
    async run(context) {
      const { duration } = checkValue(TimerOptions, context.step.with, 'steps.bad_options');
      if (context.isDue === true) return { outcome: 'done' };
      const startedAt = (context.step.startedAt ?? clock.now()).getTime();
      return {
        outcome: 'waiting',
        on: `timer:${context.step.name}`,
        message: `Waits for ${duration}.`,
        dueAt: new Date(startedAt + durationMs(duration)),
      };
    },
  };
}

/** Whether a body has the wanted values; of a list, any one will do. Pure. */
export function matches(body: JsonObject, wanted: SignalOptions['match']): boolean {
  return Object.entries(wanted).every(([key, value]) => {
    const options: unknown[] = Array.isArray(value) ? value : [value];
    return options.includes(body[key]);
  });
}
