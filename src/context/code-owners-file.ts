/** The CODEOWNERS file of a commit, and the rules read from it. */
import type { GitRepository } from '#git';
import { CODE_OWNER_PLACES, type CodeOwnerRule } from './code-owners.ts';

export interface CodeOwnersFile {
  path: string;
  rules: CodeOwnerRule[];
}

/** Reads the CODEOWNERS file of a commit, at the first place GitHub would look. */
export async function readCodeOwnersText(
  git: GitRepository,
  revision: string,
  maxBytes: number,
): Promise<{ path: string; text: string } | undefined> {
  for (const path of CODE_OWNER_PLACES) {
    const text = await git.readText(revision, path, maxBytes);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
