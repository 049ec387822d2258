/** What the two arms of the trial came to, as a page. Pure. */
import type { ArmResult } from './arm.ts';

export interface Pair {
  without: ArmResult;
  with: ArmResult;
}

interface Row {
  name: string;
  read(arm: ArmResult): number;
  show(value: number): string;
}

const plain = (value: number) => String(Math.round(value));
const seconds = (value: number) => `${(value / 1_000).toFixed(1)} s`;
const sum = (arm: ArmResult, read: (task: ArmResult['tasks'][number]) => number) =>
  arm.tasks.reduce((total, task) => total + read(task), 0);

const ROWS: readonly Row[] = [
  {
    name: '**conflicts that reached a merge**',
    read: (arm) => sum(arm, ({ conflicts }) => conflicts.length),
    show: plain,
  },
  {
    name: 'tasks that met one',
    read: (arm) => arm.tasks.filter(({ conflicts }) => conflicts.length > 0).length,
    show: plain,
  },
  {
    name: 'clean merges with red tests',
    read: (arm) => sum(arm, (task) => task.redMerges),
    show: plain,
  },
  { name: '**lost edits**', read: (arm) => arm.lostEdits.length, show: plain },
  { name: 'pieces of work landed', read: (arm) => arm.landedWork, show: plain },
  { name: 'pieces of work asked for', read: (arm) => arm.allWork, show: plain },
  { name: 'main green at the end', read: (arm) => Number(arm.isMainGreen), show: plain },
  { name: 'edits made', read: (arm) => sum(arm, (task) => task.edits), show: plain },
  { name: 'edits thrown away', read: (arm) => sum(arm, (task) => task.wastedEdits), show: plain },
  {
    name: 'tasks begun by two and edited by both',
    read: (arm) => arm.tasks.filter(({ outcome, edits }) => outcome === 'left' && edits > 0).length,
    show: plain,
  },
  {
    name: 'put aside and taken up again',
    read: (arm) => sum(arm, (task) => task.setAside),
    show: plain,
  },
  { name: '**wall time**', read: (arm) => arm.wallMs, show: seconds },
  { name: 'work of all agents', read: (arm) => sum(arm, (task) => task.tookMs), show: seconds },
  {
    name: 'of it waiting for others',
    read: (arm) => sum(arm, (task) => task.waitedMs),
    show: seconds,
  },
  { name: 'hook calls', read: (arm) => sum(arm, (task) => task.hookCalls), show: plain },
  { name: 'time in hooks', read: (arm) => sum(arm, (task) => task.hookMs), show: seconds },
  { name: 'tool calls', read: (arm) => sum(arm, (task) => task.toolCalls), show: plain },
  { name: 'time in tools', read: (arm) => sum(arm, (task) => task.toolMs), show: seconds },
  {
    name: 'text given to the model, in tokens of four characters',
    read: (arm) => sum(arm, (task) => task.toldCharacters) / 4,
    show: plain,
  },
];

/** Sums over all seeds, both arms side by side. */
export function trialTable(pairs: readonly Pair[]): string {
  const lines = ROWS.map(({ name, read, show }) => {
    const total = (arm: keyof Pair) => pairs.reduce((whole, pair) => whole + read(pair[arm]), 0);
    return `| ${name} | ${show(total('without'))} | ${show(total('with'))} |`;
  });
  return ['| | without | with LoomStack |', '|---|--:|--:|', ...lines].join('\n');
}

/** One line for each seed. */
export function seedTable(pairs: readonly Pair[]): string {
  const conflicts = (arm: ArmResult) => sum(arm, (task) => task.conflicts.length);
  const lines = pairs.map(
    (pair) =>
      `| ${pair.without.seed} | ${conflicts(pair.without)} / ${conflicts(pair.with)} | ${pair.without.lostEdits.length} / ${pair.with.lostEdits.length} | ${pair.without.landedWork} / ${pair.with.landedWork} | ${seconds(pair.without.wallMs)} / ${seconds(pair.with.wallMs)} |`,
  );
  return [
    '| seed | conflicts | lost edits | work landed | wall time |',
    '|--:|--:|--:|--:|--:|',
    ...lines,
  ].join('\n');
}

/** The share of conflicts that did not happen; undefined where there were none without. Pure. */
export function fewerConflicts(pairs: readonly Pair[]): number | undefined {
  const of = (arm: keyof Pair) =>
    pairs.reduce((total, pair) => total + sum(pair[arm], (task) => task.conflicts.length), 0);
  return of('without') === 0 ? undefined : 1 - of('with') / of('without');
}
