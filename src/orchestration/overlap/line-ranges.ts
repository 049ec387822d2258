/** How near two changes come to each other in the files both touch. Pure. */

/** Where lines were touched: start (1-based) and count; count 0 means "inserted after start". */
export type LineRange = readonly [start: number, count: number];

/** The ranges of both sides of one file in one coordinate system. */
export interface AlignedFile {
  a: readonly LineRange[];
  b: readonly LineRange[];
}

/**
 * Unchanged lines between two ranges plus one; 0 where they overlap, 1 where they touch. Git's merge
 * conflicts at 0 and 1, as it wants an unchanged line between two edits (xdiff/xmerge.c).
 */
export function distanceOf([a, aCount]: LineRange, [b, bCount]: LineRange): number {
  const endA = a + Math.max(aCount, 1);
  const endB = b + Math.max(bCount, 1);
  if (a < endB && b < endA) return 0;
  return a >= endB ? a - endB + 1 : b - endA + 1;
}

/** From here on two edits do not conflict, if the ranges are right. */
export const FAR = 2;

/** So many ranges mean that the rest was cut off, in the inputs of a backtest and in our own reading. */
export const MAX_RANGES = 60;

export interface LineEvidence {
  /** Files both touch. */
  shared: string[];
  /** Least distance in any file; infinite when no ranges can be compared. */
  nearest: number;
  nearFiles: string[];
  /** Pairs of ranges that overlap or touch, and how many of these are the very same range. */
  nearPairs: number;
  samePairs: number;
  insertPairs: number;
  overlappingLines: number;
  /** Files both touch whose ranges cannot be compared: renamed, binary, only on one side of the base. */
  unknownFiles: string[];
  /** Files of which only the first ranges are known. */
  cutFiles: string[];
}

/**
 * Compares the ranges of both sides, file by file. A file both touch that has no aligned ranges is
 * unknown: it may conflict anywhere.
 */
export function compareLines(
  shared: readonly string[],
  aligned: Readonly<Record<string, AlignedFile>>,
): LineEvidence {
  const evidence: LineEvidence = {
    shared: [...shared],
    nearest: Number.POSITIVE_INFINITY,
    nearFiles: [],
    nearPairs: 0,
    samePairs: 0,
    insertPairs: 0,
    overlappingLines: 0,
    unknownFiles: [],
    cutFiles: [],
  };
  for (const path of new Set([...shared, ...Object.keys(aligned)])) {
    const file = aligned[path];
    if (file === undefined || file.a.length === 0 || file.b.length === 0) {
      evidence.unknownFiles.push(path);
      continue;
    }
    if (file.a.length >= MAX_RANGES || file.b.length >= MAX_RANGES) evidence.cutFiles.push(path);
    const nearest = compareFile(file, evidence);
    if (nearest < FAR) evidence.nearFiles.push(path);
    if (nearest < evidence.nearest) evidence.nearest = nearest;
  }
  return evidence;
}

/** Both lists in order, so that each range meets only its neighbours on the other side. */
function compareFile({ a, b }: AlignedFile, evidence: LineEvidence): number {
  const left = a.toSorted((x, y) => x[0] - y[0]);
  const right = b.toSorted((x, y) => x[0] - y[0]);
  let nearest = Number.POSITIVE_INFINITY;
  for (const one of left) {
    for (const other of right) {
      const distance = distanceOf(one, other);
      if (distance < nearest) nearest = distance;
      if (distance < FAR) {
        evidence.nearPairs += 1;
        if (one[0] === other[0] && one[1] === other[1]) evidence.samePairs += 1;
        if (one[1] === 0 && other[1] === 0) evidence.insertPairs += 1;
        if (distance === 0) evidence.overlappingLines += overlapOf(one, other);
      }
      if (other[0] > one[0] + Math.max(one[1], 1) + FAR && nearest < Number.POSITIVE_INFINITY)
        break;
    }
  }
  return nearest;
}

function overlapOf([a, aCount]: LineRange, [b, bCount]: LineRange): number {
  return Math.min(a + Math.max(aCount, 1), b + Math.max(bCount, 1)) - Math.max(a, b);
}

/** Whether only a real merge can tell: near each other, or not comparable. */
export function needsMerge(evidence: LineEvidence): boolean {
  return evidence.nearest < FAR || evidence.unknownFiles.length > 0 || evidence.cutFiles.length > 0;
}

/** One touched place of a diff: old and new range. */
export type TouchedPlace = readonly [
  oldStart: number,
  oldCount: number,
  newStart: number,
  newCount: number,
];

/**
 * Whether two diffs name an equal old range with other content behind it. Aligning leaves out what both
 * sides seem to have changed alike, by its shape; the shape can lie.
 */
export function sharesOldRange(a: readonly TouchedPlace[], b: readonly TouchedPlace[]): boolean {
  return a.some(([start, count]) =>
    b.some(([other, otherCount]) => distanceOf([start, count], [other, otherCount]) === 0),
  );
}

/**
 * Moves a line of one revision to where it stands in a later one.
 * @param places what lies between the two revisions, in order
 */
export function shiftLine(line: number, places: readonly TouchedPlace[]): number {
  let shift = 0;
  for (const [oldStart, oldCount, , newCount] of places) {
    const lastOld = oldCount === 0 ? oldStart : oldStart + oldCount - 1;
    if (lastOld >= line) break;
    shift += newCount - oldCount;
  }
  return line + shift;
}
