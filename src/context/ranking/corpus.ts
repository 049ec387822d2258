/**
 * The text of one commit's files, by file number: content in pieces, path, defined names, documents.
 * Follows the tree by blobs: only content that changed is read again.
 */
import { classifyFile, type FileClass, looksBinary } from '../file-class.ts';
import { baseOf, type FileUpdate } from './change-history.ts';
import { ChunkedText } from './chunked-text.ts';
import { readDocumentLinks, readDocumentText } from './document-text.ts';
import { readSymbols } from './symbols.ts';
import { termsOfWord, toTerms, WHOLE_MARK } from './terms.ts';
import { TextField } from './text-field.ts';

/** Larger files are data or generated; their paths still rank. */
export const MAX_FILE_BYTES = 400_000;
/** Long configuration is data: dashboards, schemas, fixtures. Its first part says what it is. */
const MAX_CONFIGURATION_BYTES = 40_000;
const MAX_LINE_LENGTH = 20_000;
/** Names kept per file for references between files. */
const MAX_NAMES = 150;

/** Why files were left out of the text index, counted. */
export interface SkippedFiles {
  tooLarge: number;
  binary: number;
  longLines: number;
}

interface Mention {
  document: number;
  path: string;
}

export class Corpus {
  readonly content = new ChunkedText();
  readonly paths = new TextField();
  readonly symbols = new TextField();
  readonly documents = new TextField();
  readonly documentTitles = new TextField();
  readonly documentChunks = new ChunkedText();
  readonly classes: FileClass[] = [];
  readonly lineCounts: number[] = [];
  readonly skipped: SkippedFiles = { tooLarge: 0, binary: 0, longLines: 0 };
  /** Base name in lower case -> who mentions a path that ends so. */
  readonly #mentionsByBase = new Map<string, Mention[]>();
  readonly #mentionsOf = new Map<number, string[]>();
  readonly #linksOf = new Map<number, string[]>();
  /** Whole identifiers, with their mark. */
  readonly #definedBy = new Map<number, string[]>();
  readonly #usedBy = new Map<number, string[]>();
  readonly #wanted = new Map<number, FileUpdate>();
  readonly #indexedBlob: string[] = [];
  readonly #indexedPath: string[] = [];

  /** Notes what the tree holds now; nothing is read before `takeReads`. */
  note(updates: readonly FileUpdate[]): void {
    for (const update of updates) this.#wanted.set(update.file, update);
  }

  /**
   * Brings paths and deletions up to date and hands out the blobs that must be read for the rest, each
   * with the files that hold it.
   */
  takeReads(pathOf: (file: number) => string): Map<string, number[]> {
    const reads = new Map<string, number[]>();
    for (const { file, blob, mode } of this.#wanted.values()) {
      const path = pathOf(file);
      const isFile = blob !== '' && mode !== '120000' && mode !== '160000';
      const isUsed = isFile && this.#acceptPath(file, path);
      if (!isUsed) {
        this.#dropContent(file);
        if (!isFile) this.paths.delete(file);
        this.#indexedBlob[file] = '';
      } else if (this.#indexedBlob[file] !== blob) {
        this.#indexedBlob[file] = blob;
        const files = reads.get(blob);
        if (files === undefined) reads.set(blob, [file]);
        else files.push(file);
      }
    }
    this.#wanted.clear();
    return reads;
  }

  /** True when the content of the file is worth reading. */
  #acceptPath(file: number, path: string): boolean {
    if (this.#indexedPath[file] === path && this.paths.has(file))
      return isText(this.classes[file]!);
    const before = this.classes[file];
    const kind = classifyFile(path);
    this.classes[file] = kind;
    if (before !== kind) this.#indexedBlob[file] = '';
    this.#indexedPath[file] = path;
    if (kind === 'generated' || (kind === 'other' && looksBinary(path))) {
      this.paths.delete(file);
      return false;
    }
    const base = baseOf(path).replace(/\.[^.]+$/, '');
    this.paths.set(file, [...toTerms(path), ...toTerms(base)]);
    return isText(kind);
  }

