/**
 * A landed change as the risk model sees it. There is no person in it: what the model cannot see, it
 * cannot hold against anybody.
 */

/** `source` is code that runs in production; `other` is configuration, build files and the like. */
export type FileKind = 'source' | 'test' | 'docs' | 'generated' | 'other';

export interface TouchedFile {
  path: string;
  addedLines: number;
  deletedLines: number;
  kind: FileKind;
}

/** Counts over the production source files of one change. */
export interface CodeCounts {
  hunks: number;
  /** Lines that are not blank, comment, import or brace. */
  addedLines: number;
  /** Of these, lines that branch, loop, return, throw or wait. */
  addedControlLines: number;
  whitespaceLines: number;
  files: number;
  /** Length of the files before, together. */
  linesBefore: number;
}

/** What the added lines of production code say; null in a record that keeps no patch. */
export interface ContentCounts {
  /** Lines that are neither blank, comment, import nor brace. */
  codeLines: number;
  commentLines: number;
  importLines: number;
  /** Deepest indentation, in levels. */
  deepest: number;
  /** Characters of the lines of code, of at most 200 each. */
  characters: number;
  /** Lines with a number other than 0 and 1. */
  numbers: number;
  /** Lines with a quoted text. */
  texts: number;
  /** Lines that speak of an absent value. */
  absences: number;
  calls: number;
  /** Lines that calculate or index. */
  arithmetic: number;
  /** Lines that were removed elsewhere in the same change. */
  movedLines: number;
  /** Distinct names. */
  names: number;
}

/** What the deleted lines of code were. */
export interface DeletedCode {
  lines: number;
  /** Share of them younger than 14 days. */
  youngShare: number;
  meanAgeDays: number;
}

export interface RiskChange {
  /** Names the change within its history; grows with every change that lands. */
  index: number;
  /** Seconds since the epoch. */
  landedAt: number;
  subject: string;
  files: readonly TouchedFile[];
  /** May exceed `files.length`, which is cut for very large changes. */
  fileCount: number;
  code: CodeCounts;
  deleted: DeletedCode | null;
  content: ContentCounts | null;
  /** False for a change without production code, of a robot, or too large to be one person's work. */
  isCode: boolean;
}

export const DAY_SECONDS = 86_400;
