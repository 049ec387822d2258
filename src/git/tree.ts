/** Trees: the files of a commit. */
import { createBreather } from '#kernel';
import { decodePath, isQuoted } from './path.ts';
import { splitBuffer } from './records.ts';
import { runGit } from './run.ts';

export interface TreeEntry {
  path: string;
  sha: string;
  /** Bytes; 0 for a submodule, and for what is missing. */
  size: number;
  /** The clone is a partial one and lacks the content. */
  isMissing?: true;
  /** `100644`, `100755`, `120000` (symbolic link), `160000` (submodule). */
  mode: string;
}

const MAX_LISTING_BYTES = 512 * 1024 * 1024;

/** Every file below `folder` at a commit, in git's order. */
export async function listTree(dir: string, sha: string, folder = ''): Promise<TreeEntry[]> {
  const wanted = folder.replace(/\/+$/, '');
  const byArgument = wanted !== '' && !isQuoted(wanted);
  const { stdout } = await runGit(
    dir,
    ['ls-tree', '-r', '-l', '-z', '--full-tree', '--', sha, ...(byArgument ? [`${wanted}/`] : [])],
    { maxBytes: MAX_LISTING_BYTES },
  );
  const breathe = createBreather();
  const entries: TreeEntry[] = [];
  for (const piece of splitBuffer(stdout)) {
    entries.push(toEntry(piece));
    await breathe();
  }
  return isQuoted(wanted)
    ? entries.filter(({ path }) => path.startsWith(`${wanted.slice(0, -1)}/`))
    : entries;
}

function toEntry(piece: Buffer): TreeEntry {
  const tab = piece.indexOf(0x09);
  const [mode = '', , sha = '', size = '-'] = piece.toString('latin1', 0, tab).split(/ +/);
  const path = decodePath(piece.subarray(tab + 1));
  // Git says BAD for the size of what it does not have.
  if (size === 'BAD') return { path, sha, size: 0, mode, isMissing: true };
  return { path, sha, size: size === '-' ? 0 : Number(size), mode };
}
