/** Values the git plumbing hands out. Paths are text; bytes that are not UTF-8 are escaped as git quotes them. */

export interface Person {
  name: string;
  email: string;
}

export interface FileChange {
  status: 'added' | 'modified' | 'deleted' | 'renamed' | 'copied' | 'type-changed';
  path: string;
  /** Where it was before a rename or copy. */
  oldPath?: string;
  /** Lines; null for binary files and submodules. */
  addedLines: number | null;
  deletedLines: number | null;
  isSubmodule: boolean;
  /** True when it is, or was, a symbolic link. */
  isSymlink?: boolean;
}

export interface Commit {
  sha: string;
  parents: string[];
  author: Person;
  authoredAt: Date;
  committer: Person;
  committedAt: Date;
  subject: string;
  body: string;
  /** `Co-authored-by` and the like, names in lower case, in order. */
  trailers: { name: string; value: string }[];
}

export interface CommitWithFiles extends Commit {
  /** Against the first parent. */
  files: FileChange[];
}

/** Lines one change touches: `start` is 1-based; `count` 0 means "inserted after start". */
export interface Hunk {
  path: string;
  oldStart: number;
  oldCount: number;
  newStart: number;
  newCount: number;
  /** The lines themselves, where they were asked for. */
  removed?: string[];
  added?: string[];
}

export interface MergeOutcome {
  /** Tree of the merge result; with conflicts it holds markers. */
  treeSha: string;
  conflicts: string[];
}

export interface BlameLine {
  sha: string;
  /** Path and line in the commit that wrote it. */
  path: string;
  line: number;
  author: Person;
  authoredAt: Date;
  text: string;
}

/** What one commit did to lines, against its first parent. */
export interface CommitWithHunks {
  sha: string;
  committedAt: Date;
  hunks: Hunk[];
  renames: { from: string; to: string }[];
}
