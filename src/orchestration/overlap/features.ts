/** What speaks for and against an overlap, as numbers: one function per question. Pure. */
import { classifyFile } from '#context';
import type { AlignedFile, LineEvidence } from './line-ranges.ts';
import type { MainLine } from './main-line.ts';
import type { Features } from './models.ts';
import {
  chancesCosine,
  expectedShared,
  type FileChances,
  filesOfIntent,
  filesOfPrefix,
  folderChances,
} from './predict-files.ts';
import type { Intent } from './terms.ts';
import { compareWordings, type Rarity, type Wording, wordingOf } from './text-similarity.ts';

const DAY = 86_400;

/** How rare terms are among the first changes of a main line. */
export function rarityAmong(line: MainLine, seen: number): Rarity {
  return (term) => Math.max(0, Math.log((seen + 1) / (line.documentFrequency(term, seen) + 0.5)));
}

/** Both diffs are known: how near they come, and whether it may be the very same edit. */
export function lineFeatures(
  evidence: LineEvidence,
  aligned: Readonly<Record<string, AlignedFile>>,
): Features {
  const { nearest, nearPairs, samePairs, insertPairs } = evidence;
  const isNear = nearest <= 1;
  let places = 0;
  for (const path of evidence.nearFiles) places += aligned[path]?.a.length ?? 0;
  return {
    closeness: Number.isFinite(nearest) ? 1 / (1 + nearest) : 0,
    overlaps: nearest === 0 ? 1 : 0,
    near: isNear ? 1 : 0,
    nearFiles: Math.log1p(evidence.nearFiles.length),
    nearPairs: Math.log1p(nearPairs),
    overlappingLines: Math.log1p(evidence.overlappingLines),
    nearShare: places === 0 ? 0 : Math.min(1, nearPairs / places),
    sameRanges: nearPairs === 0 ? 0 : samePairs / nearPairs,
    inserts: nearPairs === 0 ? 0 : insertPairs / nearPairs,
    shares: evidence.shared.length > 0 ? 1 : 0,
    unknown: evidence.unknownFiles.length > 0 ? 1 : 0,
    unknownOnly: evidence.unknownFiles.length > 0 && !isNear ? 1 : 0,
    cutOnly: evidence.cutFiles.length > 0 && !isNear ? 1 : 0,
  };
}

/** What is known of a change before its code: where the main line stood and what its words foretell. */
export interface IntentView {
  wording: Wording;
  chances: FileChances;
  text: Intent;
}

export function viewIntent(line: MainLine, text: Intent, seen: number, now: number): IntentView {
  const wording = wordingOf(text);
  const chances = filesOfIntent(line, wording.terms, seen, now, rarityAmong(line, seen));
  return { wording, chances, text };
}

export function intentFeatures(
  line: MainLine,
  a: IntentView,
  b: IntentView,
  seen: number,
): Features {
  const likeness = compareWordings(
    a.wording,
    b.wording,
    rarityAmong(line, seen),
    line.averageLength(seen),
  );
  const handWritten = (path: string) => (classifyFile(path) === 'generated' ? 0 : 1);
  const length = ({ body }: Intent) => Math.log1p(body.length);
  return {
    text: likeness.text,
    title: likeness.title,
    bm25: likeness.bm25,
    rarest: seen === 0 ? 0 : likeness.rarest / Math.log(seen + 1),
    identifiers: Math.log1p(likeness.identifiers),
    references: likeness.references,
    containment: likeness.containment,
    expectedFiles: Math.log(0.001 + expectedShared(a.chances, b.chances, handWritten)),
    filesCosine: chancesCosine(a.chances, b.chances),
    foldersCosine: chancesCosine(folderChances(a.chances), folderChances(b.chances)),
    certainty: Math.log1p(sumOf(a.chances)) + Math.log1p(sumOf(b.chances)),
    length: length(a.text) + length(b.text),
  };
}

