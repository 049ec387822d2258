/**
 * Who has what in hand: an inverted index from paths to open changes and sessions. Asking for a new claim
 * costs as much as it has candidates, however many are open. Pure, in memory.
 */

interface Holder {
  paths: readonly string[];
}

export class ClaimIndex<Key extends string = string> {
  readonly #holders = new Map<Key, Holder>();
  /** Holders of a file, and of a folder (with its closing slash). */
  readonly #byPath = new Map<string, Set<Key>>();
  /** Who holds something below each folder, for those who ask with a folder. */
  readonly #below = new Map<string, Set<Key>>();

  get size(): number {
    return this.#holders.size;
  }

  has(key: Key): boolean {
    return this.#holders.has(key);
  }

  pathsOf(key: Key): readonly string[] {
    return this.#holders.get(key)?.paths ?? [];
  }

  /** Replaces what the key holds. A path ending in a slash is a folder with everything below it. */
  set(key: Key, paths: readonly string[]): void {
    this.delete(key);
    this.#holders.set(key, { paths: [...new Set(paths)] });
    for (const path of this.pathsOf(key)) {
      addTo(this.#byPath, path, key);
      for (const folder of foldersAbove(path)) addTo(this.#below, folder, key);
    }
  }

  delete(key: Key): void {
    for (const path of this.pathsOf(key)) {
      removeFrom(this.#byPath, path, key);
      for (const folder of foldersAbove(path)) removeFrom(this.#below, folder, key);
    }
    this.#holders.delete(key);
  }

  /** How many hold the path. */
  holders(path: string): number {
    return this.#byPath.get(path)?.size ?? 0;
  }

  /**
   * Those that touch any of the paths, each with the paths of the question it touches.
   * @param except left out: whoever asks
   */
  candidates(paths: Iterable<string>, except?: Key): Map<Key, string[]> {
    const found = new Map<Key, string[]>();
    const note = (key: Key, path: string): void => {
      if (key === except) return;
      const list = found.get(key);
      if (list === undefined) found.set(key, [path]);
      else if (list.at(-1) !== path) list.push(path);
    };
    for (const path of paths) {
      for (const key of this.#byPath.get(path) ?? []) note(key, path);
      for (const folder of foldersAbove(path))
        for (const key of this.#byPath.get(folder) ?? []) note(key, path);
      if (path.endsWith('/')) for (const key of this.#below.get(path) ?? []) note(key, path);
    }
    return found;
  }
}

/** The folders above a path, each with its closing slash, and the whole repository. */
function foldersAbove(path: string): string[] {
  const folders: string[] = ['/'];
  for (
    let at = path.indexOf('/');
    at !== -1 && at < path.length - 1;
    at = path.indexOf('/', at + 1)
  )
    folders.push(path.slice(0, at + 1));
  return folders;
}

function addTo<Key>(lists: Map<string, Set<Key>>, path: string, key: Key): void {
  const known = lists.get(path);
  if (known === undefined) lists.set(path, new Set([key]));
  else known.add(key);
}

function removeFrom<Key>(lists: Map<string, Set<Key>>, path: string, key: Key): void {
  const known = lists.get(path);
  known?.delete(key);
  if (known?.size === 0) lists.delete(path);
}
