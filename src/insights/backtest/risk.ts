/**
 * Replays a repository's history to the risk model, event by event, as `loom backtest risk --stdio`
 * speaks it. The learner is the one that judges changes in the product; nothing is kept afterwards.
 */
import { z } from 'zod';
import { AppError } from '#kernel';
import { createRiskLearner, loadRiskModel, type RiskLearner } from '#policy';
import { ChangeRecord, toRiskChange } from './records.ts';

const ReplayEvent = z.discriminatedUnion('e', [
  z.object({ e: z.literal('repo'), repo: z.string() }),
  z.object({ e: z.literal('bug'), i: z.int().nonnegative(), at: z.number() }),
  ChangeRecord.extend({ e: z.literal('change'), ask: z.boolean(), code: z.boolean() }),
  z.object({ e: z.literal('end') }),
]);

/** Declared bounds in percent; a change ships alone at its own and every larger one. */
const BOUND_PERCENTS = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50];
const NEVER = 100;

/**
 * Answers every question on the lines before it reads on, so nothing from the future can be seen.
 * @param lines JSON lines: repo, bug, change, end.
 * @param answer called with one JSON line per question.
 * @throws AppError `backtest.bad_event` with the number of the line.
 */
export async function replayRisk(
  lines: AsyncIterable<string>,
  answer: (line: string) => void,
): Promise<void> {
  let learner: RiskLearner | undefined;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line.trim() === '') continue;
    const event = readEvent(line, number);
    if (event.e === 'end') return;
    if (event.e === 'repo') {
      learner = start(event.repo);
      continue;
    }
    learner ??= start();
    if (event.e === 'bug') {
      learner.defect(event.i, event.at);
      continue;
    }
    const change = toRiskChange(event, event.code || event.ask);
    if (event.ask) {
      learner.recalibrate(change.landedAt);
      const score = learner.score(change);
      const bound = learner.declare(change, score);
      answer(
        JSON.stringify({
          i: event.i,
          p: Number(score.probability.toFixed(6)),
          minX: Number.isFinite(bound) ? Math.round(bound * 100) : NEVER,
        }),
      );
    }
    learner.land(change);
  }
}

function start(repository?: string): RiskLearner {
  return createRiskLearner({
    model: loadRiskModel(repository),
    bounds: BOUND_PERCENTS.map((percent) => percent / 100),
  });
}

function readEvent(line: string, number: number): z.infer<typeof ReplayEvent> {
  try {
    return ReplayEvent.parse(JSON.parse(line));
  } catch (cause) {
    throw new AppError('invalid', 'backtest.bad_event', {
      message: `Line ${number} is not an event of a replay.`,
      hint: 'Each line is one JSON object whose e is repo, bug, change or end.',
      cause,
    });
  }
}
