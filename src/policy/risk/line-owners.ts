/**
 * Who wrote every line of production code: one pass forward over history, no blame. Fed with the hunks
 * of each change against its first parent, it tells what the change did to code, and whose lines it
 * deleted; the owners of lines that a fix deletes are the changes that brought the defect.
 */
import type { Hunk } from '#git';
import type { CodeCounts, ContentCounts } from './change.ts';
import { createContentCounter } from './content.ts';
import { isControlLine, isTrivialLine, kindOf } from './source-lines.ts';

export interface CodeEffect {
  counts: CodeCounts;
  content: ContentCounts;
  /** Deleted lines of code by the index of the change that wrote them. */
  deletedOf: ReadonlyMap<number, number>;
}

/** Shorter texts, such as a lone `});`, are too common to follow. */
const MIN_FOLLOWED = 4;

export interface LineChange {
  hunks: readonly Hunk[];
  renames: readonly { from: string; to: string }[];
  deletedPaths: readonly string[];
}

export interface LineOwners {
  /** What a change does to the code as it stands; nothing is remembered. */
  measure(change: LineChange): CodeEffect;
  /** The same, and the lines it adds are its own from now on. */
  land(index: number, change: LineChange): CodeEffect;
  /** A file that stands where reading begins: all of its lines have this one owner. */
  seed(index: number, path: string, lineCount: number): void;
}

export function createLineOwners(): LineOwners {
  const owners = new Map<string, readonly number[]>();

  /** The effect, and the owners of every file after it. */
  function follow(index: number, { hunks, renames }: LineChange) {
    const counts: CodeCounts = {
      hunks: 0,
      addedLines: 0,
      addedControlLines: 0,
      whitespaceLines: 0,
      files: 0,
      linesBefore: 0,
    };
    const deletedOf = new Map<number, number>();
    const oldPath = new Map(renames.map(({ from, to }) => [to, from] as const));
    const linesOf = (path: string) => owners.get(oldPath.get(path) ?? path) ?? [];
    const after = new Map<string, readonly number[]>(
      renames.map(({ to }) => [to, linesOf(to)] as const),
    );
    const ofSource = hunks.filter(({ path }) => kindOf(path) === 'source');
    const content = createContentCounter();
    for (const hunk of ofSource) content.add(hunk);
    for (const [path, own] of Map.groupBy(ofSource, ({ path: each }) => each)) {
      const lines = linesOf(path);
      counts.files += 1;
      counts.linesBefore += lines.length;
      after.set(path, applyHunks(lines, own, index, counts, deletedOf));
    }
    return { effect: { counts, content: content.counts(), deletedOf }, after };
  }

  return {
    measure: (change) => follow(-1, change).effect,
    land(index, change) {
      const { effect, after } = follow(index, change);
      for (const { from } of change.renames) owners.delete(from);
      for (const [path, lines] of after) owners.set(path, lines);
      for (const path of change.deletedPaths) owners.delete(path);
      return effect;
    },
    seed(index, path, lineCount) {
      owners.set(
        path,
        Array.from({ length: lineCount }, () => index),
      );
    },
  };
}

function applyHunks(
  before: readonly number[],
  hunks: readonly Hunk[],
  index: number,
  counts: CodeCounts,
  deletedOf: Map<number, number>,
): number[] {
  const after: number[] = [];
  let taken = 0;
  for (const hunk of hunks) {
    counts.hunks += 1;
    const start = hunk.oldCount === 0 ? hunk.oldStart : hunk.oldStart - 1;
    for (; taken < Math.min(start, before.length); taken += 1) after.push(before[taken]!);
    const removed = hunk.removed ?? [];
    const added = hunk.added ?? [];
    const kept = followWhitespace(removed, added, before.slice(taken, taken + removed.length));
    countRemoved(removed, before, taken, kept.texts, counts, deletedOf);
    for (const [place, line] of added.entries()) {
      after.push(kept.owners[place] ?? index);
      if (isTrivialLine(line)) continue;
      counts.addedLines += 1;
      if (isControlLine(line)) counts.addedControlLines += 1;
    }
    taken += hunk.oldCount;
  }
  for (; taken < before.length; taken += 1) after.push(before[taken]!);
  return after;
}

const bare = (line: string) => line.replaceAll(/\s+/g, '');

/** A line whose white space alone changed keeps its owner. */
function followWhitespace(
  removed: readonly string[],
  added: readonly string[],
  owners: readonly number[],
): { owners: (number | undefined)[]; texts: ReadonlySet<string> } {
  const waiting = new Map<string, number[]>();
  for (const [place, line] of removed.entries()) {
    const text = bare(line);
    const owner = owners[place];
    if (text.length < MIN_FOLLOWED || owner === undefined) continue;
    waiting.set(text, [...(waiting.get(text) ?? []), owner]);
  }
  const texts = new Set<string>();
  const kept = added.map((line) => {
    const text = bare(line);
    const owner = waiting.get(text)?.shift();
    if (owner !== undefined) texts.add(text);
    return owner;
  });
  return { owners: kept, texts };
}

function countRemoved(
  removed: readonly string[],
  before: readonly number[],
  from: number,
  kept: ReadonlySet<string>,
  counts: CodeCounts,
  deletedOf: Map<number, number>,
): void {
  for (const [place, line] of removed.entries()) {
    if (isTrivialLine(line)) continue;
    if (kept.has(bare(line))) {
      counts.whitespaceLines += 1;
      continue;
    }
    const owner = before[from + place];
    if (owner !== undefined) deletedOf.set(owner, (deletedOf.get(owner) ?? 0) + 1);
  }
}
