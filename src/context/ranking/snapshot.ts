/** What a question is asked of: the history up to one commit and the text of its tree. */
import { baseOf, type ChangeHistory, folderOf } from './change-history.ts';
import type { Corpus } from './corpus.ts';
import { descriptionLengths } from './history-signals.ts';
import { toTerms } from './terms.ts';

export class Snapshot {
  readonly history: ChangeHistory;
  readonly corpus: Corpus;
  readonly #names: { stem: string; words: ReadonlySet<string> }[] = [];
  #lengths: Float64Array | undefined;
  #stems: Map<string, number[]> | undefined;
  #folders: Map<string, number[]> | undefined;
  #alive: Uint8Array | undefined;
  readonly #kinds = new Map<string, string>();

  constructor(history: ChangeHistory, corpus: Corpus) {
    this.history = history;
    this.corpus = corpus;
  }

  /** One more than the highest file number. */
  get size(): number {
    return this.history.paths.length;
  }

  /** Seconds of the newest change. */
  get lastAt(): number {
    return this.history.times.at(-1) ?? 0;
  }

  pathOf(file: number): string {
    return this.history.paths[file]!;
  }

  /** True for a file that is in the tree. */
  isAlive(file: number): boolean {
    this.#alive ??= Uint8Array.from(this.history.paths, (_, it) =>
      Number(this.history.isAlive(it)),
    );
    return this.#alive[file] === 1;
  }

  /** The ending of a path, with a mark where it is a test's; worked out once for each path. */
  kindOf(path: string): string {
    let kind = this.#kinds.get(path);
    if (kind === undefined) {
      kind = path.slice(path.lastIndexOf('/') + 1);
      kind = kind.includes('.') ? kind.slice(kind.lastIndexOf('.')) : '';
      if (TEST_PART.test(path)) kind += '!';
      this.#kinds.set(path, kind);
    }
    return kind;
  }

  /** Files that can be edited by a person with purpose: code and configuration. */
  isSource(file: number): boolean {
    const kind = this.corpus.classes[file];
    return (kind === 'source' || kind === 'configuration') && this.isAlive(file);
  }

  isTest(file: number): boolean {
    return this.corpus.classes[file] === 'test' && this.isAlive(file);
  }

  isDocument(file: number): boolean {
    return this.corpus.classes[file] === 'document' && this.isAlive(file);
  }

  /** The stem of a file's name, and the words in it; worked out once, for every question asks all files. */
  nameOf(file: number): { stem: string; words: ReadonlySet<string> } {
    const known = this.#names[file];
    if (known !== undefined) return known;
    const path = this.pathOf(file);
    const name = {
      stem: stemOf(path),
      words: new Set(toTerms(baseOf(path), { withWhole: false })),
    };
    this.#names[file] = name;
    return name;
  }

  descriptionLengths(): Float64Array {
    this.#lengths ??= descriptionLengths(this.history);
    return this.#lengths;
  }

  /** Living files by the stem of their name, see `stemOf`. */
  filesByStem(): ReadonlyMap<string, readonly number[]> {
    this.#stems ??= this.#group((path) => stemOf(path));
    return this.#stems;
  }

  /** Living files by folder. */
  filesByFolder(): ReadonlyMap<string, readonly number[]> {
    this.#folders ??= this.#group(folderOf);
    return this.#folders;
  }

  #group(keyOf: (path: string) => string): Map<string, number[]> {
    const groups = new Map<string, number[]>();
    for (const [path, file] of this.history.living()) {
      const key = keyOf(path);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [file]);
      else group.push(file);
    }
    return groups;
  }
}

const TEST_PART = /(?:^|[/._-])(?:tests?|spec)(?:[/._-]|$)/i;
const TEST_ENDINGS = new Set([
  'test',
  'tests',
  'spec',
  'specs',
  'stories',
  'e2e',
  'bench',
  'd',
  'mock',
]);

/** `src/parse-header.test.ts`, `tests/test_parse_header.py`, `ParseHeaderTest.java` -> `parseheader`. */
export function stemOf(path: string): string {
  const parts = baseOf(path).split('.');
  if (parts.length > 1) parts.pop();
  while (parts.length > 1 && TEST_ENDINGS.has(parts.at(-1)!)) parts.pop();
  return parts
    .join('')
    .replace(/^test_|(?:[_-](?:test|tests|spec)|(?<=[a-z0-9])(?:Tests?|Spec|IT|TestCase))$/g, '')
    .replace(/[^A-Za-z0-9]/g, '')
    .toLowerCase();
}
