/**
 * What we would write on a host's pages: verdicts, the comment, the reviewers asked. The local forge
 * has no pages, so it is kept beside the branches and shown by our own console.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#kernel';
import { fingerprint } from './describe-push.ts';
import { writeWhole } from './journal.ts';
import { OWN_FOLDER } from './repository-folder.ts';

export const ChangeReports = z.object({
  branch: z.string(),
  /** By head commit; the newest is last. */
  verdicts: z.array(
    z.object({
      headSha: z.string(),
      lane: z.string(),
      conclusion: z.enum(['success', 'action-required', 'failure']),
      title: z.string(),
      summary: z.string(),
      detailsUrl: z.string(),
      publishedAt: z.iso.datetime(),
    }),
  ),
  comment: z.string().nullable(),
  reviewers: z.array(z.string()),
});
export type ChangeReports = z.infer<typeof ChangeReports>;

/** Verdicts of older heads are history; the ledger has them all. */
export const MAX_VERDICTS = 50;

export async function readReports(dir: string, branch: string): Promise<ChangeReports> {
  let text: string;
  try {
    text = await readFile(join(reportsFolder(dir), fileOf(branch)), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { branch, verdicts: [], comment: null, reviewers: [] };
  }
  try {
    return ChangeReports.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('internal', 'local.unreadable_reports', {
      message: 'The reports of a change in the local forge are damaged.',
      hint: `Remove ${OWN_FOLDER}/changes/${fileOf(branch)} in the bare repository; they are published anew.`,
      cause,
    });
  }
}

export async function writeReports(dir: string, reports: ChangeReports): Promise<void> {
  const text = JSON.stringify(reports, null, 2);
  await writeWhole(reportsFolder(dir), fileOf(reports.branch), text);
}

function reportsFolder(dir: string): string {
  return join(dir, OWN_FOLDER, 'changes');
}

/** A branch name may hold slashes and be long; its fingerprint is neither. */
function fileOf(branch: string): string {
  return `${fingerprint([branch])}.json`;
}
