/**
 * Whether two changes conflict, decided by git. The two are isolated first, so that a conflict is theirs
 * and not that of what lies between their bases.
 */
import type { GitRepository, MergeOutcome, MergeScratch } from '#git';

/** A change by full commit names. `mergedSha` is the merge or squash commit where it has landed. */
export interface MergeSide {
  baseSha: string;
  headSha: string;
  mergedSha?: string | undefined;
}

export interface MergeTest {
  /** Paths in conflict; empty: they merge. */
  conflicts: string[];
  /** Tree of the result; where there are conflicts its files hold markers. */
  treeSha: string;
  /** False where the two could not be told apart from their bases: the plain merge decided. */
  isIsolated: boolean;
}

/**
 * Tests each pair, in batches of one git process.
 * - Both open: the two heads are merged. Where they conflict, the one with the older base is merged with
 *   the other's base as well: if that conflicts too, the pair may not be to blame (`isIsolated` false).
 * - One landed before the other's base (the other was rebased over it): it is taken out of that base
 *   again, and the other is applied to the rest; a conflict means that its author had to adapt.
 *
 * Undefined where git cannot merge at all: objects that are missing, no common history.
 */
export async function testMerges(
  git: GitRepository,
  scratch: MergeScratch,
  pairs: readonly (readonly [MergeSide, MergeSide])[],
): Promise<(MergeTest | undefined)[]> {
  const plans: Plan[] = [];
  for (const pair of pairs) plans.push(await planOf(git, scratch, pair));
  const without = await mergeKnown(
    scratch,
    plans.map(({ takeOut }) => takeOut?.merge),
  );
  const deciding: (readonly [string, string])[] = [];
  const isApplied: boolean[] = [];
  for (const [at, { takeOut, heads }] of plans.entries()) {
    const first = without[at];
    const isClean = takeOut !== undefined && first !== undefined && first.conflicts.length === 0;
    isApplied.push(isClean);
    deciding.push(
      isClean ? [await scratch.commit(first.treeSha, [takeOut.base]), heads[1]] : heads,
    );
  }
  const outcomes = await scratch.mergeAll(deciding);
  const doubts = await mergeKnown(
    scratch,
    plans.map(({ behind }, at) =>
      behind !== undefined && (outcomes[at]?.conflicts.length ?? 0) > 0 ? behind : undefined,
    ),
  );
  return plans.map(({ takeOut }, at) => {
    const outcome = outcomes[at];
    if (outcome === undefined) return undefined;
    const isIsolated =
      takeOut === undefined ? (doubts[at]?.conflicts.length ?? 0) === 0 : isApplied[at]!;
    return { ...outcome, conflicts: [...new Set(outcome.conflicts)], isIsolated };
  });
}

interface Plan {
  /** Earlier and later head; where one has landed, the later one is applied to what is left without it. */
  heads: readonly [string, string];
  /** One has landed: the merge that takes it out of the later one's base. */
  takeOut: { merge: readonly [string, string]; base: string } | undefined;
  /** Both open: the older with the newer's base, to see whether the bases alone conflict. */
  behind: readonly [string, string] | undefined;
}

async function planOf(
  git: GitRepository,
  scratch: MergeScratch,
  [a, b]: readonly [MergeSide, MergeSide],
): Promise<Plan> {
  for (const [first, later] of [
    [a, b],
    [b, a],
  ] as const) {
    const landed = first.mergedSha;
    if (landed === undefined || !(await isAncestor(git, landed, later.baseSha))) continue;
    const before = (await git.commit(landed))?.parents[0];
    const [tree] = before === undefined ? [] : await scratch.treesOf([before]);
    if (tree === undefined) break;
    const merge = [await scratch.commit(tree, [landed]), later.baseSha] as const;
    const heads = [first.headSha, later.headSha] as const;
    return { heads, takeOut: { merge, base: later.baseSha }, behind: undefined };
  }
  const [older, newer] = (await isAncestor(git, b.baseSha, a.baseSha)) ? [b, a] : [a, b];
  const behind =
    older.baseSha === newer.baseSha ? undefined : ([older.headSha, newer.baseSha] as const);
  return { heads: [older.headSha, newer.headSha], takeOut: undefined, behind };
}

async function isAncestor(git: GitRepository, ancestor: string, of: string): Promise<boolean> {
  return ancestor === of || git.isAncestor(ancestor, of).catch(() => false);
}

/** Merges those that are given; the others stay undefined. */
async function mergeKnown(
  scratch: MergeScratch,
  pairs: readonly (readonly [string, string] | undefined)[],
): Promise<(MergeOutcome | undefined)[]> {
  const known = pairs.flatMap((pair, at) => (pair === undefined ? [] : [{ pair, at }]));
  const outcomes = await scratch.mergeAll(known.map(({ pair }) => pair));
  const all: (MergeOutcome | undefined)[] = pairs.map(() => undefined);
  for (const [index, { at }] of known.entries()) all[at] = outcomes[index];
  return all;
}
