/** What a denied session is told. Pure: values in, words out. */
import { asLine } from '#context';
import type { ClaimAnswer } from '../service.ts';

type Denied = Extract<ClaimAnswer, { outcome: 'denied' }>;
export type Conflict = Denied['conflicts'][number];

const SHOWN_PATHS = 5;

export interface DenialContext {
  /** The database's time. */
  now: Date;
  /** The session that is denied, for the commands it is told. */
  sessionId: string;
  /** Classes of files that are never shared, as far as the conflict is about such. */
  classes?: readonly string[] | undefined;
  /** Targets the session held itself until its lease ended and the holder took over. */
  lost?: readonly { target: string; endedAt: Date }[] | undefined;
}

/** One sentence per holder, then the ways on. */
export function explainDenial(conflicts: readonly Conflict[], context: DenialContext): Denied {
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
  const choices = choicesFor(conflicts, context);
  return {
    outcome: 'denied',
    message: [
      ...sentences,
      ...lossOf(context),
      ...classesOf(context),
      'Nothing was changed. You can go on elsewhere, rebase onto the other work, split, wait, hand over, or stop.',
    ].join(' '),
    conflicts: [...conflicts],
    choices: choices.map(({ text, command }) => `${text} (${command})`),
  };
}

/** Each way on: one call of the tool `claim`, or one command. */
function choicesFor(
  conflicts: readonly Conflict[],
  { now, sessionId }: DenialContext,
): { text: string; command: string }[] {
  const until = Math.max(...conflicts.map(({ heldBy }) => heldBy.until.getTime()));
  const minutes = Math.max(1, Math.ceil((until - now.getTime()) / 60_000));
  const targets = [...new Set(conflicts.map(({ path }) => path))];
  const shown = targets.slice(0, SHOWN_PATHS).map(shellWord).join(' ');
  const holder = conflicts[0]!.heldBy;
  const branch = holder.branch === null ? '' : ` (branch ${quotable(holder.branch)})`;
  const way = (choice: string) =>
    `claim action=${choice}, or \`loom claims ${choice} ${sessionId} ${shown}\``;
  return [
    { text: 'go on elsewhere: work on files nobody holds first', command: way('go-on') },
    {
      text: `rebase onto the holder's work${branch} once it is pushed, and build on it`,
      command: way('rebase'),
    },
    {
      text: 'split: leave your part of it to the holder as a task',
      command: way('split'),
    },
    {
      text: `wait: you are told when it is free, at the latest in ${minutes} min if the holder falls silent`,
      command: way('wait'),
    },
    { text: 'hand over: ask the holder to give it to you', command: way('hand-over') },
    {
      text: 'stop: if both sessions do the same work, the later one ends and its notes go to the earlier',
      command: way('stop'),
    },
  ];
}

/** Told plainly: work made under a lease that is over is not lost, but it does not pass. */
function lossOf({ lost = [] }: DenialContext): string[] {
  if (lost.length === 0) return [];
  const named = lost.slice(0, SHOWN_PATHS).map(({ target }) => asLine(target));
  return [
    `You held ${named.join(', ')} yourself until your lease ended at ${clockTime(lost[0]!.endedAt)} UTC; the holder took over since. What you wrote stays on your branch, and passes no gate until you hold it again.`,
  ];
}

function classesOf({ classes = [] }: DenialContext): string[] {
  return classes.length === 0
    ? []
    : [`Of ${classes.join(' and ')} only one session changes each at a time.`];
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

/** A path that a shell reads as one word, on one line. */
export function shellWord(path: string): string {
  const line = asLine(path);
  return /^[\w@%+=:,./-]+$/.test(line) ? line : `'${line.replaceAll("'", `'\\''`)}'`;
}

function clockTime(at: Date): string {
  return at.toISOString().slice(11, 16);
}