/** What is known of a change half-way: its first files, and what usually goes with them. */
export interface PrefixView {
  files: readonly string[];
  known: ReadonlySet<string>;
  wording: Wording;
  chances: FileChances;
  /** Files so far, companions and what the title foretells. */
  foreseen: FileChances;
  seen: number;
  now: number;
}

/** A title alone says less than half of what files say. */
const TITLE_TRUST = 0.5;

export function viewPrefix(
  line: MainLine,
  title: string,
  files: readonly string[],
  seen: number,
): PrefixView {
  const now = line.times[seen - 1] ?? 0;
  const wording = wordingOf({ title, body: '' });
  const chances = filesOfPrefix(line, files, seen, now);
  const foreseen = new Map(chances);
  const told = filesOfIntent(line, wording.terms, seen, now, rarityAmong(line, seen));
  for (const [path, chance] of told)
    foreseen.set(path, 1 - (1 - (foreseen.get(path) ?? 0)) * (1 - TITLE_TRUST * chance));
  return { files, known: new Set(files), wording, chances, foreseen, seen, now };
}

export function prefixFeatures(line: MainLine, a: PrefixView, b: PrefixView): Features {
  const later = a.seen >= b.seen ? a : b;
  const { seen, now } = later;
  const touches = (path: string): number => {
    const file = line.numberOf(path);
    return file === undefined ? 0 : line.touchCount(file, seen);
  };
  const common = a.files.filter((path) => b.known.has(path));
  const rare = sum(common, (path) => 1 / Math.log2(4 + touches(path)));
  const likeness = compareWordings(a.wording, b.wording, rarityAmong(line, seen), TITLE_LENGTH);
  const share = jaccard(a.files, b.files);
  return {
    any: common.length > 0 ? 1 : 0,
    jaccard: share,
    rare,
    recent: Math.log1p(Math.max(0, ...common.map((path) => activity(line, path, seen, now)))),
    expectedCosine: chancesCosine(a.chances, b.chances),
    foreseenCosine: chancesCosine(a.foreseen, b.foreseen),
    rareForeseen: Math.log(
      0.01 + expectedShared(a.foreseen, b.foreseen, (path) => 1 / Math.sqrt(1 + touches(path))),
    ),
    title: likeness.title,
    rarest: seen === 0 ? 0 : likeness.rarest / Math.log(seen + 1),
    size: Math.log1p(a.files.length) + Math.log1p(b.files.length),
    rareAndTitle: rare * likeness.title,
    shareAndTitle: share * likeness.title,
  };
}

const TITLE_LENGTH = 12;
const ACTIVITY = { days: 365, halfLifeDays: 90 };

/** How often a file changed lately. */
function activity(line: MainLine, path: string, seen: number, now: number): number {
  const file = line.numberOf(path);
  if (file === undefined) return 0;
  let total = 0;
  const touches = line.touches[file]!;
  for (let at = touches.length - 1; at >= 0; at -= 1) {
    if (touches[at]! >= seen) continue;
    const age = (now - line.times[touches[at]!]!) / DAY;
    if (age > ACTIVITY.days) break;
    total += 2 ** (-age / ACTIVITY.halfLifeDays);
  }
  return total;
}

/** What files and identifiers of both add to their words. */
export function sameWorkFileFeatures(
  a: { files: readonly string[]; ids: readonly string[] },
  b: { files: readonly string[]; ids: readonly string[] },
): Features {
  const files = jaccard(a.files, b.files);
  const ids = jaccard(a.ids, b.ids);
  return { files, ids, filesAndIds: files * ids };
}

export function jaccard(a: readonly string[], b: readonly string[]): number {
  const [left, right] = [new Set(a), new Set(b)];
  let common = 0;
  for (const value of left) if (right.has(value)) common += 1;
  const all = left.size + right.size - common;
  return all === 0 ? 0 : common / all;
}

function sumOf(chances: FileChances): number {
  return sum([...chances.values()], (chance) => chance);
}

function sum<Value>(values: readonly Value[], of: (value: Value) => number): number {
  return values.reduce((total, value) => total + of(value), 0);
}
