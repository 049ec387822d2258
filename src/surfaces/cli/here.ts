/** The repository around the current folder: where it begins, and what the server calls it. */
import { execFileSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { Repository } from '#context';
import { type GitRepository, openRepository } from '#git';
import { AppError, type Page } from '#kernel';
import { NO_CATALOG, type PolicyCatalog, readCatalogAt } from '#policy';
import type { ApiClient } from './client.ts';
import type { Wire } from './wire.ts';

/** Top folder of the repository. @throws AppError `cli.not_in_a_repository`. */
export function findRoot(hint = 'Go to the repository, then run it again.'): string {
  const top = git('rev-parse', '--show-toplevel');
  if (top !== '') return top;
  throw new AppError('invalid', 'cli.not_in_a_repository', {
    message: `${process.cwd()} is not inside a git repository.`,
    hint,
  });
}

/** A file of the repository named by its usual place: from here, else from the top folder. */
export function findUsualFile(path: string): string {
  if (existsSync(path)) return path;
  const top = git('rev-parse', '--show-toplevel');
  const fromTop = join(top, path);
  return top !== '' && existsSync(fromTop) ? relative(process.cwd(), fromTop) : path;
}

/** Where the branch wants to go: what the remote says, else the branch everybody starts from. */
export async function findBase(git: GitRepository): Promise<string | undefined> {
  for (const candidate of ['origin/HEAD', 'origin/main', 'origin/master']) {
    const ref = `refs/remotes/${candidate}`;
    if ((await git.resolve(ref)) !== undefined) return ref;
  }
  for (const candidate of ['main', 'master']) {
    const ref = `refs/heads/${candidate}`;
    if ((await git.resolve(ref)) !== undefined) return ref;
  }
  // In a work tree this is the branch one stands on: better than nothing, and shown.
  return git.defaultBranch();
}

/** Services the catalog of this repository describes at the commit one stands on; none outside of one. */
export async function catalogHere(): Promise<PolicyCatalog> {
  const top = git('rev-parse', '--show-toplevel');
  if (top === '') return NO_CATALOG;
  const here = openRepository(top);
  const head = await here.resolve('HEAD');
  return head === undefined ? NO_CATALOG : readCatalogAt(here, head);
}

/**
 * Name of the repository here as the server knows it: the one read from this folder or from its
 * remote, else the one named like the remote.
 */
export async function findRepositoryHere(
  client: ApiClient,
): Promise<{ repository: string; root: string }> {
  const root = realpathSync(findRoot('Name the repository with --repository owner/name.'));
  const remote = git('config', '--get', 'remote.origin.url');
  const remoteName = /[/:]([^/:]+\/[^/:]+?)(?:\.git)?\/?$/.exec(remote)?.[1];
  const { items } = await client.get<Page<Wire<Repository>>>('/v1/repositories', { limit: 200 });
  const found =
    items.find(({ url }) => url === root || url === remote) ??
    items.find(({ name }) => name === remoteName) ??
    items.find(({ name }) => name === `local/${basename(root)}`);
  if (found !== undefined) return { repository: found.name, root };
  throw new AppError('not_found', 'cli.unknown_repository', {
    message: `The server does not know the repository in ${root}.`,
    hint: 'Read it with `loom import .`, or name another with --repository owner/name.',
  });
}

/** Address of `origin`, as git knows it; empty where there is none. */
export function remoteOf(root: string): string {
  return git('-C', root, 'config', '--get', 'remote.origin.url');
}

/** Folders of all work trees of the clone, the main one first. */
export function workTreesOf(root: string): string[] {
  return git('-C', root, 'worktree', 'list', '--porcelain')
    .split('\n')
    .flatMap((line) => (line.startsWith('worktree ') ? [line.slice('worktree '.length)] : []));
}

/** The path of a file as its repository knows it. */
export function pathInRepository(root: string, file: string): string {
  const path = resolve(file);
  return relative(root, existsSync(path) ? realpathSync(path) : path);
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return '';
  }
}
