/**
 * Goal: many callers share one commit, each hears about its own item, and none is lost or waits for
 * ever.
 * Method: a flush that records what it was given and can be held, failed and picky.
 */
import { expect, test } from 'vitest';
import { AppError } from './errors.ts';
import { waitFor } from '#testing';
import { createGroupCommit } from './group-commit.ts';

const FAR_AWAY_MS = 3_600_000;

test('items written together are committed together and answered in order', async () => {
  const groups: number[][] = [];
  await using writer = createGroupCommit<number, string>({
    flush: async (items) => {
      groups.push(items);
      return items.map((item) => `result ${item}`);
    },
  });

  const results = await Promise.all([1, 2, 3].map((item) => writer.write(item)));

  expect(results).toEqual(['result 1', 'result 2', 'result 3']);
  expect(groups).toEqual([[1, 2, 3]]);
});

test('a full group does not wait for the clock, and no group is larger than the limit', async () => {
  const sizes: number[] = [];
  await using writer = createGroupCommit<number, number>({
    flush: async (items) => {
      sizes.push(items.length);
      return items;
    },
    maxItems: 4,
    maxWaitMs: FAR_AWAY_MS,
  });

  await Promise.all(Array.from({ length: 8 }, (_, item) => writer.write(item)));

  expect(sizes).toEqual([4, 4]);
});

test('while nothing is committed nobody waits for the clock, and what comes meanwhile is the next group', async () => {
  const groups: number[][] = [];
  const commit = Promise.withResolvers<void>();
  await using writer = createGroupCommit<number, number>({
    flush: async (items) => {
      groups.push(items);
      await commit.promise;
      return items;
    },
    maxWaitMs: FAR_AWAY_MS,
  });

  const alone = writer.write(1);
  await waitFor('the first group', () => groups.length === 1);
  const later = [writer.write(2), writer.write(3)];
  commit.resolve();
  await Promise.all([alone, ...later]);

  expect(groups).toEqual([[1], [2, 3]]);
});

test('items that count for more fill a group sooner, and one that is too large goes alone', async () => {
  const groups: number[][] = [];
  await using writer = createGroupCommit<number, number>({
    flush: async (items) => {
      groups.push(items);
      return items;
    },
    sizeOf: (item) => item,
    maxItems: 4,
    maxWaitMs: FAR_AWAY_MS,
  });

  await Promise.all([2, 2, 3, 9, 1, 3].map((item) => writer.write(item)));

  expect(groups).toEqual([[2, 2], [3], [9], [1, 3]]);
});

test('nobody is answered before the commit', async () => {
  const commit = Promise.withResolvers<void>();
  let isAnswered = false;
  const writer = createGroupCommit<number, number>({
    flush: async (items) => {
      await commit.promise;
      return items;
    },
    maxItems: 1,
  });
  const writing = writer.write(1).then(() => (isAnswered = true));

  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  expect(isAnswered).toBe(false);
  commit.resolve();
  await writing;

  expect(isAnswered).toBe(true);
});

test('one bad item fails alone', async () => {
  const committed: number[] = [];
  await using writer = createGroupCommit<number, number>({
    flush: async (items) => {
      if (items.includes(13)) throw new Error('unlucky');
      committed.push(...items);
      return items;
    },
  });

  const results = await Promise.allSettled([1, 13, 2].map((item) => writer.write(item)));

  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(committed).toEqual([1, 2]);
});

test('while the database is away everyone is told at once, without trying each item', async () => {
  let attempts = 0;
  await using writer = createGroupCommit<number, number>({
    flush: async () => {
      attempts += 1;
      throw new AppError('unavailable', 'database.unavailable', { message: 'Away.' });
    },
  });

  const results = await Promise.allSettled([1, 2, 3].map((item) => writer.write(item)));

  expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  expect(attempts).toBe(1);
});

test('beyond the limit callers are turned away, and those who wait are still served', async () => {
  const commit = Promise.withResolvers<void>();
  const writer = createGroupCommit<number, number>({
    flush: async (items) => {
      await commit.promise;
      return items;
    },
    maxItems: 1,
    maxQueued: 2,
  });
  const accepted = [writer.write(1), writer.write(2), writer.write(3)];

  await expect(writer.write(4)).rejects.toMatchObject({ code: 'kernel.queue_full' });
  commit.resolve();

  expect(await Promise.all(accepted)).toEqual([1, 2, 3]);
});

test('closing commits what still waits', async () => {
  const committed: number[] = [];
  const writer = createGroupCommit<number, number>({
    flush: async (items) => {
      committed.push(...items);
      return items;
    },
    maxWaitMs: FAR_AWAY_MS,
  });
  const writing = writer.write(1);

  await writer[Symbol.asyncDispose]();

  expect(committed).toEqual([1]);
  expect(await writing).toBe(1);
});
