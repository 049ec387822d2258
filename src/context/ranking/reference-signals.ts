/** References between files by rare identifiers: who uses what a file defines, and defines what it uses. */
import type { Ranked } from './scores.ts';
import type { Snapshot } from './snapshot.ts';
import type { Scores } from './text-field.ts';

/** A name defined or used in more files says little about any two of them. */
const MAX_DEFINITIONS = 2;
const MAX_USERS = 60;
const MAX_USED_DEFINITIONS = 4;

/** Files that use what the seeds define, and files that define what the seeds use. */
export function referencesOf(
  snapshot: Snapshot,
  seeds: readonly Ranked[],
): { users: Scores; used: Scores } {
  const { corpus, size } = snapshot;
  const users = new Float64Array(size);
  const used = new Float64Array(size);
  for (const { file, score } of seeds) {
    for (const name of corpus.definedBy(file)) {
      const definitions: number[] = [];
      corpus.symbols.each(name, (other) => definitions.push(other));
      if (definitions.length > MAX_DEFINITIONS) continue;
      const found: number[] = [];
      corpus.content.each(name, (other) => found.push(other));
      if (found.length > MAX_USERS) continue;
      for (const other of found)
        if (other !== file) users[other]! += score / Math.sqrt(found.length);
    }
    for (const name of corpus.usedBy(file)) {
      const found: number[] = [];
      corpus.symbols.each(name, (other) => found.push(other));
      if (found.length > MAX_USED_DEFINITIONS) continue;
      for (const other of found) if (other !== file) used[other]! += score / found.length;
    }
  }
  return { users, used };
}
