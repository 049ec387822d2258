/**
 * What happened, in memory: every merged change with its files, time, author and words. A file keeps its
 * number through renames. Changes are only ever added, so an index at one commit reaches a later one by
 * the changes between them.
 */
import type { MergedChange, TreeChange } from '#git';
import { isRobot } from '../people.ts';
import { readPurpose, readReferences, readScopes } from './messages.ts';
import { PeopleRegister } from './people-register.ts';
import { Postings } from './postings.ts';
import { countTerms, toTerms } from './terms.ts';

/** A change of more files says nothing about which belong together. */
export const WIDE_CHANGE = 40;
/** A change of more files is kept as a change of the tree only. */
const SWEEPING_CHANGE = 2_000;
/** Above it, folders are not credited with the change. */
const WIDE_FOR_FOLDERS = 60;
const MAX_BRANCH_TEXT = 1_500;

/** A file whose content or place is another than before. */
export interface FileUpdate {
  file: number;
  /** Empty when the file is gone. */
  blob: string;
  mode: string;
}

/** What is known of a merge beyond its own commit: who wrote the branch and what its commits said. */
export interface MergedBranch {
  author: { name: string; email: string };
  text: string;
}

export class ChangeHistory {
  readonly people = new PeopleRegister();
  /** Path by file number; the last one where the file is gone. */
  readonly paths: string[] = [];
  readonly #numberOf = new Map<string, number>();
  /** By position. */
  readonly filesOf: Int32Array[] = [];
  /** Seconds since 1970, by position; never earlier than the change before. */
  readonly times: number[] = [];
  /** What the change was for, by position; empty for robots. */
  readonly titles: string[] = [];
  readonly shas: string[] = [];
  /** Person number by position; -1 for robots. */
  readonly authors: number[] = [];
  /** Positions by file number, rising. */
  readonly touches: number[][] = [];
  readonly bornAt: number[] = [];
  readonly folderTouches = new Map<string, number[]>();
  readonly scopeChanges = new Map<string, number[]>();
  readonly referenceChanges = new Map<string, number[]>();
  readonly #words = new Postings();
  readonly wordCounts: number[] = [];
  #totalWords = 0;
  #spoken = 0;

  get size(): number {
    return this.times.length;
  }

  /** Changes by people: those whose words are kept. */
  get spoken(): number {
    return this.#spoken;
  }

  get averageWords(): number {
    return Math.max(1, this.#totalWords / Math.max(1, this.#spoken));
  }

  get wordBytes(): number {
    return this.#words.bytes;
  }

  /** Number of a living file. */
  numberOf(path: string): number | undefined {
    return this.#numberOf.get(path);
  }

  isAlive(file: number): boolean {
    return this.#numberOf.get(this.paths[file]!) === file;
  }

  /** Living files: path and number. */
  living(): IterableIterator<[string, number]> {
    return this.#numberOf.entries();
  }

  get livingCount(): number {
    return this.#numberOf.size;
  }

  /** Calls back with each change whose words hold a term, oldest first. */
  eachWord(term: string, visit: (position: number, count: number) => void): void {
    this.#words.each(term, visit);
  }

  /** Takes the next change of the first-parent line. */
  add(change: MergedChange, branch?: MergedBranch): FileUpdate[] {
    const position = this.times.length;
    const seconds = change.committedAt.getTime() / 1000;
    this.times.push(Math.max(seconds, this.times.at(-1) ?? 0));
    const updates = this.#applyToTree(change.files, position);
    const author = branch?.author ?? change.author;
    const isByRobot = isRobot(author);
    const touched = [...new Set(updates.map(({ file }) => file))];
    const isSweeping = touched.length > SWEEPING_CHANGE;
    const files = isByRobot || isSweeping ? [] : touched;
    this.shas.push(change.sha);
    this.titles.push('');
    this.filesOf.push(Int32Array.from(files));
    this.authors.push(isByRobot ? -1 : this.people.numberOf(author, this.times[position]!));
    for (const file of files) this.touches[file]!.push(position);
    if (!isByRobot) this.#listen(change, branch, position);
    if (!isByRobot && change.files.length <= WIDE_FOR_FOLDERS) {
      const folders = new Set(change.files.map(({ path }) => folderOf(path)));
      for (const folder of folders) pushTo(this.folderTouches, folder, position);
    }
    return updates;
  }

  #listen(change: MergedChange, branch: MergedBranch | undefined, position: number): void {
    const { title, body } = readPurpose(change);
    const more = branch === undefined ? '' : branch.text.slice(0, MAX_BRANCH_TEXT);
    const terms = toTerms(`${title}\n${title}\n${body}\n${more}`);
    this.titles[position] = title.slice(0, 120);
    this.wordCounts[position] = terms.length;
    this.#totalWords += terms.length;
    this.#spoken += 1;
    for (const [term, count] of countTerms(terms)) this.#words.add(term, position, count);
    for (const scope of readScopes(title)) pushTo(this.scopeChanges, scope, position);
    for (const reference of readReferences(`${change.subject}\n${change.body}`))
      pushTo(this.referenceChanges, reference, position);
  }

  #applyToTree(files: readonly TreeChange[], position: number): FileUpdate[] {
    const updates: FileUpdate[] = [];
    // Old names are let go before new ones are taken: a swap of two names is two renames.
    const renames = pairRenames(files);
    const moved = new Map<string, number>();
    for (const change of files) {
      const from = renames.get(change) ?? change.oldPath;
      if (from === undefined) continue;
      const number = this.#numberOf.get(from);
      if (number === undefined) continue;
      moved.set(change.path, number);
      this.#numberOf.delete(from);
    }
    for (const change of files) {
      if (change.status !== 'deleted') continue;
      const number = this.#numberOf.get(change.path);
      // A name given up by a rename was taken away above.
      if (number === undefined) continue;
      this.#numberOf.delete(change.path);
      updates.push({ file: number, blob: '', mode: change.mode });
    }
    for (const change of files) {
      if (change.status === 'deleted') continue;
      const replaced = this.#numberOf.get(change.path);
      const file = moved.get(change.path) ?? replaced ?? this.#create(change.path, position);
      if (replaced !== undefined && replaced !== file)
        updates.push({ file: replaced, blob: '', mode: '' });
      this.#numberOf.set(change.path, file);
      this.paths[file] = change.path;
      updates.push({ file, blob: change.blob, mode: change.mode });
    }
    return updates;
  }

  #create(path: string, position: number): number {
    const file = this.paths.length;
    this.paths.push(path);
    this.touches.push([]);
    this.bornAt.push(position);
    return file;
  }
}

/** A file that vanished and one that appeared under the same unique base name are one file that moved. */
function pairRenames(files: readonly TreeChange[]): Map<TreeChange, string> {
  const gone = new Map<string, TreeChange | null>();
  const born = new Map<string, TreeChange | null>();
  for (const change of files) {
    const side = change.status === 'deleted' ? gone : change.status === 'added' ? born : undefined;
    const base = baseOf(change.path);
    side?.set(base, side.has(base) ? null : change);
  }
  const pairs = new Map<TreeChange, string>();
  for (const [base, old] of gone) {
    const next = born.get(base);
    if (old !== null && next !== null && next !== undefined) pairs.set(next, old.path);
  }
  return pairs;
}

export function folderOf(path: string): string {
  const cut = path.lastIndexOf('/');
  return cut === -1 ? '' : path.slice(0, cut);
}

export function baseOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function pushTo<Key>(lists: Map<Key, number[]>, key: Key, value: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
