/** Reads the text of a change for the facts that only it tells, within bounds. */
import type { FileChange, GitRepository } from '#git';
import { AppError } from '#kernel';
import type { FactSources } from './facts.ts';
import { contentTags, readPatch } from './patch-facts.ts';

/** More is not read: nobody knows then what is in it, so it counts as all. */
const MAX_PATCH_BYTES = 4 * 1024 * 1024;
const MAX_LINES = 100_000;

export async function contentOf(
  git: GitRepository,
  { baseSha, headSha }: { baseSha: string; headSha: string },
  files: readonly FileChange[],
): Promise<FactSources['content']> {
  const lines = files.reduce(
    (sum, { addedLines, deletedLines }) => sum + (addedLines ?? 0) + (deletedLines ?? 0),
    0,
  );
  if (lines === 0) return [];
  if (lines > MAX_LINES) return 'unread';
  try {
    const { text, isCut } = await git.patch(baseSha, headSha, MAX_PATCH_BYTES);
    return isCut ? 'unread' : contentTags(text);
  } catch (error) {
    if (error instanceof AppError) return 'unread';
    throw error;
  }
}

/** Places in the text of a change, as far as it is read; none where it is too large. */
export async function placesOf(
  git: GitRepository,
  { baseSha, headSha }: { baseSha: string; headSha: string },
): Promise<ReturnType<typeof readPatch>> {
  const { text } = await git.patch(baseSha, headSha, MAX_PATCH_BYTES);
  return readPatch(text);
}
