/**
 * What the files were before we wired them, kept in the folder of the clone itself. While nobody has
 * changed them since, detaching gives back every byte, also where editing alone could not know that
 * an empty list had been there. Pure.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { WiredFile } from './wiring.ts';

const Originals = z.record(
  z.string(),
  z.object({ before: z.string().nullable(), after: z.string() }),
);
export type Originals = z.infer<typeof Originals>;

/** What was kept; nothing where the file is missing or not ours to read. */
export function readOriginals(text: string | undefined): Originals {
  try {
    return Originals.parse(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}

/** Adds the files an attach is about to write. `isClean`: the file holds nothing of ours so far. */
export function keepOriginals(
  kept: Originals,
  wired: readonly WiredFile[],
  isClean: (file: WiredFile) => boolean,
): Originals {
  const next = { ...kept };
  for (const file of wired) {
    if (file.after === undefined || file.before === file.after) continue;
    const known = next[file.path];
    const after = digest(file.after);
    if (known !== undefined && file.before !== undefined && known.after === digest(file.before)) {
      next[file.path] = { ...known, after };
    } else if (isClean(file)) next[file.path] = { before: file.before ?? null, after };
    else delete next[file.path];
  }
  return next;
}

/** After a detach: files that still hold something of another agent are remembered on. */
export function dropOriginals(
  kept: Originals,
  detached: readonly WiredFile[],
  isClean: (path: string, text: string | undefined) => boolean,
): Originals {
  const next = { ...kept };
  for (const { path, before, after } of detached) {
    const known = next[path];
    if (known === undefined) continue;
    const isUntouched = before !== undefined && known.after === digest(before);
    if (after === undefined || !isUntouched || isClean(path, after)) delete next[path];
    else next[path] = { ...known, after: digest(after) };
  }
  return next;
}

/** Replaces what editing gave by the original, for every file that is still as we left it. */
export function restoreOriginals(kept: Originals, wired: readonly WiredFile[]): WiredFile[] {
  return wired.map((file) => {
    const known = kept[file.path];
    const isUntouched =
      known !== undefined && file.before !== undefined && digest(file.before) === known.after;
    return isUntouched ? { ...file, after: known.before ?? undefined } : file;
  });
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
