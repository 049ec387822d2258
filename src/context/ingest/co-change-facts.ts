/**
 * Which files change together, by history. A file says of itself what goes with it: when it changes, how
 * often the other one does too. Pure, and a function of history alone: the clock has no part in it, so a
 * fresh import says the same as many pushes.
 */
import { createBreather } from '#kernel';
import type { Draft, RepositoryView, ViewedFile } from './repository-view.ts';

/** Changes of more files say little about any two of them. */
export const WIDE_CHANGE = 30;
/** So many of a file's newest changes are looked at: what went together years ago is over. */
export const MAX_CHANGES = 100;
const MIN_TOGETHER = 3;
/** Of the changes to a file, counted with two more that had nothing to do with the other one. */
const MIN_CONFIDENCE = 0.3;
const MAX_COMPANIONS = 5;

/** Narrow changes made by people: the files of each by its position. */
export type NarrowChanges = ReadonlyMap<number, readonly number[]>;

export interface Companion {
  number: number;
  together: number;
  of: number;
  /** Position of the newest change of both. */
  lastPosition: number;
  /** 0 to 1, in tenths: a change more does not make another fact of it. */
  confidence: number;
}

/**
 * The files that go with one, the surest first.
 * @param positions Of the file's changes, oldest first.
 */
export function companionsOf(
  number: number,
  positions: readonly number[],
  changes: NarrowChanges,
  isAlive: (number: number) => boolean,
): Companion[] {
  const own = positions.slice(-MAX_CHANGES);
  if (own.length < MIN_TOGETHER) return [];
  const together = new Map<number, { count: number; last: number }>();
  for (const position of own) {
    for (const other of changes.get(position) ?? []) {
      if (other === number) continue;
      const known = together.get(other);
      if (known === undefined) together.set(other, { count: 1, last: position });
      else {
        known.count += 1;
        known.last = position;
      }
    }
  }
  const companions: Companion[] = [];
  for (const [other, { count, last }] of together) {
    const share = count / (own.length + 2);
    if (count < MIN_TOGETHER || share < MIN_CONFIDENCE || !isAlive(other)) continue;
    companions.push({
      number: other,
      together: count,
      of: own.length,
      lastPosition: last,
      confidence: Math.floor(share * 10) / 10,
    });
  }
  return companions
    .toSorted(
      (a, b) => b.together - a.together || b.lastPosition - a.lastPosition || a.number - b.number,
    )
    .slice(0, MAX_COMPANIONS);
}

/** Drafts of the files asked for; none for a file that goes alone. */
export async function coChangeDrafts(
  view: RepositoryView,
  wanted: readonly ViewedFile[],
  changes: NarrowChanges,
): Promise<Draft[]> {
  const breathe = createBreather();
  const byNumber = new Map([...view.files.values()].map((file) => [file.number, file]));
  const positionsOf = new Map<number, number[]>(wanted.map(({ number }) => [number, []]));
  for (const position of [...changes.keys()].sort((a, b) => a - b)) {
    for (const number of changes.get(position)!) positionsOf.get(number)?.push(position);
    await breathe();
  }
  const drafts: Draft[] = [];
  for (const file of wanted) {
    await breathe();
    const companions = companionsOf(
      file.number,
      positionsOf.get(file.number) ?? [],
      changes,
      (it) => byNumber.has(it),
    );
    if (companions.length === 0) continue;
    drafts.push({
      object: coChangeObject(file),
      extractor: 'co-change',
      extractorVersion: 1,
      revision: view.shaAt(file.position),
      position: file.position,
      facts: companions.map((one) => ({
        kind: 'co_changed',
        from: file.ref,
        to: byNumber.get(one.number)!.ref,
        method: 'derived',
        confidence: one.confidence,
        evidence: {
          path: file.path,
          history: {
            changes: one.together,
            of: one.of,
            lastAt: view.timeAt(one.lastPosition).toISOString(),
            lastCommit: view.shaAt(one.lastPosition),
          },
        },
      })),
    });
  }
  return drafts;
}

const PREFIX = 'co-change:';
export const coChangeObject = (file: ViewedFile): string => `${PREFIX}${file.ref.key}`;

/** Generated files follow others; nobody asks what follows them. */
export const hasCompanions = (file: ViewedFile): boolean => file.class !== 'generated';

/**
 * Whether what a file said before still holds, because nothing that bears on it changed.
 * @param renewed Objects that are drafted again.
 */
export function standingCoChanges(
  view: RepositoryView,
  renewed: ReadonlySet<string>,
): (object: string) => boolean {
  const alive = new Set([...view.files.values()].filter(hasCompanions).map(coChangeObject));
  return (object) => object.startsWith(PREFIX) && alive.has(object) && !renewed.has(object);
}
