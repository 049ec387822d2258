/**
 * New weights from the organisation's own merged changes, and whether they are better: fitted to the
 * earlier changes, judged by the later ones. Pure.
 *
 * It begins with the shipped weights, is pulled back to them, and goes only part of the way: how far is
 * chosen on the newest third of what it may be fitted to, for few changes mislead. Trees stay as they are.
 * Each kind of question is judged apart, and one that does not gain keeps the weights it has.
 */
import { type RankingModel, type RankingWeights, scoreRows } from '../model.ts';
import { trainModel } from '../train.ts';
import type { RankedTask, TrainingQuestion } from '../training-rows.ts';
import type { FitMeasure } from './schema.ts';

/** Share of the questions of each kind, the newest, that a fit is judged by. */
export const HELD_OUT_SHARE = 0.4;
/** Fewer later changes tell nothing. */
const MIN_JUDGED = 40;
/** What the main figure must gain at least. */
const MARGIN = 0.01;
/** What a repository with enough changes of its own to say so may lose at most. */
const MAX_LOSS = 0.02;
const MIN_JUDGED_ALONE = 20;
const RESAMPLES = 1_000;
const LOWER_SHARE = 0.05;

const FIT = { linearEpochs: 12, linearDecay: 0.03, trees: 0 };
/** Parts of the way from the shipped weights to those the changes ask for. */
const WAYS = [0.1, 0.25, 0.5, 1];
const EARLY_SHARE = 2 / 3;
/** A longer way must be worth it. */
const WORTH = 0.002;

const QUESTIONS: Readonly<
  Record<RankedTask, Pick<FitMeasure, 'question' | 'figure'> & { first: number; isHit?: boolean }>
> = {
  loc: { question: 'files', figure: 'recall@10', first: 10 },
  co: { question: 'companions', figure: 'recall@10', first: 10 },
  doc: { question: 'documents', figure: 'recall@5', first: 5 },
  own: { question: 'people', figure: 'hit@3', first: 3, isHit: true },
};

export interface OwnQuestions {
  /** Thinned rows of earlier changes. */
  fit: readonly TrainingQuestion[];
  /** All rows of later ones. */
  judge: readonly TrainingQuestion[];
}

export interface OwnFit {
  weights: RankingWeights;
  measures: FitMeasure[];
}

/** Questions of one repository, oldest first, as they were gathered with `HELD_OUT_SHARE`. */
export function divide(questions: readonly TrainingQuestion[]): OwnQuestions {
  return {
    fit: questions.filter(({ isHeldOut }) => !isHeldOut),
    judge: questions.filter(({ isHeldOut }) => isHeldOut),
  };
}

/** `standing` are the weights in force: what the new ones must beat. */
export function fitToOwn(
  shipped: RankingWeights,
  standing: RankingWeights,
  byRepository: ReadonlyMap<string, OwnQuestions>,
): OwnFit {
  const models = { ...standing.models };
  const measures: FitMeasure[] = [];
  for (const task of Object.keys(QUESTIONS) as RankedTask[]) {
    const of = (questions: readonly TrainingQuestion[]) =>
      questions.filter((it) => it.task === task);
    const fit = [...byRepository.values()].map((own) => weighAlike(of(own.fit)));
    const judged = new Map([...byRepository].map(([name, { judge }]) => [name, of(judge)]));
    const before = standing.models[task];
    const from = shipped.models[task];
    if (before === undefined || from === undefined) continue;
    const after = fitPartly(from, fit);
    const measure = judge(task, { before, after, judged, fitted: fit.flat().length });
    measures.push(measure);
    if (measure.isTaken) models[task] = after;
  }
  const weights = { ...shipped, fittedOn: [...byRepository.keys()].toSorted(), models };
  return { weights, measures };
}

/** Questions come repository by repository, oldest first. */
function fitPartly(
  from: RankingModel,
  fit: readonly (readonly TrainingQuestion[])[],
): RankingModel {
  const cut = (questions: readonly TrainingQuestion[]) =>
    Math.floor(questions.length * EARLY_SHARE);
  const early = fit.flatMap((questions) => questions.slice(0, cut(questions)));
  const late = fit.flatMap((questions) => questions.slice(cut(questions)));
  const trial = trainModel(early, { columns: from.columns, from, ...FIT });
  let best = { way: 0, value: valueOf(from, late) };
  for (const way of WAYS) {
    const value = valueOf(between(from, trial, way), late);
    if (value > best.value + WORTH) best = { way, value };
  }
  if (best.way === 0) return from;
  return between(from, trainModel(fit.flat(), { columns: from.columns, from, ...FIT }), best.way);
}

