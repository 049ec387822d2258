/** The other side of service.ts: gathers, fits and judges, then the thread ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { openRepository } from '#git';
import type { RankingWeights } from '../model.ts';
import { gatherTrainingQuestions } from '../training-rows.ts';
import { shippedWeights } from '../weights.ts';
import { divide, fitToOwn, HELD_OUT_SHARE, type OwnFit, type OwnQuestions } from './fit-to-own.ts';
import type { FitRepository } from './schema.ts';

export interface FitOrder {
  repositories: readonly { name: string; dir: string; revision: string }[];
  standing: RankingWeights | undefined;
  /** For each repository; one that is not read in time takes no part. */
  budgetMs: number;
}

export type FitMessage =
  | { done: number; total: number }
  | { fit: OwnFit; repositories: FitRepository[] };

/** Of each kind, from each repository. */
const QUESTIONS_PER_TASK = 200;

const { repositories, standing, budgetMs } = workerData as FitOrder;
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (message: FitMessage) => parentPort?.postMessage(message);

const byRepository = new Map<string, OwnQuestions>();
const read: FitRepository[] = [];
let before = 0;
for (const { name, dir, revision } of repositories) {
  let asked = 0;
  const signal = AbortSignal.timeout(budgetMs);
  const questions = await gatherTrainingQuestions(openRepository(dir), {
    to: revision,
    perTask: QUESTIONS_PER_TASK,
    heldOutShare: HELD_OUT_SHARE,
    signal,
    onProgress(done, total) {
      asked = done;
      tell({ done: before + done, total: before + total });
    },
  }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    return [];
  });
  before += asked;
  read.push({ repository: name, revision, questions: questions.length });
  if (questions.length > 0) byRepository.set(name, divide(questions));
}
const shipped = shippedWeights();
tell({ fit: fitToOwn(shipped, standing ?? shipped, byRepository), repositories: read });
