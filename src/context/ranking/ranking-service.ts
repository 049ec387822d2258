/**
 * Ranking for the server. The indexes live in a thread of their own: building one takes seconds of pure
 * computing, which must not keep hooks and requests waiting.
 */
import { Worker } from 'node:worker_threads';
import { AppError, type Logger } from '#kernel';
import type { RankingWeights } from './model.ts';
import type { ThreadAnswer, ThreadRequest } from './ranking-thread.ts';
import type { IndexFigures, RankAnswer, RankQuestion, RankTarget } from './shelf.ts';

export interface RankingService extends AsyncDisposable {
  /** Brings the index of a repository to a commit, so that the first question need not wait. */
  warm(target: RankTarget): Promise<IndexFigures>;
  /** One answer per question, in their order. @throws AppError `context.ranking_stopped` when the thread ends. */
  ask(target: RankTarget, questions: readonly RankQuestion[]): Promise<RankAnswer[]>;
  forget(key: string): void;
  /** Answers with these weights from now on; undefined goes back to the shipped ones. */
  useWeights(weights: RankingWeights | undefined): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** Bounds what indexes may hold; Node ends the thread above it, and the next question starts another. */
const MAX_HEAP_MB = 4_096;

/** The thread starts with the first question. */
export function createRankingService({ log }: { log: Logger }): RankingService {
  const waiting = new Map<number, Waiting>();
  let thread: Worker | undefined;
  let weights: RankingWeights | undefined;
  let lastId = 0;

  function start(): Worker {
    const started = new Worker(new URL('ranking-thread.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    // A process that has nothing else to do may end.
    started.unref();
    started.on('message', ({ id, value, error }: ThreadAnswer) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) started.unref();
      if (error === undefined) asked?.resolve(value);
      else {
        asked?.reject(
          new AppError(error.kind as AppError['kind'], error.code, {
            message: error.message,
            ...(error.hint === undefined ? {} : { hint: error.hint }),
          }),
        );
      }
    });
    started.on('error', (cause) => {
      log.error({ err: cause }, 'the ranking thread failed');
      end(started, cause);
    });
    started.on('exit', () => end(started));
    // A new thread knows the shipped weights only; requests are taken in their order.
    if (weights !== undefined) post(started, { id: ++lastId, what: 'use', weights });
    return started;
  }

  function end(ended: Worker, cause?: unknown): void {
    if (thread !== ended) return;
    thread = undefined;
    for (const [id, { reject }] of waiting) {
      waiting.delete(id);
      reject(
        new AppError('unavailable', 'context.ranking_stopped', {
          message: 'The ranking of files stopped before it answered.',
          hint: 'Ask again; the index is built anew.',
          cause,
        }),
      );
    }
  }

  function send(request: ThreadRequest): Promise<unknown> {
    thread ??= start();
    const asked = thread;
    return new Promise((resolve, reject) => {
      waiting.set(request.id, { resolve, reject });
      asked.ref();
      post(asked, request);
    });
  }

  function post(to: Worker, request: ThreadRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    to.postMessage(request);
  }

  return {
    warm: async (target) => (await send({ id: ++lastId, what: 'warm', target })) as IndexFigures,
    ask: async (target, questions) =>
      (await send({ id: ++lastId, what: 'ask', target, questions })) as RankAnswer[],
    forget: (key) => {
      if (thread !== undefined) void send({ id: ++lastId, what: 'forget', key }).catch(() => {});
    },
    useWeights(own) {
      weights = own;
      if (thread !== undefined) post(thread, { id: ++lastId, what: 'use', weights });
    },
    [Symbol.asyncDispose]: async () => {
      const ending = thread;
      thread = undefined;
      await ending?.terminate();
      for (const [id, { reject }] of waiting) {
        waiting.delete(id);
        reject(new AppError('unavailable', 'context.ranking_stopped', { message: 'Stopped.' }));
      }
    },
  };
}
