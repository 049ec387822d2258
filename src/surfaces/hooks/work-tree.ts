/** What the hook command saw of the work tree the agent runs in, and which repository that is. */
import { basename, isAbsolute, relative, resolve } from 'node:path';
import { z } from 'zod';
import type { ContextService, Repository } from '#context';

export const WorkTree = z.object({
  /** Name of the repository, where a setting states it. */
  repository: z.string().max(300).nullish(),
  remoteUrl: z.string().max(2_000).nullish(),
  branch: z.string().max(500).nullish(),
  head: z.string().max(64).nullish(),
  toplevel: z.string().max(4_000).nullish(),
});
export type WorkTree = z.infer<typeof WorkTree>;

const PAGE = 200;
const MAX_REPOSITORIES = 1_000;

/**
 * Paths as claims name them: from the top of the work tree, with slashes. What lies outside of it is
 * nobody's to claim and is left out. Pure.
 */
export function pathsInTree(
  paths: readonly string[],
  toplevel: string | null,
  cwd: string | null,
): string[] {
  const top = toplevel ?? cwd;
  if (top === null) return paths.filter((path) => !isAbsolute(path));
  return paths.flatMap((path) => {
    const inside = relative(top, resolve(cwd ?? top, path)).replaceAll('\\', '/');
    return inside === '' || inside.startsWith('../') || inside === '..' ? [] : [inside];
  });
}

/** Names under which the repository may have been imported, the surest first. Pure. */
export function likelyNames({ repository, remoteUrl, toplevel }: WorkTree): string[] {
  const fromUrl = remoteUrl == null ? undefined : ownerAndName(remoteUrl);
  return [
    ...(repository == null || repository === '' ? [] : [repository]),
    ...(fromUrl === undefined ? [] : [fromUrl]),
    ...(toplevel == null || toplevel === '' ? [] : [`local/${basename(toplevel)}`]),
  ];
}

/** `git@github.com:acme/shop.git`, `https://host/git/acme/shop` -> `acme/shop`. */
function ownerAndName(url: string): string | undefined {
  const match = /([^/:]+)\/([^/]+?)(?:\.git)?\/*$/.exec(url.replace(/[?#].*$/, ''));
  return match === null ? undefined : `${match[1]}/${match[2]}`;
}

/** The imported repository the work tree belongs to: by its address, else by a likely name. */
export async function findRepositoryOf(
  context: Pick<ContextService, 'findRepository' | 'listRepositories'>,
  tree: WorkTree,
): Promise<Repository | undefined> {
  const addresses = new Set(
    [tree.remoteUrl, tree.toplevel].flatMap((text) => (text == null ? [] : [plain(text)])),
  );
  let cursor: string | undefined;
  for (let seen = 0; seen < MAX_REPOSITORIES; seen += PAGE) {
    const page = await context.listRepositories({ limit: PAGE, cursor });
    const match = page.items.find(({ url }) => addresses.has(plain(url)));
    if (match !== undefined) return match;
    if (page.nextCursor === null) break;
    cursor = page.nextCursor;
  }
  for (const name of likelyNames(tree)) {
    const match = await context.findRepository(name);
    if (match !== undefined) return match;
  }
  return undefined;
}

/** An address without what varies between clones: credentials, `.git`, slashes at the end. */
function plain(url: string): string {
  return url
    .replace(/^(\w+:\/\/)[^/@]*@/, '$1')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
}
