/** CODEOWNERS of a local repository, read from the protected base. */
import { CODE_OWNER_PLACES, ownersOfPath, parseCodeOwners } from '#context';
import type { GitRepository } from '#git';

/** Owners by path; paths nobody owns are left out. */
export async function codeOwnersAt(
  git: GitRepository,
  revision: string,
  paths: readonly string[],
): Promise<Map<string, string[]>> {
  for (const place of CODE_OWNER_PLACES) {
    const text = await git.readText(revision, place);
    if (text === undefined) continue;
    const rules = parseCodeOwners(text);
    return new Map(
      paths
        .map((path): [string, string[]] => [path, ownersOfPath(rules, path)])
        .filter(([, owners]) => owners.length > 0),
    );
  }
  return new Map();
}
