/** The other side of ranking-service.ts: a thread that holds the indexes and answers. */
import { parentPort } from 'node:worker_threads';
import { toAppError } from '#kernel';
import type { RankingWeights } from './model.ts';
import { IndexShelf, type RankQuestion, type RankTarget } from './shelf.ts';

export type ThreadRequest =
  | { id: number; what: 'warm'; target: RankTarget }
  | { id: number; what: 'ask'; target: RankTarget; questions: readonly RankQuestion[] }
  | { id: number; what: 'use'; weights: RankingWeights | undefined }
  | { id: number; what: 'forget'; key: string };

export interface ThreadAnswer {
  id: number;
  value?: unknown;
  error?: { kind: string; code: string; message: string; hint?: string | undefined };
}

const shelf = new IndexShelf();
const port = parentPort;
port?.on('message', (request: ThreadRequest) => {
  void serve(request).then((answer) => port.postMessage(answer));
});

async function serve(request: ThreadRequest): Promise<ThreadAnswer> {
  const { id } = request;
  try {
    switch (request.what) {
      case 'warm':
        return { id, value: await shelf.warm(request.target) };
      case 'ask':
        return { id, value: await shelf.ask(request.target, request.questions) };
      case 'use':
        shelf.useWeights(request.weights);
        return { id };
      case 'forget':
        shelf.forget(request.key);
        return { id };
    }
  } catch (cause) {
    const { kind, code, message, hint } = toAppError(cause);
    return { id, error: { kind, code, message, hint } };
  }
}
