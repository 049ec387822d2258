/** What a denied session is told. Pure: values in, words out. */
import { asLine } from '#context';
import type { ClaimAnswer } from '../service.ts';

type Denied = Extract<ClaimAnswer, { outcome: 'denied' }>;
export type Conflict = Denied['conflicts'][number];

const SHOWN_PATHS = 5;

/** One sentence per holder, then the ways on. */
export function explainDenial(conflicts: readonly Conflict[], now: Date): Denied {
  const holders = Map.groupBy(conflicts, ({ heldBy }) => heldBy.sessionId);
  const sentences = [...holders.values()].map((group) => {
    const { heldBy } = group[0]!;
    const operator = heldBy.operator === null ? '' : `, run by ${quotable(heldBy.operator)}`;
    const intent = heldBy.intent === '' ? '' : ` for "${quotable(heldBy.intent)}"`;
    return (
      `${listPaths(group)} ${group.length === 1 ? 'is' : 'are'} held by ${quotable(heldBy.agent)} (session ` +
      `${heldBy.sessionId}${operator})${intent} since ${clockTime(heldBy.since)} ` +
      `until ${clockTime(heldBy.until)} UTC or longer while it works.`
    );
  });
  const choices = choicesFor(conflicts, now);
  return {
    outcome: 'denied',
    message: `${sentences.join(' ')} Nothing was changed. You can: ${choices.join('; ')}.`,
    conflicts: [...conflicts],
    choices,
  };
}

function choicesFor(conflicts: readonly Conflict[], now: Date): string[] {
  const until = Math.max(...conflicts.map(({ heldBy }) => heldBy.until.getTime()));
  const minutes = Math.max(1, Math.ceil((until - now.getTime()) / 60_000));
  return [
    'go on elsewhere: work on files nobody holds first',
    `wait: try again when the holder is done, at the latest in ${minutes} min if it falls silent`,
    'split: leave your part of the shared file to the holder and say so to your operator',
    'hand over: ask the operator of the other session to end or release it',
    'stop: if both sessions do the same work, end this one',
  ];
}

function listPaths(group: readonly Conflict[]): string {
  const paths = [...new Set(group.map(({ path }) => path))];
  const more = paths.length - SHOWN_PATHS;
  const shown = paths.slice(0, SHOWN_PATHS).map(asLine).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** Words of others reach an agent in this sentence: they stay in their quotes, and stay short. */
function quotable(text: string): string {
  return asLine(text).replaceAll('"', "'").slice(0, 120);
}

function clockTime(at: Date): string {
  return at.toISOString().slice(11, 16);
}
