/**
 * What has been told of a repository, in one file inside it: where its branches stood when we last
 * looked, and the pushes that were written down but not yet taken by whoever listens. A push is
 * written here before it is delivered and removed after, so a crash at any point repeats a delivery,
 * byte for byte, and loses none.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AppError } from '#kernel';
import { Push } from './push.ts';
import { OWN_FOLDER } from './repository-folder.ts';

const Journal = z.object({
  /** Made anew with the repository, so that a namesake's deliveries are not taken for repetitions. */
  incarnation: z.string(),
  /** Counts pushes, so that a branch that goes back and forth gives different deliveries. */
  sequence: z.int().nonnegative(),
  branches: z.record(z.string(), z.string()),
  pending: z.array(Push),
});
export type Journal = z.infer<typeof Journal>;

const FILE = 'deliveries.json';

/** @throws AppError `local.unreadable_journal` */
export async function readJournal(dir: string): Promise<Journal> {
  let text: string;
  try {
    text = await readFile(join(dir, OWN_FOLDER, FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { incarnation: randomUUID(), sequence: 0, branches: {}, pending: [] };
  }
  try {
    return Journal.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError('internal', 'local.unreadable_journal', {
      message: 'The delivery journal of a repository in the local forge is damaged.',
      hint: `Remove ${OWN_FOLDER}/${FILE} in the bare repository: all its branches are then told anew.`,
      cause,
    });
  }
}

export async function writeJournal(dir: string, journal: Journal): Promise<void> {
  await writeWhole(join(dir, OWN_FOLDER), FILE, JSON.stringify(journal));
}

/** Replaces a file at once and durably: readers see the old text or the new one. */
export async function writeWhole(folder: string, file: string, text: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  // One writer at a time by the repository's lock; a crash leaves one such file and no more.
  const temporary = join(folder, `${file}.${process.pid}.tmp`);
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, join(folder, file));
}
