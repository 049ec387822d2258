/**
 * Hands code and long documents to a thread that reads them. A thread that hangs or dies is replaced; what it was reading is
 * then unread for a reason that can be shown. Idle threads end.
 */
import { Worker } from 'node:worker_threads';
import type { ReadAnswer, ReadRequest } from './code-worker.ts';
import type { Language } from './languages.ts';
import type { ReadDocument } from '../documents.ts';
import type { CodeOutline } from './outline.ts';

export type CodeReading = { outline: CodeOutline } | { problem: string };
export type DocumentReading = { document: ReadDocument } | { problem: string };

export interface CodeReader extends AsyncDisposable {
  /** Never throws for what a text holds. */
  read(language: Language, text: string): Promise<CodeReading>;
  /** The same for a document; a short one is quicker read where one is. */
  readDocument(path: string, text: string): Promise<DocumentReading>;
}

const PARSE_MS = 2_000;
/** A thread silent for so long is stuck where no callback is asked. */
const STUCK_MS = 30_000;
const IDLE_MS = 5_000;
/** So many texts are with the thread at once; more would only be held twice. */
const IN_FLIGHT = 16;

interface Job {
  request: ReadRequest;
  settle(reading: ReadAnswer): void;
}

export function createCodeReader(): CodeReader {
  let worker: Worker | undefined;
  let nextId = 1;
  const flying = new Map<number, Job>();
  const waiting: Job[] = [];
  let idle: NodeJS.Timeout | undefined;
  let stuck: NodeJS.Timeout | undefined;

  function start(): Worker {
    const made = new Worker(new URL('./code-worker.ts', import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    made.on('message', (answer: ReadAnswer) => {
      const job = flying.get(answer.id);
      flying.delete(answer.id);
      job?.settle(answer);
      feed();
    });
    made.on('error', () => lose(made));
    made.on('exit', () => lose(made));
    return made;
  }

  /** What the thread had is unread; the next text gets a new one. */
  function lose(which: Worker): void {
    if (worker !== which) return;
    worker = undefined;
    const lost = [...flying.values()];
    flying.clear();
    for (const { request, settle } of lost) {
      const what = 'path' in request ? 'documents' : 'code';
      settle({
        id: request.id,
        problem: `${what} whose reading did not end is known by its text only`,
      });
    }
    void which.terminate();
    feed();
  }

  function feed(): void {
    clearTimeout(idle);
    clearTimeout(stuck);
    while (waiting.length > 0 && flying.size < IN_FLIGHT) {
      const job = waiting.shift()!;
      worker ??= start();
      flying.set(job.request.id, job);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- A thread has no origin.
      worker.postMessage(job.request);
    }
    const current = worker;
    if (current === undefined) return;
    if (flying.size > 0) {
      current.ref();
      stuck = setTimeout(() => lose(current), STUCK_MS).unref();
      return;
    }
    // Nobody waits for an idle thread to end, and it keeps no process alive.
    current.unref();
    idle = setTimeout(() => {
      worker = undefined;
      void current.terminate();
    }, IDLE_MS).unref();
  }

  function ask(request: (id: number) => ReadRequest): Promise<ReadAnswer> {
    return new Promise((resolve) => {
      const id = nextId;
      nextId += 1;
      waiting.push({ request: request(id), settle: resolve });
      feed();
    });
  }

  return {
    async read(language, text) {
      const answer = await ask((id) => ({ id, language, text, timeoutMs: PARSE_MS }));
      if ('outline' in answer) return { outline: answer.outline };
      return { problem: 'problem' in answer ? answer.problem : 'code was read as a document' };
    },
    async readDocument(path, text) {
      const answer = await ask((id) => ({ id, path, text }));
      if ('document' in answer) return { document: answer.document };
      return { problem: 'problem' in answer ? answer.problem : 'a document was read as code' };
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(idle);
      clearTimeout(stuck);
      const current = worker;
      worker = undefined;
      await current?.terminate();
    },
  };
}