function between(from: RankingModel, to: RankingModel, way: number): RankingModel {
  const linear = from.linear.map((weight, at) =>
    Number((weight + way * (to.linear[at]! - weight)).toPrecision(4)),
  );
  return { ...from, linear };
}

function valueOf(model: RankingModel, questions: readonly TrainingQuestion[]): number {
  const outcomes = questions.map((question) => outcomeOf(model, question));
  return (meanOf(outcomes, 'main') + meanOf(outcomes, 'rank')) / 2;
}

/** Every repository counts the same, however many questions it asks. */
function weighAlike(questions: readonly TrainingQuestion[]): TrainingQuestion[] {
  const weight = Math.min(3, 100 / Math.max(1, questions.length));
  return questions.map((question) => ({ ...question, weight }));
}

interface Outcome {
  main: number;
  rank: number;
}

function judge(
  task: RankedTask,
  given: {
    before: RankingModel;
    after: RankingModel;
    judged: ReadonlyMap<string, readonly TrainingQuestion[]>;
    fitted: number;
  },
): FitMeasure {
  const { question, figure } = QUESTIONS[task];
  const byRepository = [...given.judged].map(([name, questions]) => ({
    name,
    before: questions.map((it) => outcomeOf(given.before, it)),
    after: questions.map((it) => outcomeOf(given.after, it)),
  }));
  const before = byRepository.flatMap((it) => it.before);
  const after = byRepository.flatMap((it) => it.after);
  const measure = { question, figure, fitted: given.fitted, judged: before.length };
  if (before.length < MIN_JUDGED) {
    const reason = `only ${before.length} later changes ask this; ${MIN_JUDGED} are needed to judge by`;
    return { ...measure, before: null, after: null, leastGain: null, isTaken: false, reason };
  }
  const gain = meanOf(after, 'main') - meanOf(before, 'main');
  const leastGain = lowerBound(
    after.map(({ main, rank }, at) => (main - before[at]!.main + rank - before[at]!.rank) / 2),
  );
  const loser = byRepository.find(
    (it) =>
      it.before.length >= MIN_JUDGED_ALONE &&
      meanOf(it.after, 'main') < meanOf(it.before, 'main') - MAX_LOSS,
  );
  const refusal =
    given.after === given.before
      ? 'its changes ask for no other weights'
      : gain < MARGIN
        ? `gains ${signed(gain)}, and at least ${signed(MARGIN)} is asked for`
        : leastGain <= 0
          ? 'the gain may be chance'
          : loser === undefined
            ? undefined
            : `${loser.name} would lose more than ${MAX_LOSS}`;
  return {
    ...measure,
    before: figuresOf(before),
    after: figuresOf(after),
    leastGain: round(leastGain),
    isTaken: refusal === undefined,
    reason: refusal ?? `gains ${signed(gain)} on later changes`,
  };
}

/** The share of right answers among the first, and one over the place of the first of them. */
function outcomeOf(model: RankingModel, question: TrainingQuestion): Outcome {
  const { first, isHit } = QUESTIONS[question.task];
  const scores = scoreRows(model, question.values);
  const places = question.right.map((row) => {
    let place = 0;
    for (let other = 0; other < scores.length; other += 1) {
      const ahead = scores[other]! - scores[row]!;
      if (ahead > 0 || (ahead === 0 && other < row)) place += 1;
    }
    return place;
  });
  const within = places.filter((place) => place < first).length;
  const main = isHit === true ? Math.min(1, within) : within / Math.max(1, question.wanted);
  return { main, rank: places.length === 0 ? 0 : 1 / (1 + Math.min(...places)) };
}

/** What the mean is above in 95 % of resamples with replacement; a fixed seed gives the same each time. */
function lowerBound(gains: readonly number[]): number {
  let state = 11;
  const means = Array.from({ length: RESAMPLES }, () => {
    let sum = 0;
    for (let turn = 0; turn < gains.length; turn += 1) {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      sum += gains[Math.floor((state / 2_147_483_648) * gains.length)]!;
    }
    return sum / gains.length;
  }).toSorted((a, b) => a - b);
  return means[Math.floor(LOWER_SHARE * means.length)]!;
}

function figuresOf(outcomes: readonly Outcome[]): NonNullable<FitMeasure['before']> {
  return {
    main: round(meanOf(outcomes, 'main')),
    meanReciprocalRank: round(meanOf(outcomes, 'rank')),
  };
}

function meanOf(outcomes: readonly Outcome[], key: keyof Outcome): number {
  return outcomes.reduce((sum, outcome) => sum + outcome[key], 0) / Math.max(1, outcomes.length);
}

const round = (value: number) => Number(value.toFixed(4));
const signed = (value: number) => `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(3)}`;
