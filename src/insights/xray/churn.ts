/**
 * 14-day churn: a line is born when a change on the first-parent line adds it and dies when a later
 * one deletes or replaces it. Churned lines died within 14 days of their birth; only lines whose 14
 * days have fully passed count, so nothing is censored. Renames carry births along; moves inside a
 * file do not.
 */
import type { CommitWithHunks, Hunk } from '#git';

export const CHURN_DAYS = 14;
const DAY_MS = 86_400_000;

interface Birth {
  sha: string;
  at: number;
}

export interface ChurnTally {
  bornLines: number;
  churnedLines: number;
  /** Changes whose lines churned, most first. */
  bySha: { sha: string; churned: number }[];
}

/** Follows lines through changes given oldest first. Lines from before the first change have no birth. */
export async function tallyChurn(
  changes: AsyncIterable<CommitWithHunks> | Iterable<CommitWithHunks>,
  until: Date,
): Promise<ChurnTally> {
  const files = new Map<string, (Birth | undefined)[]>();
  const churnedBySha = new Map<string, number>();
  let bornLines = 0;
  let churnedLines = 0;
  const isRipe = (birth: Birth) => until.getTime() - birth.at >= CHURN_DAYS * DAY_MS;

  for await (const change of changes) {
    for (const { from, to } of change.renames) {
      const lines = files.get(from);
      if (lines !== undefined) {
        files.delete(from);
        files.set(to, lines);
      }
    }
    const birth: Birth = { sha: change.sha, at: change.committedAt.getTime() };
    // Hunks give places in the old file; from the last to the first, earlier places stay true.
    const hunks = [...change.hunks].sort(
      (a, b) => startOf(b) - startOf(a) || b.oldCount - a.oldCount,
    );
    for (const hunk of hunks) {
      const lines = files.get(hunk.path) ?? [];
      files.set(hunk.path, lines);
      const start = startOf(hunk);
      while (lines.length < start + hunk.oldCount) lines.push(undefined);
      for (const died of lines.slice(start, start + hunk.oldCount)) {
        if (died === undefined || !isRipe(died)) continue;
        if (birth.at - died.at > CHURN_DAYS * DAY_MS) continue;
        churnedLines += 1;
        churnedBySha.set(died.sha, (churnedBySha.get(died.sha) ?? 0) + 1);
      }
      const born = Array.from({ length: hunk.newCount }, () => birth);
      lines.splice(start, hunk.oldCount, ...born);
      if (isRipe(birth)) bornLines += hunk.newCount;
    }
  }
  const bySha = [...churnedBySha]
    .map(([sha, churned]) => ({ sha, churned }))
    .sort((a, b) => b.churned - a.churned);
  return { bornLines, churnedLines, bySha };
}

/** Lines before the hunk. With no old lines git names the line after which the new ones go. */
function startOf(hunk: Hunk): number {
  return hunk.oldCount === 0 ? hunk.oldStart : hunk.oldStart - 1;
}
