/** The CODEOWNERS file of a commit, and the rules read from it. */
import type { GitRepository } from '#git';
import { CODE_OWNER_PLACES, type CodeOwnerRule, parseCodeOwners } from './code-owners.ts';
import { GITLAB_CODE_OWNER_PLACES, parseGitLabCodeOwners } from './code-owners-gitlab.ts';
import type { Repository } from './schema.ts';

export interface CodeOwnersFile {
  path: string;
  rules: CodeOwnerRule[];
}

/** Where a host looks for the file, and how it reads it. */
export interface CodeOwnersDialect {
  places: readonly string[];
  parse(text: string): CodeOwnerRule[];
}

const GITHUB: CodeOwnersDialect = { places: CODE_OWNER_PLACES, parse: parseCodeOwners };
const GITLAB: CodeOwnersDialect = {
  places: GITLAB_CODE_OWNER_PLACES,
  parse: parseGitLabCodeOwners,
};

/** GitLab's for a repository imported with the host `gitlab` or from a server of that name, else GitHub's. */
export function dialectOf({ host, url }: Pick<Repository, 'host' | 'url'>): CodeOwnersDialect {
  const server = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'gitlab' || /^gitlab\./i.test(server) ? GITLAB : GITHUB;
}

/** Reads the CODEOWNERS file of a commit, at the first place the host would look. */
export async function readCodeOwnersText(
  git: GitRepository,
  revision: string,
  maxBytes: number,
  places: readonly string[] = CODE_OWNER_PLACES,
): Promise<{ path: string; text: string } | undefined> {
  for (const path of places) {
    const text = await git.readText(revision, path, maxBytes);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