  put(file: number, path: string, data: Buffer): void {
    this.#dropContent(file);
    if (data.length > MAX_FILE_BYTES) {
      this.skipped.tooLarge += 1;
      return;
    }
    if (data.subarray(0, 8_000).includes(0)) {
      this.skipped.binary += 1;
      return;
    }
    const bytes = this.classes[file] === 'configuration' ? MAX_CONFIGURATION_BYTES : data.length;
    let text = data.toString('utf8', 0, bytes);
    const longest = longestLine(text);
    if (longest > MAX_LINE_LENGTH) {
      this.skipped.longLines += 1;
      text = text
        .split('\n')
        .map((line) => line.slice(0, MAX_LINE_LENGTH))
        .join('\n');
    }
    if (this.classes[file] === 'document') {
      const { headings, mentions } = readDocumentText(text);
      this.documents.set(file, toTerms(text));
      this.documentChunks.set(file, text);
      this.documentTitles.set(file, [...toTerms(path), ...toTerms(headings.join('\n'))]);
      this.#mentionsOf.set(file, mentions);
      for (const mention of mentions) {
        const base = baseOf(mention).toLowerCase();
        const list = this.#mentionsByBase.get(base);
        if (list === undefined) this.#mentionsByBase.set(base, [{ document: file, path: mention }]);
        else list.push({ document: file, path: mention });
      }
      return;
    }
    this.content.set(file, text);
    const symbols = toTerms(readSymbols(text).join(' '));
    this.symbols.set(file, symbols);
    const defined = new Set(symbols.filter((term) => term.startsWith(WHOLE_MARK)));
    this.#definedBy.set(file, [...defined].slice(0, MAX_NAMES));
    this.#usedBy.set(file, readUses(text, defined));
    this.lineCounts[file] = countLines(text);
    const links = readDocumentLinks(text);
    if (links.length > 0) this.#linksOf.set(file, links);
  }

  /** Paths in documents whose last part is this one. */
  mentionsOfBase(base: string): readonly Mention[] {
    return this.#mentionsByBase.get(base.toLowerCase()) ?? [];
  }

  /** Base names of documents that a source file names. */
  linksOf(file: number): readonly string[] {
    return this.#linksOf.get(file) ?? [];
  }

  /** Whole identifiers a file defines. */
  definedBy(file: number): readonly string[] {
    return this.#definedBy.get(file) ?? [];
  }

  /** Whole identifiers a file uses and does not define, the commonest of it first. */
  usedBy(file: number): readonly string[] {
    return this.#usedBy.get(file) ?? [];
  }

  #dropContent(file: number): void {
    this.#definedBy.delete(file);
    this.#usedBy.delete(file);
    this.content.delete(file);
    this.symbols.delete(file);
    this.documents.delete(file);
    this.documentTitles.delete(file);
    this.documentChunks.delete(file);
    this.#linksOf.delete(file);
    for (const mention of this.#mentionsOf.get(file) ?? []) {
      const base = baseOf(mention).toLowerCase();
      const rest = (this.#mentionsByBase.get(base) ?? []).filter((it) => it.document !== file);
      if (rest.length === 0) this.#mentionsByBase.delete(base);
      else this.#mentionsByBase.set(base, rest);
    }
    this.#mentionsOf.delete(file);
  }
}

function isText(kind: FileClass): boolean {
  return kind !== 'generated' && kind !== 'other';
}

function longestLine(text: string): number {
  let longest = 0;
  let start = 0;
  for (;;) {
    const end = text.indexOf('\n', start);
    if (end === -1) return Math.max(longest, text.length - start);
    longest = Math.max(longest, end - start);
    start = end + 1;
  }
}

function countLines(text: string): number {
  let lines = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines;
}

function readUses(text: string, defined: ReadonlySet<string>): string[] {
  const counts = new Map<string, number>();
  for (const [word] of text.matchAll(/[A-Za-z][A-Za-z0-9_]{3,59}/g)) {
    const whole = termsOfWord(word).at(-1);
    if (whole?.startsWith(WHOLE_MARK) === true && !defined.has(whole))
      counts.set(whole, (counts.get(whole) ?? 0) + 1);
  }
  return [...counts]
    .toSorted((a, b) => b[1] - a[1])
    .slice(0, MAX_NAMES)
    .map(([name]) => name);
}
