/** The figures of the X-ray that need only a list of commits. Pure: values in, values out. */
import type { CommitWithFiles } from '#git';
import { isRobot } from './agents.ts';
import type { XrayReport } from './schema.ts';

/** Commits listed behind one figure. */
const MAX_LISTED = 50;
const MAX_ROWS = 25;
/** Fewer changes say nothing about who owns a file. */
const MIN_CHANGES_FOR_OWNERSHIP = 3;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function linesOf(commit: CommitWithFiles): { addedLines: number; deletedLines: number } {
  let addedLines = 0;
  let deletedLines = 0;
  for (const file of commit.files) {
    addedLines += file.addedLines ?? 0;
    deletedLines += file.deletedLines ?? 0;
  }
  return { addedLines, deletedLines };
}

/** One row per week from the first to the last, empty weeks included. */
export function changesOverTime(
  changes: readonly CommitWithFiles[],
  hasAgent: (sha: string) => boolean,
  range: { since: Date; until: Date },
): XrayReport['changesOverTime'] {
  const rows = new Map<number, XrayReport['changesOverTime'][number]>();
  for (let week = mondayOf(range.since); week <= range.until.getTime(); week += 7 * DAY_MS) {
    rows.set(week, {
      week: new Date(week),
      changes: 0,
      addedLines: 0,
      deletedLines: 0,
      aiChanges: 0,
    });
  }
  for (const change of changes) {
    const row = rows.get(mondayOf(change.committedAt));
    if (row === undefined) continue;
    const { addedLines, deletedLines } = linesOf(change);
    row.changes += 1;
    row.addedLines += addedLines;
    row.deletedLines += deletedLines;
    row.aiChanges += hasAgent(change.sha) ? 1 : 0;
  }
  return [...rows.values()];
}

function mondayOf(at: Date): number {
  const day = Math.floor(at.getTime() / DAY_MS);
  // Day 0 of the epoch was a Thursday, so Mondays are the days with (day + 3) divisible by 7.
  return (day - ((day + 3) % 7)) * DAY_MS;
}

interface FileHistory {
  path: string;
  commits: CommitWithFiles[];
  linesByAuthor: Map<string, number>;
  addedLines: number;
  deletedLines: number;
}

/** Commits per file, under the name it has now; newest commit first in, as git tells them. */
export function fileHistories(commits: readonly CommitWithFiles[]): FileHistory[] {
  const histories = new Map<string, FileHistory>();
  const nameNow = new Map<string, string>();
  for (const commit of commits) {
    if (isRobot(commit)) continue;
    for (const file of commit.files) {
      const path = nameNow.get(file.path) ?? file.path;
      if (file.oldPath !== undefined && file.status === 'renamed') nameNow.set(file.oldPath, path);
      const history = histories.get(path) ?? {
        path,
        commits: [],
        linesByAuthor: new Map<string, number>(),
        addedLines: 0,
        deletedLines: 0,
      };
      histories.set(path, history);
      const added = file.addedLines ?? 0;
      const deleted = file.deletedLines ?? 0;
      history.commits.push(commit);
      history.addedLines += added;
      history.deletedLines += deleted;
      const author = commit.author.email.toLowerCase();
      history.linesByAuthor.set(author, (history.linesByAuthor.get(author) ?? 0) + added + deleted);
    }
  }
  return [...histories.values()];
}

export function hotFiles(histories: readonly FileHistory[]): XrayReport['hotFiles'] {
  return [...histories]
    .sort((a, b) => b.commits.length - a.commits.length || (a.path < b.path ? -1 : 1))
    .slice(0, MAX_ROWS)
    .map((history) => ({
      path: history.path,
      changes: history.commits.length,
      authors: history.linesByAuthor.size,
      addedLines: history.addedLines,
      deletedLines: history.deletedLines,
      commits: listed(history.commits),
    }));
}

