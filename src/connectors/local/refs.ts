/** Branches of a bare repository: where they stand, and who moved them there. */
import { GitFailure, runGit } from './git-process.ts';

/** Branch names without `refs/heads/`, and their commits. */
export type Branches = Readonly<Record<string, string>>;

export interface RefMove {
  branch: string;
  before: string | null;
  after: string | null;
}

export async function readBranches(dir: string): Promise<Branches> {
  const format = '--format=%(objectname) %(refname)';
  const lines = await runGit(['for-each-ref', format, 'refs/heads'], { dir });
  return Object.fromEntries(
    lines
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const space = line.indexOf(' ');
        return [line.slice(space + 1 + 'refs/heads/'.length), line.slice(0, space)];
      }),
  );
}

/** What moved between two looks, protected branches first, then by name. */
export function findMoves(
  before: Branches,
  after: Branches,
  isProtected: (branch: string) => boolean,
): RefMove[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  const moves = names
    .map((branch) => ({
      branch,
      before: valueOf(before, branch),
      after: valueOf(after, branch),
    }))
    .filter((move) => move.before !== move.after);
  return [
    ...moves.filter(({ branch }) => isProtected(branch)),
    ...moves.filter(({ branch }) => !isProtected(branch)),
  ];
}

/** A branch may be called `constructor`. */
function valueOf(branches: Branches, branch: string): string | null {
  return Object.hasOwn(branches, branch) ? branches[branch]! : null;
}

export interface ReflogEntry {
  name: string;
  email: string;
  at: Date;
}

/** Moves further back than this are not looked at. */
const MAX_MOVES_READ = 1_000;

/**
 * Who moved the branch from one commit to the other and when, the last move first. Empty when the
 * reflog does not say.
 */
export async function readMovers(
  dir: string,
  branch: string,
  { before, after }: { before: string | null; after: string },
): Promise<ReflogEntry[]> {
  const format = '--format=%H%x00%gn%x00%ge%x00%gd';
  const args = ['log', '--walk-reflogs', `--max-count=${MAX_MOVES_READ}`, '--date=unix', format];
  const lines = await runGit([...args, `refs/heads/${branch}`, '--'], { dir });
  const movers: ReflogEntry[] = [];
  let isReached = false;
  for (const line of lines.split('\n')) {
    const [sha, name, email, selector] = line.split('\0');
    const seconds = /@\{(?<seconds>\d+)\}$/.exec(selector ?? '')?.groups?.['seconds'];
    if (name === undefined || email === undefined || seconds === undefined) continue;
    isReached ||= sha === after;
    if (!isReached) continue;
    if (sha === before) break;
    movers.push({ name, email, at: new Date(Number(seconds) * 1_000) });
  }
  return movers;
}

export async function readDefaultBranch(dir: string): Promise<string> {
  const ref = await runGit(['symbolic-ref', 'HEAD'], { dir });
  return ref.trim().slice('refs/heads/'.length);
}

/** As the pre-receive hook has it: the default branch, `main` and what the settings add, case aside. */
export async function readProtectedBranches(
  dir: string,
  defaultBranch: string,
): Promise<(branch: string) => boolean> {
  const configured = await configuredBranches(dir);
  const names = new Set([defaultBranch, 'main', ...configured].map((name) => name.toLowerCase()));
  return (branch) => names.has(branch.toLowerCase());
}

async function configuredBranches(dir: string): Promise<string[]> {
  try {
    return (await runGit(['config', '--get-all', 'loom.protectedBranch'], { dir })).split('\n');
  } catch (error) {
    // Git's way of saying that the setting is not there.
    if (error instanceof GitFailure && error.exitCode === 1) return [];
    throw error;
  }
}
