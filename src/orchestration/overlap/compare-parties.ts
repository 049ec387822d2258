/** Compares one party with its candidates, up the cascade: paths, symbols, lines, a real merge. */
import type { GitRepository } from '#git';
import { maskSecrets } from '../steps/mask-secrets.ts';
import type { CollisionHunk, Finding } from './collision.ts';
import { conflictRegions } from './conflict-text.ts';
import { type AlignedFile, compareLines, type LineRange, needsMerge } from './line-ranges.ts';
import { type MergeSide, testMerges } from './merge-test.ts';
import type { KnownParty } from './parties.ts';

const MAX_PATHS = 50;
const MAX_SYMBOLS = 20;
const MAX_HUNKS = 10;
const MAX_FILE_BYTES = 2_000_000;

export interface Pair {
  a: KnownParty;
  b: KnownParty;
  /** Paths both touch. */
  shared: readonly string[];
  /** Definitions one changes and the other names. */
  symbols: readonly string[];
}

/** Findings of the pairs that overlap at all; of those git merges, at the level the lines gave. */
export async function comparePairs(git: GitRepository, pairs: readonly Pair[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  const toMerge: { pair: Pair; lines: Finding }[] = [];
  for (const pair of pairs) {
    const { a, b, shared, symbols } = pair;
    if (a.side.headSha === null || b.side.headSha === null) {
      findings.push(plainFinding(pair));
      continue;
    }
    if (await isStacked(git, a.side.headSha, b.side.headSha)) continue;
    if (shared.length === 0) {
      if (symbols.length > 0) findings.push(plainFinding(pair));
      continue;
    }
    const aligned = await alignFiles(git, a.side.headSha, b.side.headSha, shared);
    const evidence = compareLines(shared, aligned);
    if (!needsMerge(evidence)) {
      findings.push(plainFinding(pair));
      continue;
    }
    const near = evidence.nearFiles.length > 0 ? evidence.nearFiles : [...shared];
    const where = near.slice(0, 3).join(', ');
    toMerge.push({
      pair,
      lines: {
        ...plainFinding(pair),
        level: evidence.nearFiles.length > 0 ? 'lines' : plainFinding(pair).level,
        why: `both edit the same lines of ${where}; git still merges them`,
      },
    });
  }
  if (toMerge.length === 0) return findings;
  await using scratch = await git.openMergeScratch();
  const tests = await testMerges(
    git,
    scratch,
    toMerge.map(({ pair: { a, b } }) => [sideOf(a), sideOf(b)]),
  );
  for (const [at, { lines }] of toMerge.entries()) {
    const test = tests[at];
    if (test === undefined || test.conflicts.length === 0) {
      findings.push(test === undefined ? { ...lines, why: lines.why.split(';')[0]! } : lines);
      continue;
    }
    const hunks: CollisionHunk[] = [];
    for (const path of test.conflicts) {
      const text = await scratch.readText(test.treeSha, path, MAX_FILE_BYTES);
      for (const region of conflictRegions(text ?? '', MAX_HUNKS - hunks.length))
        hunks.push({ path, text: maskSecrets(region.text), isCut: region.isCut });
      if (hunks.length >= MAX_HUNKS) break;
    }
    const where = test.conflicts.slice(0, 3).join(', ');
    findings.push({
      ...lines,
      level: 'merge',
      paths: test.conflicts.slice(0, MAX_PATHS),
      hunks,
      why: test.isIsolated
        ? `git cannot merge the two: ${where}`
        : `git cannot merge the two: ${where}; one of them also conflicts with its base branch`,
    });
  }
  return findings;
}

function sideOf({ side, baseSha }: KnownParty): MergeSide {
  return { baseSha: baseSha!, headSha: side.headSha! };
}

function plainFinding({ a, b, shared, symbols }: Pair): Finding {
  const isSymbol = symbols.length > 0;
  const paths = shared.slice(0, MAX_PATHS);
  const files = `both have ${paths.slice(0, 3).join(', ')}${shared.length > 3 ? ` and ${shared.length - 3} more` : ''}`;
  const names = `one changes ${symbols.slice(0, 3).join(', ')}, which the other uses`;
  return {
    sides: [a.side, b.side],
    level: isSymbol ? 'symbol' : 'path',
    paths: [...paths],
    symbols: symbols.slice(0, MAX_SYMBOLS),
    hunks: [],
    why: [...(shared.length > 0 ? [files] : []), ...(isSymbol ? [names] : [])].join('; '),
  };
}

/** One built on the other: what they share is no collision. */
async function isStacked(git: GitRepository, a: string, b: string): Promise<boolean> {
  return (await git.isAncestor(a, b)) || (await git.isAncestor(b, a));
}

/** Both sides' ranges in the lines of the commit they started from, as git's merge sees them. */
async function alignFiles(
  git: GitRepository,
  a: string,
  b: string,
  shared: readonly string[],
): Promise<Record<string, AlignedFile>> {
  const start = await git.mergeBase(a, b);
  if (start === undefined) return {};
  const ranges = async (head: string) => {
    const byPath = new Map<string, LineRange[]>();
    for (const { path, oldStart, oldCount } of await git.hunks(start, head, shared)) {
      const known = byPath.get(path);
      if (known === undefined) byPath.set(path, [[oldStart, oldCount]]);
      else known.push([oldStart, oldCount]);
    }
    return byPath;
  };
  const [ours, theirs] = [await ranges(a), await ranges(b)];
  const aligned: Record<string, AlignedFile> = {};
  for (const path of shared) {
    const [left, right] = [ours.get(path), theirs.get(path)];
    // A file without ranges on a side was moved, removed or is no text: only a merge can tell.
    if (left !== undefined && right !== undefined) aligned[path] = { a: left, b: right };
  }
  return aligned;
}
