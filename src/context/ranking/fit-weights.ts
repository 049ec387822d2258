/** One set of weights from the training questions of many repositories. Pure. */
import type { RankingModel, RankingWeights } from './model.ts';
import { type TrainOptions, trainModel } from './train.ts';
import type { RankedTask, TrainingQuestion } from './training-rows.ts';

export const WEIGHTS_VERSION = 1;

/** More trees fit the repositories they were fitted to, and others less. */
const SHALLOW = { depth: 3, learningRate: 0.06 };

const TASKS: Readonly<Record<RankedTask, Partial<TrainOptions>>> = {
  loc: { ...SHALLOW, trees: 20 },
  co: { ...SHALLOW, trees: 15 },
  doc: { ...SHALLOW, trees: 15 },
  own: { ...SHALLOW, trees: 30 },
};

/**
 * Decision records are too few in any history to fit a model to, so places are added with weights chosen
 * beforehand: a link between record and code is the strongest word for it.
 */
const DECISIONS: Readonly<Record<string, number>> = {
  text: 1,
  heading: 1,
  paths: 0.5,
  cochange: 1.5,
  memory: 1,
  names: 2,
  linked: 2,
  near: 0.7,
  activity: 0.5,
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
  if (models['doc'] !== undefined) models['dec'] = weighPlaces(models['doc'].columns, DECISIONS);
  return { version: WEIGHTS_VERSION, fittedOn: [...byRepository.keys()].toSorted(), models };
}

function weighPlaces(
  columns: readonly string[],
  weights: Readonly<Record<string, number>>,
): RankingModel {
  return {
    columns: [...columns],
    linear: columns.map((column) => {
      const [signal = '', part] = column.split('.');
      return part === 'place' ? (weights[signal] ?? 0) : 0;
    }),
    trees: [],
  };
}
