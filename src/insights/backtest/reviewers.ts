/**
 * Replays a history that names its reviewers to the product's routing and ranks people for every change
 * after the first seven tenths. Each change is ranked by smaller indices alone; then it lands, with its
 * reviewers known. Weights are fitted on the changes before the window, and again as it goes on.
 */
import { z } from 'zod';
import {
  createReviewHistory,
  defaultReviewWeights,
  learnReviewWeights,
  rankReviewers,
  type ReviewExample,
} from '#policy';
import { ChangeRecord } from './records.ts';

export const ReviewRecord = ChangeRecord.extend({
  u: z.string(),
  bot: z.union([z.literal(0), z.literal(1)]),
  rv: z.array(z.string()).optional(),
});
export type ReviewRecord = z.infer<typeof ReviewRecord>;

export interface ReviewAnswer {
  i: number;
  /** Best first, at most ten. */
  rank: string[];
}

const HISTORY_SHARE = 0.7;
const MAX_FILES = 60;
const MAX_RANK = 10;
/** Examples the weights are fitted on: the latest before the fit. */
const MAX_EXAMPLES = 1_500;
const REFIT_EVERY = 400;
const LOAD_DAYS = 7;
const DAY_SECONDS = 86_400;

/** @param records one repository in landing order. */
export function backtestReviewers(records: readonly ReviewRecord[]): ReviewAnswer[] {
  const counted = records.filter(isCounted);
  const windowStart = counted[Math.floor(counted.length * HISTORY_SHARE)]?.t ?? Infinity;
  const history = createReviewHistory();
  const examples: ReviewExample[] = [];
  const answers: ReviewAnswer[] = [];
  const firsts: { at: number; person: string }[] = [];
  // Earlier changes teach familiarity, but are too many to weigh one by one.
  const before = counted.filter(({ t }) => t < windowStart).slice(-MAX_EXAMPLES);
  const firstExample = before[0]?.i ?? 0;
  let weights = defaultReviewWeights();
  let sinceFit = Number.POSITIVE_INFINITY;

  for (const record of records) {
    const change = {
      landedAt: record.t,
      author: record.u,
      subject: record.s,
      paths: record.f.filter(([, , , kind]) => kind !== 'g').map(([path]) => path),
    };
    const isRanked = record.t >= windowStart;
    const isExample = isCounted(record) && record.i >= firstExample;
    if (record.bot === 0 && record.nf <= MAX_FILES && (isRanked || isExample)) {
      const candidates = history.candidates(change);
      if (isRanked) {
        if (sinceFit >= REFIT_EVERY) {
          weights = learnReviewWeights(examples);
          sinceFit = 0;
        }
        sinceFit += 1;
        const load = loadAt(firsts, record.t);
        const ranked = rankReviewers(candidates, { weights, now: record.t, load });
        const rank = ranked.slice(0, MAX_RANK).map(({ person }) => person);
        answers.push({ i: record.i, rank });
        if (rank[0] !== undefined) firsts.push({ at: record.t, person: rank[0] });
      }
      if (isExample) examples.push({ candidates, reviewers: record.rv ?? [] });
      if (examples.length > MAX_EXAMPLES) examples.shift();
    }
    history.land({ ...change, reviewers: record.rv ?? [] });
  }
  return answers;
}

function isCounted({ rv, bot, nf }: ReviewRecord): boolean {
  return rv !== undefined && rv.length > 0 && bot === 0 && nf <= MAX_FILES;
}

function loadAt(
  firsts: { at: number; person: string }[],
  now: number,
): ReadonlyMap<string, number> {
  const load = new Map<string, number>();
  for (let k = firsts.length - 1; k >= 0 && now - firsts[k]!.at < LOAD_DAYS * DAY_SECONDS; k -= 1)
    load.set(firsts[k]!.person, (load.get(firsts[k]!.person) ?? 0) + 1);
  return load;
}
