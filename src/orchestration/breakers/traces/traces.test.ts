/**
 * Goal: sessions as they were met in the wild are judged right. Method: hand-written transcripts of both
 * kinds; also without the fields that only some transcripts have.
 */
import { describe, expect, test } from 'vitest';
import { backtestTrace } from '../backtest.ts';
import type { BreakerStep } from '../step.ts';
import type { Trace } from './builder.ts';
import { FINE as FINE_FIRST } from './fine.ts';
import { LATER_FINE, LATER_STUCK } from './later.ts';
import { STUCK as STUCK_FIRST } from './stuck.ts';

const FINE = [...FINE_FIRST, ...LATER_FINE];
const STUCK = [...STUCK_FIRST, ...LATER_STUCK];

const without = (fields: readonly (keyof BreakerStep)[]) => (trace: Trace) => ({
  ...trace,
  steps: trace.steps.map((step) =>
    Object.fromEntries(Object.entries(step).filter(([name]) => !fields.includes(name))),
  ) as BreakerStep[],
});
const isCaught = (trace: Trace) => {
  const { step } = backtestTrace(trace);
  return step !== null && step >= trace.onset!;
};

describe('a session that goes in circles is stopped, and not before', () => {
  test.each(STUCK.map((trace) => [trace.about, trace] as const))('%s', (_about, trace) => {
    expect(isCaught(trace)).toBe(true);
  });
});

describe('work is not stopped', () => {
  test.each(FINE.map((trace) => [trace.about, trace] as const))('%s', (_about, trace) => {
    expect(backtestTrace(trace)).toEqual({ id: trace.id, step: null });
  });
});

test('transcripts without flags of success are judged nearly as well', () => {
  const strip = without(['ok', 'edit', 'tests', 'pending']);

  const caught = STUCK.map(strip).filter(isCaught);
  const alarms = FINE.map(strip).filter((trace) => backtestTrace(trace).step !== null);

  expect(caught.length / STUCK.length).toBeGreaterThanOrEqual(0.95);
  expect(alarms.map(({ about }) => about)).toEqual([]);
});
