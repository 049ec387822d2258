/**
 * Group commit: callers hand in one item each and wait; the writer commits many at once and then
 * answers them all. While it is idle nobody waits for company: what came with the same look at the
 * sockets goes together, and what comes during a commit is the next group. Single inserts reach one to two thousand per second on a small machine, groups
 * of two hundred about ten times that (docs/adr/0009).
 */
import { AppError, isUnavailable } from './errors.ts';

export interface GroupCommit<Item, Result> extends AsyncDisposable {
  /** Resolves after the commit that holds the item. Rejects with `kernel.queue_full` at the limit. */
  write(item: Item): Promise<Result>;
}

interface Waiting<Item, Result> {
  item: Item;
  resolve(result: Result): void;
  reject(error: unknown): void;
}

export function createGroupCommit<Item, Result>(options: {
  /** Commits all items or none; gives one result per item, in order. */
  flush(items: Item[]): Promise<Result[]>;
  maxItems?: number;
  /** How many items one counts for; 1 unless given. One that counts for too many goes alone. */
  sizeOf?(item: Item): number;
  /** How long an item waits for the commit under way before a group goes beside it. */
  maxWaitMs?: number;
  /** Groups that may be committed side by side; then a later item may be stored before an earlier. */
  maxFlushes?: number;
  /** Items that may wait at once before callers are turned away. */
  maxQueued?: number;
}): GroupCommit<Item, Result> {
  const { flush, sizeOf = () => 1 } = options;
  const { maxItems = 200, maxWaitMs = 5, maxFlushes = 1, maxQueued = 20_000 } = options;
  let queue: Waiting<Item, Result>[] = [];
  let queuedSize = 0;
  let timer: NodeJS.Timeout | undefined;
  let soon: NodeJS.Immediate | undefined;
  const running = new Set<Promise<void>>();

  async function drain(): Promise<void> {
    while (queue.length > 0) await commit(takeGroup());
  }

  function takeGroup(): Waiting<Item, Result>[] {
    let size = 0;
    let count = 0;
    for (const { item } of queue) {
      const next = size + sizeOf(item);
      if (count > 0 && next > maxItems) break;
      size = next;
      count += 1;
    }
    const group = queue.slice(0, count);
    queue = queue.slice(count);
    queuedSize -= size;
    return group;
  }

  async function commit(group: Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await flush(group.map(({ item }) => item));
      group.forEach((waiting, index) => waiting.resolve(results[index]!));
    } catch (error) {
      // One bad item must not fail its neighbours: they are tried again alone.
      if (group.length === 1 || isUnavailable(error))
        group.forEach((waiting) => waiting.reject(error));
      else for (const waiting of group) await commit([waiting]);
    }
  }

  function start(): void {
    clearTimeout(timer);
    clearImmediate(soon);
    timer = undefined;
    soon = undefined;
    if (running.size === maxFlushes) return;
    const flushing = drain().finally(() => {
      running.delete(flushing);
      if (queue.length > 0) start();
    });
    running.add(flushing);
  }

  return {
    write(item) {
      if (queue.length >= maxQueued) {
        return Promise.reject(
          new AppError('unavailable', 'kernel.queue_full', {
            message: 'Too many writes are waiting for the database.',
            hint: 'Send it again in a moment; nothing of it was stored.',
          }),
        );
      }
      return new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject });
        queuedSize += sizeOf(item);
        if (queuedSize >= maxItems) start();
        else if (running.size === 0) soon ??= setImmediate(start);
        else timer ??= setTimeout(start, maxWaitMs);
      });
    },
    async [Symbol.asyncDispose]() {
      // What is written while the last group is committed is still taken along.
      while (queue.length > 0 || running.size > 0) {
        if (queue.length > 0) start();
        await Promise.race(running);
      }
    },
  };
}
