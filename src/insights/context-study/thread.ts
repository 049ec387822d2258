/** The other side of service.ts: one study, then the thread ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { backtestOwnChanges, type ContextFigures } from '#context';
import { openRepository } from '#git';
import { STUDIED_CHANGES } from './schema.ts';

export interface StudyOrder {
  dir: string;
  budgetMs: number;
}

export type StudyMessage = { done: number; total: number } | { figures: ContextFigures };

const { dir, budgetMs } = workerData as StudyOrder;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (message: StudyMessage) => parentPort?.postMessage(message);
tell({
  figures: await backtestOwnChanges(openRepository(dir), {
    changes: STUDIED_CHANGES,
    pick: 'newest',
    tasks: ['files'],
    budgetMs,
    onProgress: (done, total) => tell({ done, total }),
  }),
});
