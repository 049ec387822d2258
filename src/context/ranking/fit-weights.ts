/** One set of weights from the training questions of many repositories. Pure. */
import type { RankingWeights } from './model.ts';
import { type TrainOptions, trainModel } from './train.ts';
import type { RankedTask, TrainingQuestion } from './training-rows.ts';

export const WEIGHTS_VERSION = 1;

const TASKS: Readonly<Record<RankedTask, Partial<TrainOptions>>> = {
  loc: {},
  co: {},
  doc: {},
  own: {},
};

/** Every repository counts the same, however many questions it asks. */
export function fitWeights(
  byRepository: ReadonlyMap<string, readonly TrainingQuestion[]>,
): RankingWeights {
  const models: RankingWeights['models'] = {};
  for (const [task, options] of Object.entries(TASKS)) {
    const questions = [...byRepository.values()].flatMap((all) => {
      const own = all.filter((question) => question.task === task);
      const weight = Math.min(3, 100 / Math.max(1, own.length));
      return own.map((question) => ({ ...question, weight }));
    });
    const columns = questions[0]?.columns;
    if (columns === undefined) continue;
    models[task] = trainModel(questions, { columns, ...options });
  }
  // Decision records are documents; there are too few to fit a model of their own.
  if (models['doc'] !== undefined) models['dec'] = models['doc'];
  return { version: WEIGHTS_VERSION, fittedOn: [...byRepository.keys()].toSorted(), models };
}
