/**
 * Asks a repository's own last changes in the background: in a thread of its own, one study at a time,
 * bounded in time and memory, kept until the repository has another head.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Logger } from '#kernel';
import type { ContextStudy, StudyTarget } from './schema.ts';
import type { StudyMessage, StudyOrder } from './thread.ts';

export interface ContextStudies extends AsyncDisposable {
  /** What is known, at once. Starts or queues a study where none is of this head. */
  read(target: StudyTarget): ContextStudy;
}

interface Entry {
  target: StudyTarget;
  study: ContextStudy;
  at: Date;
}

const BUDGET_MS = 90_000;
/** A thread that does not even notice that its time is up is ended. */
const MAX_MS = 3 * BUDGET_MS;
const MAX_HEAP_MB = 2_048;
const MAX_KEPT = 200;
const MAX_QUEUED = 20;
const RETRY_MS = 10 * 60_000;

export function createContextStudies(deps: {
  clock: Clock;
  log: Logger;
  budgetMs?: number;
}): ContextStudies {
  const { clock, log, budgetMs = BUDGET_MS } = deps;
  const entries = new Map<string, Entry>();
  const queue: Entry[] = [];
  let running: { worker: Worker; entry: Entry } | undefined;
  let isClosed = false;

  function startNext(): void {
    if (running !== undefined || isClosed) return;
    const entry = queue.shift();
    if (entry === undefined) return;
    const order: StudyOrder = { dir: entry.target.dir, budgetMs };
    const worker = new Worker(new URL('thread.ts', import.meta.url), {
      workerData: order,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    worker.unref();
    running = { worker, entry };
    const timer = setTimeout(() => void worker.terminate(), MAX_MS).unref();
    worker.on('message', (message: StudyMessage) => {
      entry.study =
        'figures' in message
          ? { state: 'ready', figures: message.figures }
          : { state: 'computing', ...message };
    });
    worker.on('error', (err) => {
      log.warn({ err, repositoryId: entry.target.key }, 'the study of past changes failed');
    });
    worker.on('exit', () => {
      clearTimeout(timer);
      if (entry.study.state === 'computing') {
        entry.study = {
          state: 'failed',
          reason: 'The history could not be asked about within its bounds of time and memory.',
        };
      }
      entry.at = clock.now();
      running = undefined;
      startNext();
    });
  }

  return {
    read(target) {
      const standing = entries.get(target.key);
      const isCurrent =
        standing?.target.head === target.head &&
        (standing.study.state !== 'failed' ||
          clock.now().getTime() - standing.at.getTime() < RETRY_MS);
      // Of a busy repository the study under way is worth more than one that never ends.
      if (standing !== undefined && (isCurrent || standing.study.state === 'computing'))
        return standing.study;
      if (queue.length >= MAX_QUEUED) return { state: 'computing', done: 0, total: null };
      const entry: Entry = {
        target,
        study: { state: 'computing', done: 0, total: null },
        at: clock.now(),
      };
      entries.delete(target.key);
      entries.set(target.key, entry);
      if (entries.size > MAX_KEPT) entries.delete(entries.keys().next().value!);
      queue.push(entry);
      startNext();
      return entry.study;
    },
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      queue.length = 0;
      await running?.worker.terminate();
    },
  };
}
