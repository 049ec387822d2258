/**
 * What a node writes down of its devboxes, beside their folders and out of their reach. After a kill -9
 * the notes say which processes to end, which work to keep and what to remove.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

export const DevboxNote = z.object({
  id: z.string(),
  repository: z.string(),
  folder: z.string(),
  user: z.object({ uid: z.int().positive(), gid: z.int().positive() }).nullable(),
  /** `warm`: waits for work. `open`: somebody works in it. */
  state: z.enum(['warm', 'open']),
  sha: z.string(),
  /** Of the set-up it has had. */
  key: z.string(),
  branch: z.string(),
  /** Leader of the process group at work in it. */
  process: z.object({ pid: z.int().positive(), startedAt: z.string() }).nullable(),
});
export type DevboxNote = z.infer<typeof DevboxNote>;

const pathOf = (parent: string, id: string) => join(parent, `${id}.json`);

/** Whole or not at all, readable to us alone. */
export async function writeNote(parent: string, note: DevboxNote): Promise<void> {
  const path = pathOf(parent, note.id);
  await writeFile(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
  await rename(`${path}.new`, path);
}

export async function forgetNote(parent: string, id: string): Promise<void> {
  await rm(pathOf(parent, id), { force: true });
}

/** Notes that can be read; a damaged one belongs to a folder that is removed without further word. */
export function readNotes(parent: string): DevboxNote[] {
  return listNames(parent).flatMap((name) => {
    if (!name.endsWith('.json')) return [];
    try {
      return [DevboxNote.parse(JSON.parse(readFileSync(join(parent, name), 'utf8')))];
    } catch {
      return [];
    }
  });
}

export function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
