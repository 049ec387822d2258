/** Which earlier changes a landed change shows to have been defective: a fix by its lines, a revert by name. */
import { isFixSubject } from './subject.ts';

export interface TracedChange {
  index: number;
  sha: string;
  /** Seconds since the epoch. */
  landedAt: number;
  subject: string;
  body: string;
  productionFiles: number;
  deletedOf: ReadonlyMap<number, number>;
}

export interface Defect {
  /** The change that brought it. */
  index: number;
  foundAt: number;
  kind: 'fix' | 'revert';
}

const HORIZON_SECONDS = 365 * 86_400;
const MAX_FIX_FILES = 12;
const MAX_FIX_LINES = 200;
const MIN_SHARE = 0.2;
const MAX_ORIGINS = 4;
/** A change over so many files wrote none of its lines with care: it is never blamed. */
const MAX_BLAMED_FILES = 80;
const REVERT = /^\W*revert\b|^(\w+: )?revert "|This reverts commit [0-9a-f]{7,40}/im;

export interface DefectTracer {
  /** Told every change in landing order. */
  trace(change: TracedChange): Defect[];
}

export function createDefectTracer(): DefectTracer {
  const landed = new Map<number, { landedAt: number; files: number }>();
  const bySha = new Map<string, number>();
  const byTitle = new Map<string, number>();

  function trace(change: TracedChange): Defect[] {
    const isRevert = REVERT.test(`${change.subject}\n${change.body}`);
    const defects = isRevert ? revertedBy(change) : fixedBy(change);
    landed.set(change.index, { landedAt: change.landedAt, files: change.productionFiles });
    bySha.set(change.sha.slice(0, 12), change.index);
    byTitle.set(titleOf(change.subject), change.index);
    return defects.filter(({ index }) => {
      const origin = landed.get(index);
      return (
        index !== change.index &&
        origin !== undefined &&
        change.landedAt - origin.landedAt <= HORIZON_SECONDS
      );
    });
  }

  function revertedBy({ subject, body, landedAt }: TracedChange): Defect[] {
    const sha = /reverts? commit ([0-9a-f]{12,64})/i.exec(body)?.[1];
    const title = /revert[^"“]*["“](.+?)["”]/i.exec(subject) ?? /^revert:\s*(.+)$/i.exec(subject);
    const index =
      (sha === undefined ? undefined : bySha.get(sha.slice(0, 12))) ??
      (title === null ? undefined : byTitle.get(titleOf(title[1]!)));
    return index === undefined ? [] : [{ index, foundAt: landedAt, kind: 'revert' }];
  }

  function fixedBy(change: TracedChange): Defect[] {
    const { productionFiles, deletedOf, landedAt } = change;
    const lines = [...deletedOf.values()].reduce((sum, each) => sum + each, 0);
    const isTraceable =
      isFixSubject(change.subject) &&
      productionFiles >= 1 &&
      productionFiles <= MAX_FIX_FILES &&
      lines > 0 &&
      lines <= MAX_FIX_LINES;
    if (!isTraceable) return [];
    return [...deletedOf]
      .filter(
        ([index, count]) =>
          count / lines >= MIN_SHARE && (landed.get(index)?.files ?? Infinity) <= MAX_BLAMED_FILES,
      )
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, MAX_ORIGINS)
      .map(([index]) => ({ index, foundAt: landedAt, kind: 'fix' as const }));
  }

  return { trace };
}

/** Hosts append the number of the pull request; a revert quotes the title without it. */
function titleOf(subject: string): string {
  return subject
    .replace(/\s*\(#\d+\)\s*$/, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}