export function ownership(
  histories: readonly FileHistory[],
  nameOf: (email: string) => string,
): XrayReport['ownership'] {
  const judged = histories
    .filter(({ commits }) => commits.length >= MIN_CHANGES_FOR_OWNERSHIP)
    .map((history) => {
      const total = [...history.linesByAuthor.values()].reduce((sum, lines) => sum + lines, 0);
      const [author, lines] = [...history.linesByAuthor].sort((a, b) => b[1] - a[1])[0]!;
      return { history, author, share: total === 0 ? 1 : lines / total };
    });
  const single = judged.filter(({ history }) => history.linesByAuthor.size === 1);
  return {
    concentration: round(mean(judged.map(({ share }) => share))),
    singleOwnerShare: round(judged.length === 0 ? 0 : single.length / judged.length),
    files: judged
      .sort((a, b) => b.share * b.history.commits.length - a.share * a.history.commits.length)
      .slice(0, MAX_ROWS)
      .map(({ history, author, share }) => ({
        path: history.path,
        topAuthor: nameOf(author),
        share: round(share),
        commits: listed(history.commits),
      })),
  };
}

/** How long finished branches waited: last commit of the branch to the merge that landed it. */
export function waits(
  changes: readonly CommitWithFiles[],
  committedAt: (sha: string) => Date | undefined,
): XrayReport['waits'] {
  const sample = changes.flatMap((change) => {
    const tip = change.parents[1] === undefined ? undefined : committedAt(change.parents[1]);
    if (tip === undefined) return [];
    return [{ change, hours: Math.max(0, change.committedAt.getTime() - tip.getTime()) / HOUR_MS }];
  });
  const hours = sample.map((row) => row.hours).sort((a, b) => a - b);
  const longest = [...sample].sort((a, b) => b.hours - a.hours).map(({ change }) => change);
  return {
    isKnown: sample.length > 0,
    medianHours: quantile(hours, 0.5),
    p90Hours: quantile(hours, 0.9),
    sample: sample.length,
    commits: listed(longest),
  };
}

const SIZES: readonly [string, number][] = [
  ['1-10 lines', 10],
  ['11-50', 50],
  ['51-200', 200],
  ['201-500', 500],
  ['over 500', Number.POSITIVE_INFINITY],
];

export function sizes(changes: readonly CommitWithFiles[]): XrayReport['sizes'] {
  return intoBuckets(changes, SIZES, (change) => {
    const { addedLines, deletedLines } = linesOf(change);
    return addedLines + deletedLines;
  });
}

const RISKS: readonly [string, number][] = [
  ['0-20', 20],
  ['21-40', 40],
  ['41-60', 60],
  ['61-80', 80],
  ['81-100', 100],
];

export function riskBuckets(
  changes: readonly CommitWithFiles[],
  scoreOf: (change: CommitWithFiles) => number,
): XrayReport['risk']['buckets'] {
  return intoBuckets(changes, RISKS, scoreOf);
}

function intoBuckets(
  changes: readonly CommitWithFiles[],
  limits: readonly [string, number][],
  measure: (change: CommitWithFiles) => number,
): { bucket: string; changes: number; commits: string[] }[] {
  const groups = limits.map(([bucket, limit]) => ({
    bucket,
    limit,
    found: [] as CommitWithFiles[],
  }));
  for (const change of changes) {
    const value = measure(change);
    groups.find(({ limit }) => value <= limit)?.found.push(change);
  }
  return groups.map(({ bucket, found }) => ({
    bucket,
    changes: found.length,
    commits: listed(found),
  }));
}

export function listed(commits: readonly { sha: string }[]): string[] {
  return commits.slice(0, MAX_LISTED).map(({ sha }) => sha);
}

/** Linear interpolation between the two nearest ranks; null for an empty sample. */
export function quantile(sorted: readonly number[], q: number): number | null {
  if (sorted.length === 0) return null;
  const place = (sorted.length - 1) * q;
  const below = sorted[Math.floor(place)]!;
  const above = sorted[Math.ceil(place)]!;
  return round(below + (above - below) * (place - Math.floor(place)));
}

export function round(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
