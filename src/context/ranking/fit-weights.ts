/** One set of weights from the training questions of many repositories. Pure. */
import type { RankingModel, RankingWeights } from './model.ts';
import { type TrainOptions, trainModel } from './train.ts';
import type { RankedTask, TrainingQuestion } from './training-rows.ts';

export const WEIGHTS_VERSION = 2;

/** More trees fit the repositories they were fitted to, and others less. */
const SHALLOW = { depth: 3, learningRate: 0.06 };

const TASKS: Readonly<Record<RankedTask, Partial<TrainOptions>>> = {
  loc: { ...SHALLOW, trees: 20 },
  co: {
    trees: 30,
    depth: 3,
    learningRate: 0.05,
    leafRegularisation: 15,
    linearEpochs: 8,
    listwise: { decay: 0.01, steps: 60 },
  },
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

/**
 * Every repository counts the same, however many questions it asks. Kinds that are not among `tasks` keep
 * the models of `before`.
 */
export function fitWeights(
  byRepository: ReadonlyMap<string, readonly TrainingQuestion[]>,
  options: { tasks?: readonly RankedTask[]; before?: RankingWeights } = {},
): RankingWeights {
  const { tasks = Object.keys(TASKS) as RankedTask[], before } = options;
  const models: RankingWeights['models'] = {};
  for (const [task, model] of Object.entries(before?.models ?? {}))
    models[task] = task === 'dec' ? model : { fittedOn: before!.fittedOn, ...model };
  for (const task of tasks) {
    const fittedOn: string[] = [];
    const questions = [...byRepository].flatMap(([name, all]) => {
      const own = all.filter((question) => question.task === task);
      if (own.length > 0) fittedOn.push(name);
      const weight = Math.min(3, 100 / Math.max(1, own.length));
      return own.map((question) => ({ ...question, weight }));
    });
    const columns = questions[0]?.columns;
    if (columns === undefined) continue;
    models[task] = { fittedOn, ...trainModel(questions, { columns, ...TASKS[task] }) };
  }
  if (tasks.includes('doc') && models['doc'] !== undefined)
    models['dec'] = weighPlaces(models['doc'].columns, DECISIONS);
  const fittedOn = Object.values(models).flatMap((model) => model.fittedOn ?? []);
  return {
    version: WEIGHTS_VERSION,
    fittedOn: [...new Set([...(before?.fittedOn ?? []), ...fittedOn])].toSorted(),
    models,
  };
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
