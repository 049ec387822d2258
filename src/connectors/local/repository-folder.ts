/** Where the bare repositories are, and how one is made, found and removed. */
import { randomUUID } from 'node:crypto';
import {
  access,
  appendFile,
  chmod,
  constants,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError } from '#kernel';
import { GitFailure, runGit } from './git-process.ts';
import { PRE_RECEIVE_HOOK } from './pre-receive-hook.ts';
import { isNameSegment, parseRepositoryName } from './repository-name.ts';

/** Half-made and half-removed repositories; a name that `isNameSegment` refuses. */
const WORKSHOP = '.unfinished';

/** Copying the longest history takes hours; after a day nobody is at it any more. */
const ABANDONED_AFTER_MS = 24 * 60 * 60_000;

/** Our own files inside a bare repository; git never touches the folder. */
export const OWN_FOLDER = 'loomstack';

export function repositoryDir(folder: string, repository: string): string {
  const { owner, name } = parseRepositoryName(repository);
  return join(folder, owner, `${name}.git`);
}

/** @throws AppError `local.repository_not_found` */
export async function findRepository(folder: string, repository: string): Promise<string> {
  const dir = repositoryDir(folder, repository);
  if (!(await isFolder(dir))) {
    throw new AppError('not_found', 'local.repository_not_found', {
      message: 'The forge has no such repository.',
      hint: 'Create it with POST /v1/forge/repositories.',
    });
  }
  return dir;
}

export interface CreateRepositoryOptions {
  /** Path or URL of a repository whose branches and tags are copied once. */
  from?: string | undefined;
  defaultBranch?: string | undefined;
}

/**
 * Makes a bare repository whose default branch only the forge itself can move. It is made aside and
 * renamed into place, so that no half-made one is ever served.
 */
export async function createBareRepository(
  folder: string,
  repository: string,
  { from, defaultBranch = 'main' }: CreateRepositoryOptions,
): Promise<string> {
  const dir = repositoryDir(folder, repository);
  if (await isFolder(dir)) throw alreadyExists(repository);

  await mkdir(join(folder, WORKSHOP), { recursive: true });
  const unfinished = join(folder, WORKSHOP, `${randomUUID()}.git`);
  try {
    await runGit(['init', '--quiet', '--bare', '--template=', '--', unfinished]);
    await appendFile(join(unfinished, 'config'), SETTINGS);
    await guard(unfinished);
    await setDefaultBranch(unfinished, defaultBranch);
    if (from !== undefined) await copyHistory(unfinished, from, defaultBranch);
    await mkdir(join(unfinished, OWN_FOLDER));
    await mkdir(join(folder, parseRepositoryName(repository).owner), { recursive: true });
    await rename(unfinished, dir);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    if (isTaken(error)) throw alreadyExists(repository);
    throw error;
  }
  return dir;
}

export async function removeBareRepository(folder: string, repository: string): Promise<void> {
  const dir = await findRepository(folder, repository);
  await mkdir(join(folder, WORKSHOP), { recursive: true });
  const unfinished = join(folder, WORKSHOP, `${randomUUID()}.git`);
  await rename(dir, unfinished);
  await rm(unfinished, { recursive: true, force: true });
}

/** Removes what creations and removals that were cut off left behind, once it is surely theirs no more. */
export async function tidyWorkshop(folder: string, now: Date): Promise<void> {
  for (const name of await namesIn(join(folder, WORKSHOP))) {
    const path = join(folder, WORKSHOP, name);
    const { mtime } = await stat(path);
    if (now.getTime() - mtime.getTime() < ABANDONED_AFTER_MS) continue;
    await rm(path, { recursive: true, force: true });
  }
}

/** All repositories as `owner/name`, in order. */
export async function listRepositories(folder: string): Promise<string[]> {
  const owners = (await namesIn(folder)).filter(isNameSegment);
  const lists = await Promise.all(
    owners.map(async (owner) => {
      const names = await namesIn(join(folder, owner));
      return names
        .filter((name) => name.endsWith('.git'))
        .map((name) => name.slice(0, -'.git'.length))
        .filter(isNameSegment)
        .map((name) => `${owner}/${name}`);
    }),
  );
  return lists.flat().sort();
}

/** Appended to what `git init` wrote. */
const SETTINGS = `[http]
\treceivepack = true
\tgetanyfile = false
[receive]
\tfsckObjects = true
\tmaxInputSize = 2g
\t# A collection in the background would outlive the request; sweep() does it instead.
\tautogc = false
[core]
\t# The reflog says who moved a ref and when; bare repositories keep none by themselves.
\tlogAllRefUpdates = always
[transfer]
\thideRefs = refs/loom
[user]
\tname = LoomStack
\temail = loomstack@localhost
`;

/**
 * Sees that the hook which protects main is there, is ours and can run; git takes a push without a
 * word when it is not. Whatever is not as it should be is replaced. @throws AppError `local.unguarded`
 */
export async function guard(dir: string): Promise<void> {
  const path = join(dir, 'hooks', 'pre-receive');
  try {
    if ((await readText(path)) !== PRE_RECEIVE_HOOK || !(await isExecutable(path))) {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${randomUUID()}`;
      await writeFile(temporary, PRE_RECEIVE_HOOK);
      await chmod(temporary, 0o755);
      await rename(temporary, path);
    }
    await access(path, constants.X_OK);
  } catch (cause) {
    throw new AppError('unavailable', 'local.unguarded', {
      message: 'The repository takes no push, because the hook that protects main cannot run.',
      hint: 'Keep the data folder on a file system that allows programs (not mounted noexec).',
      cause,
    });
  }
}

async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Copies branches and tags. The source's own default branch is taken where ours is not among them. */
async function copyHistory(dir: string, from: string, defaultBranch: string): Promise<void> {
  const specs = ['+refs/heads/*:refs/heads/*', '+refs/tags/*:refs/tags/*'];
  try {
    await runGit(['fetch', '--quiet', '--no-write-fetch-head', '--', from, ...specs], {
      dir,
      timeoutMs: 1_800_000,
    });
    const branches = await runGit(['for-each-ref', '--format=%(refname)', 'refs/heads'], { dir });
    if (branches.split('\n').includes(`refs/heads/${defaultBranch}`) || branches === '') return;
    const answer = await runGit(['ls-remote', '--symref', '--', from, 'HEAD'], { dir });
    const head = /^ref: refs\/heads\/(?<branch>\S+)\tHEAD$/m.exec(answer)?.groups?.['branch'];
    await setDefaultBranch(dir, head ?? branches.split('\n')[0]!.slice('refs/heads/'.length));
  } catch (cause) {
    if (!(cause instanceof GitFailure)) throw cause;
    throw new AppError('invalid', 'local.import_failed', {
      message: 'The history to start from could not be copied.',
      hint: 'Check that git can clone it from this machine: a path, or a URL without a prompt.',
      cause,
    });
  }
}

async function setDefaultBranch(dir: string, branch: string): Promise<void> {
  await runGit(['symbolic-ref', 'HEAD', `refs/heads/${branch}`], { dir });
}

function alreadyExists(repository: string): AppError {
  return new AppError('conflict', 'local.repository_exists', {
    message: `The forge already has a repository ${repository}.`,
    hint: 'Choose another name, or remove the old one first.',
  });
}

/** What a rename onto a folder that is not empty answers, depending on the system. */
function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOTEMPTY' || code === 'EEXIST';
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const isFile = (error as NodeJS.ErrnoException).code === 'ENOTDIR';
    if (isFile) return [];
    throw error;
  }
}
