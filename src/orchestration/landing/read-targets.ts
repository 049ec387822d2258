/** Reads from git what changes of a branch may break. */
import type { GitRepository } from '#git';
import type { Id } from '#kernel';
import type { Landing } from './lane.ts';
import { isManifest, type Layout, layoutOf, type Targets } from './targets.ts';

/** Of a repository with more, nobody can say what a change breaks. */
const MAX_MANIFESTS = 5_000;
const MAX_MANIFEST_BYTES = 200_000;
const KEPT_LAYOUTS = 50;

export interface LayoutReader {
  /** The packages as a commit has them. */
  read(git: GitRepository, sha: string): Promise<Layout>;
}

export function createLayoutReader(): LayoutReader {
  const kept = new Map<string, Promise<Layout>>();
  return {
    read(git, sha) {
      const name = `${git.dir} ${sha}`;
      const known = kept.get(name);
      if (known !== undefined) return known;
      if (kept.size >= KEPT_LAYOUTS) kept.clear();
      const read = readLayout(git, sha);
      kept.set(name, read);
      // A commit that could not be read is read again.
      read.catch(() => kept.delete(name));
      return read;
    },
  };
}

async function readLayout(git: GitRepository, sha: string): Promise<Layout> {
  const found = (await git.listFiles(sha)).filter(({ path }) => isManifest(path));
  if (found.length > MAX_MANIFESTS) return { affectedBy: () => 'everything' };
  const texts = new Map<string, string>();
  for await (const blob of git.readBlobs([...new Set(found.map((file) => file.sha))])) {
    texts.set(blob.sha, blob.data.subarray(0, MAX_MANIFEST_BYTES).toString('utf8'));
  }
  return layoutOf(found.map((file) => ({ path: file.path, text: texts.get(file.sha) ?? '' })));
}

export async function targetsOf(
  git: GitRepository,
  layout: Layout,
  mainSha: string,
  landings: readonly Landing[],
): Promise<Map<Id<'chg'>, Targets>> {
  const targets = new Map<Id<'chg'>, Targets>();
  for (const { changeId, headSha } of landings) {
    const files = await git.changedFiles(mainSha, headSha);
    const paths = files.flatMap(({ path, oldPath }) =>
      oldPath === undefined ? [path] : [path, oldPath],
    );
    targets.set(changeId, paths.length === 0 ? 'everything' : layout.affectedBy(paths));
  }
  return targets;
}
