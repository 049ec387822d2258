/**
 * Goal: background work goes on by itself, never twice at once, outlives its errors, and says truly
 * how it goes.
 * Method: work that is counted, held or failed by the test; waiting for what is seen, not for time.
 */
import { expect, test } from 'vitest';
import { testClock, waitFor } from '#testing';
import type { Bell } from './bell.ts';
import { AppError } from './errors.ts';
import { createLogger } from './log.ts';
import { startLoop } from './loop.ts';

const FAR_AWAY_MS = 3_600_000;
const log = createLogger({ level: 'silent' });

test('work goes on at once while there is more of it', async () => {
  let left = 5;
  await using _loop = startLoop({
    name: 'test',
    clock: testClock(),
    log,
    everyMs: FAR_AWAY_MS,
    work: async () => (left > 0 ? left-- : 0),
  });

  expect(await waitFor('all work to be done', () => left === 0)).toBe(true);
});

test('a bell ends the pause of a loop that found nothing to do', async () => {
  let looks = 0;
  let bell: Bell | undefined;
  await using _loop = startLoop({
    name: 'test',
    clock: testClock(),
    log,
    everyMs: FAR_AWAY_MS,
    work: async () => {
      looks += 1;
      return 0;
    },
    listen: (ours) => {
      bell = ours;
    },
  });
  await waitFor('the first look', () => looks === 1);

  bell?.ring();

  expect(await waitFor('the second look', () => looks === 2)).toBe(true);
});

test('a failure is told in words fit to be shown, and forgotten once the work succeeds', async () => {
  const clock = testClock();
  let failure: Error | undefined = new Error('password=hunter2');
  await using loop = startLoop({
    name: 'test',
    clock,
    log,
    everyMs: FAR_AWAY_MS,
    work: async () => {
      if (failure !== undefined) throw failure;
      return 0;
    },
  });
  await waitFor('the failure', () => loop.health().state === 'failing');
  expect(loop.health()).toEqual({ state: 'failing', lastRunAt: clock.now(), lastError: 'Error' });

  failure = new AppError('unavailable', 'database.unavailable', { message: 'It restarts.' });
  await expect(loop.runOnce()).rejects.toThrow('It restarts.');
  expect(loop.health().lastError).toBe('database.unavailable: It restarts.');

  failure = undefined;
  clock.advance(1_000);
  await loop.runOnce();

  expect(loop.health()).toEqual({ state: 'running', lastRunAt: clock.now(), lastError: null });
});

test('the loop and those who ask it to run take turns', async () => {
  let atWork = 0;
  let most = 0;
  await using loop = startLoop({
    name: 'test',
    clock: testClock(),
    log,
    everyMs: FAR_AWAY_MS,
    work: async () => {
      atWork += 1;
      most = Math.max(most, atWork);
      await Promise.resolve();
      atWork -= 1;
      return 1;
    },
    start: false,
  });

  await Promise.all([loop.runOnce(), loop.runOnce(), loop.runOnce()]);

  expect(most).toBe(1);
});

test('disposing waits for the work in hand and then says that the loop has stopped', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  let isDone = false;
  let hasBegun = false;
  const loop = startLoop({
    name: 'test',
    clock: testClock(),
    log,
    everyMs: FAR_AWAY_MS,
    work: async () => {
      hasBegun = true;
      await held;
      isDone = true;
      return 0;
    },
  });
  await waitFor('the work to begin', () => hasBegun);

  const disposed = loop[Symbol.asyncDispose]();
  release();
  await disposed;

  expect(isDone).toBe(true);
  expect(loop.health().state).toBe('stopped');
});
