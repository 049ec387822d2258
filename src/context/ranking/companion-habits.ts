/** How files go together beyond the single pair: by folder, kind, name, and over all given files at once. */
import { baseOf, type ChangeHistory, folderOf, WIDE_CHANGE } from './change-history.ts';
import { decay } from './scores.ts';
import type { Snapshot } from './snapshot.ts';
import type { Scores } from './text-field.ts';

const RECENT_CHANGES = 800;
const CHANGES_PER_FOLDER = 100;
const CHANGES_PER_FILE = 120;
const CHANGES_NEARBY = 400;
const LATEST_CHANGES = 4;

/** Shares, 0..1, of past changes like this one that also touched a file such as the path. */
export interface Habits {
  folder: (path: string) => number;
  ending: (path: string) => number;
  baseName: (path: string) => number;
  area: (path: string) => number;
}

export function habitsOf(snapshot: Snapshot, given: readonly string[]): Habits {
  const { history } = snapshot;
  const recent = Array.from(
    { length: Math.min(RECENT_CHANGES, history.size) },
    (_, back) => history.size - 1 - back,
  );
  const ofFolders = new Set(
    [...new Set(given.map(folderOf))].flatMap((folder) =>
      (history.folderTouches.get(folder) ?? []).slice(-CHANGES_PER_FOLDER),
    ),
  );
  return {
    folder: shareOf(history, ofFolders, given, folderOf),
    ending: shareOf(history, recent, given, (path) => snapshot.kindOf(path)),
    baseName: shareOf(history, ofFolders, given, baseOf),
    area: shareOf(history, recent, given, areaOf),
  };
}

/** Of the changes that touched a key of the given files, the share that also touched the key of a path. */
function shareOf(
  history: ChangeHistory,
  positions: Iterable<number>,
  given: readonly string[],
  keyOf: (path: string) => string,
): (path: string) => number {
  const givenKeys = new Set(given.map(keyOf));
  const counts = new Map<string, number>();
  let total = 0;
  for (const position of positions) {
    const group = history.filesOf[position]!;
    if (group.length === 0 || group.length > WIDE_CHANGE) continue;
    const keys = new Map<string, number>();
    for (const file of group) {
      const key = keyOf(history.paths[file]!);
      keys.set(key, (keys.get(key) ?? 0) + 1);
    }
    if (![...givenKeys].some((key) => keys.has(key))) continue;
    total += 1;
    for (const [key, times] of keys) {
      // A key that is given already counts where a second file of it came along.
      if (!givenKeys.has(key) || times > 1) counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return (path) => (counts.get(keyOf(path)) ?? 0) / (total + 3);
}

/** The two outermost parts: a package or service in most trees. */
function areaOf(path: string): string {
  const first = path.indexOf('/');
  const second = first === -1 ? -1 : path.indexOf('/', first + 1);
  return second === -1 ? path : path.slice(0, second);
}

/** What the given files say of another one together, each of them with a voice of its own. */
export interface Voices {
  /** 1 less the product of what each given file leaves open: one sure companion is enough. */
  either: Scores;
  cosine: Scores;
  /** 1, 1/2, 1/3, 1/4 for what was in one of the last four changes of a given file. */
  latest: Scores;
  /** The share of the given files it ever changed with. */
  covered: Float64Array;
}

export function hearEach(snapshot: Snapshot, files: readonly number[], now: number): Voices {
  const { history, size } = snapshot;
  const open = new Float64Array(size).fill(1);
  const cosine = new Float64Array(size);
  const latest = new Float64Array(size);
  const covered = new Float64Array(size);
  for (const file of files) {
    const together = new Map<number, number>();
    let total = 0;
    let back = 1;
    for (const position of history.touches[file]!.slice(-CHANGES_PER_FILE).toReversed()) {
      const group = history.filesOf[position]!;
      if (group.length > WIDE_CHANGE) continue;
      const weight = decay(now - history.times[position]!, 500);
      const share = weight / Math.sqrt(Math.log2(1 + group.length));
      total += weight;
      for (const other of group) {
        if (other === file) continue;
        together.set(other, (together.get(other) ?? 0) + share);
        if (back <= LATEST_CHANGES) latest[other] = Math.max(latest[other]!, 1 / back);
      }
      back += 1;
    }
    for (const [other, weight] of together) {
      open[other]! *= 1 - Math.min(0.98, weight / (total + 1));
      cosine[other]! += weight / Math.sqrt((total + 1) * (history.touches[other]!.length + 2));
      covered[other]! += 1 / files.length;
    }
  }
  return { either: open.map((it) => 1 - it), cosine, latest, covered };
}

/** How often files of the same areas changed in the last weeks. */
export function activityNearby(snapshot: Snapshot, given: readonly string[], now: number): Scores {
  const { history } = snapshot;
  const scores = new Float64Array(snapshot.size);
  const areas = new Set(given.map(areaOf));
  for (let at = Math.max(0, history.size - CHANGES_NEARBY); at < history.size; at += 1) {
    const group = history.filesOf[at]!;
    if (group.length > WIDE_CHANGE) continue;
    const weight = decay(now - history.times[at]!, 30);
    for (const file of group) if (areas.has(areaOf(history.paths[file]!))) scores[file]! += weight;
  }
  return scores;
}

/** Of the last thirty changes of a file, the share that touched nothing else, and their width in doublings. */
export function usualWidth(history: ChangeHistory, file: number): { alone: number; width: number } {
  const positions = history.touches[file]!.slice(-30);
  let alone = 0;
  let width = 0;
  for (const position of positions) {
    const count = history.filesOf[position]!.length;
    if (count <= 1) alone += 1;
    width += Math.log2(count);
  }
  return { alone: alone / (positions.length + 1), width: width / (positions.length + 1) };
}

/** Paths that stand to a given one as `docs/fr/route.md` to `docs/en/route.md`: one folder is another. */
export class Twins {
  readonly #given: readonly (readonly string[])[];
  /** Folders by which given paths differ from each other. */
  readonly #seen = new Set<string>();

  constructor(given: readonly string[]) {
    this.#given = given.map((path) => path.split('/'));
    for (const a of this.#given) {
      for (const b of this.#given) {
        const at = onlyDifference(a, b);
        if (at !== undefined) this.#seen.add(`${a[at]}>${b[at]}`);
      }
    }
  }

  /** How many given paths it is a twin of; and whether it differs from one as given ones from each other. */
  of(path: string): { count: number; isSeen: boolean } {
    const parts = path.split('/');
    let count = 0;
    let isSeen = false;
    for (const other of this.#given) {
      const at = onlyDifference(other, parts);
      if (at === undefined || at === parts.length - 1) continue;
      count += 1;
      if (this.#seen.has(`${other[at]}>${parts[at]}`)) isSeen = true;
    }
    return { count, isSeen };
  }
}

function onlyDifference(a: readonly string[], b: readonly string[]): number | undefined {
  if (a.length !== b.length) return undefined;
  let found: number | undefined;
  for (let at = 0; at < a.length; at += 1) {
    if (a[at] === b[at]) continue;
    if (found !== undefined) return undefined;
    found = at;
  }
  return found;
}
