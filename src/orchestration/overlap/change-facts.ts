/** What a change does, as far as others can collide with it: read once per head, from the mirror. */
import { createCodeReader, languageOf } from '#context';
import type { GitRepository, Hunk } from '#git';
import { AppError } from '#kernel';
import { changedSymbols } from './symbols.ts';

export interface ChangeFacts {
  /** Where it left its base branch. */
  baseSha: string;
  paths: string[];
  /** Names of definitions others may use whose declaration the change alters or takes away. */
  changedSymbols: string[];
  /** Names on the lines it adds. */
  usedNames: ReadonlySet<string>;
}

const MAX_PATHS = 2_000;
const MAX_CODE_FILES = 20;
const MAX_CODE_BYTES = 400_000;
const MAX_USED_NAMES = 5_000;
const MAX_LINES = 20_000;

export interface FactReader extends AsyncDisposable {
  /** Undefined where commits are missing: the mirror is behind, and will be asked again. */
  read(git: GitRepository, baseRef: string, headSha: string): Promise<ChangeFacts | undefined>;
}

/** Remembers the newest heads; facts of a head against its base branch hardly ever change. */
export function createFactReader(maxCached = 2_000): FactReader {
  const code = createCodeReader();
  const known = new Map<string, ChangeFacts>();

  async function readFacts(
    git: GitRepository,
    baseRef: string,
    headSha: string,
  ): Promise<ChangeFacts | undefined> {
    const base = await git.resolve(baseRef);
    if (base === undefined || (await git.resolve(headSha)) === undefined) return undefined;
    const files = await git.changedFiles(base, headSha);
    const paths = files.flatMap(({ path, oldPath }) =>
      oldPath === undefined ? [path] : [oldPath, path],
    );
    const lines = files.reduce((sum, { addedLines }) => sum + (addedLines ?? 0), 0);
    // The words of a vendored or generated bulk say nothing, and cost the most.
    const hunks =
      lines > MAX_LINES ? [] : await git.hunks(base, headSha, undefined, { withLines: true });
    const start = (await git.mergeBase(base, headSha)) ?? base;
    const symbols = new Set<string>();
    for (const { path, status } of files
      .filter(({ path: one }) => languageOf(one))
      .slice(0, MAX_CODE_FILES)) {
      if (status === 'added') continue;
      const [before, after] = [
        await outlineOf(git, start, path),
        await outlineOf(git, headSha, path),
      ];
      if (before === undefined) continue;
      for (const name of changedSymbols(languageOf(path)!, before, after ?? [])) symbols.add(name);
    }
    return {
      baseSha: start,
      paths: [...new Set(paths)].slice(0, MAX_PATHS),
      changedSymbols: [...symbols],
      usedNames: namesIn(hunks),
    };
  }

  async function outlineOf(git: GitRepository, revision: string, path: string) {
    const text = await git.readText(revision, path, MAX_CODE_BYTES).catch((error: unknown) => {
      if (error instanceof AppError) return undefined;
      throw error;
    });
    if (text === undefined) return undefined;
    const reading = await code.read(languageOf(path)!, text);
    return 'outline' in reading ? reading.outline.definitions : undefined;
  }

  return {
    async read(git, baseRef, headSha) {
      const key = `${git.dir} ${baseRef} ${headSha}`;
      const cached = known.get(key);
      if (cached !== undefined) return cached;
      const facts = await readFacts(git, baseRef, headSha).catch((error: unknown) => {
        if (error instanceof AppError) return undefined;
        throw error;
      });
      if (facts === undefined) return undefined;
      if (known.size >= maxCached) known.delete(known.keys().next().value!);
      known.set(key, facts);
      return facts;
    },
    [Symbol.asyncDispose]: () => code[Symbol.asyncDispose](),
  };
}

function namesIn(hunks: readonly Hunk[]): ReadonlySet<string> {
  const names = new Set<string>();
  for (const { added = [] } of hunks) {
    for (const line of added) {
      for (const [name] of line.matchAll(/[A-Za-z_]\w{3,60}/g)) {
        names.add(name);
        if (names.size >= MAX_USED_NAMES) return names;
      }
    }
  }
  return names;
}
