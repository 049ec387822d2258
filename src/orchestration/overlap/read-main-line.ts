/** Reads the main line of a clone. */
import { readPurpose } from '#context';
import type { GitRepository } from '#git';
import { MainLine } from './main-line.ts';

export interface ReadMainLine {
  line: MainLine;
  /** Position by full sha. */
  positions: ReadonlyMap<string, number>;
  shas: readonly string[];
}

/** The first-parent line up to a commit. One git process; ten thousand changes take seconds. */
export async function readMainLine(git: GitRepository, to: string): Promise<ReadMainLine> {
  const line = new MainLine();
  const positions = new Map<string, number>();
  const shas: string[] = [];
  for await (const change of git.changeLog({ to })) {
    const { title, body } = readPurpose(change);
    positions.set(change.sha, shas.length);
    shas.push(change.sha);
    line.add({
      at: Math.floor(change.committedAt.getTime() / 1000),
      title,
      body,
      files: change.files.flatMap(({ path, oldPath }) =>
        oldPath === undefined ? [path] : [oldPath, path],
      ),
    });
  }
  return { line, positions, shas };
}

/**
 * How many changes of the main line a commit has in its history: those up to where it left the line.
 */
export async function seenFrom(
  git: GitRepository,
  { positions, shas }: ReadMainLine,
  sha: string,
): Promise<number> {
  const position = positions.get(sha);
  if (position !== undefined) return position + 1;
  // Along a line of first parents, what has one change has all before it.
  let low = 0;
  let high = shas.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (await git.isAncestor(shas[middle]!, sha)) low = middle + 1;
    else high = middle;
  }
  return low;
}
