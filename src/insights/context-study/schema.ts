import type { ContextFigures } from '#context';

/** "How well would the files of your last changes have been found?", as far as it is known. */
export type ContextStudy =
  | { state: 'empty' }
  /** `total` is null until the history was read. */
  | { state: 'computing'; done: number; total: number | null }
  | { state: 'ready'; figures: ContextFigures }
  | { state: 'failed'; reason: string };

/** A repository at one commit. `key` names it for as long as it lives; `dir` is its git directory. */
export interface StudyTarget {
  key: string;
  dir: string;
  head: string;
}

/** Changes that are asked about: enough that one more or less moves no figure by a percent. */
export const STUDIED_CHANGES = 200;
