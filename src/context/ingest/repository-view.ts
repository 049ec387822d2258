/** What the readers of a repository's facts need to know of it. Values only. */
import type { EntityRef, NewFact } from '../graph/schema.ts';

export interface ViewedFile {
  /** Within its repository's history. */
  number: number;
  ref: EntityRef;
  path: string;
  class: string;
  blobSha: string;
  size: number;
  /** Of the commit that last touched it. */
  position: number;
}

export interface RepositoryView {
  name: string;
  head: { sha: string; position: number; at: Date };
  /** Alive files by path. */
  files: ReadonlyMap<string, ViewedFile>;
  /** Files that are gone, by the last path they had; the newest of a path. */
  gone: ReadonlyMap<string, ViewedFile>;
  /** Folders that hold alive files, without a slash at the end. */
  folders: ReadonlySet<string>;
  /** Time of the commit at a position. */
  timeAt(position: number): Date;
  shaAt(position: number): string;
}

/** A statement before it has its place in the order of the repository. */
export interface Draft {
  object: string;
  extractor: string;
  extractorVersion: number;
  /** Blob or commit the facts were read from. */
  revision: string;
  /** Position of the commit from which on they hold. */
  position: number;
  readonly facts: readonly NewFact[];
  /** The facts depend on the blob and its path alone: untouched since it was last said, they stand. */
  isOfBlob?: true;
}

/** The thing a path names: a file that is, a file that was, or nothing we know. */
export function fileAt(view: RepositoryView, path: string): ViewedFile | undefined {
  return view.files.get(path) ?? view.gone.get(path);
}
