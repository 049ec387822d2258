/** One repository, driven through the git program. */
import type {
  BlameLine,
  Commit,
  CommitWithFiles,
  FileChange,
  Hunk,
  MergeOutcome,
  Person,
} from './schema.ts';

export interface GitRepository {
  /** The git directory. */
  readonly dir: string;
  /** Full sha of a ref or abbreviated commit; undefined when there is none or it is ambiguous. */
  resolve(ref: string): Promise<string | undefined>;
  defaultBranch(): Promise<string | undefined>;
  branches(): Promise<{ name: string; sha: string; committedAt: Date }[]>;
  /** Newest first. `from` is excluded. */
  log(options: {
    to: string;
    from?: string | undefined;
    firstParent?: boolean;
    since?: Date | undefined;
    until?: Date | undefined;
    limit?: number;
    paths?: readonly string[];
  }): AsyncIterable<Commit>;
  /** The same with changed files against the first parent; one git process for all. */
  logWithFiles(options: {
    to: string;
    from?: string | undefined;
    firstParent?: boolean;
    since?: Date | undefined;
    until?: Date | undefined;
    limit?: number;
    paths?: readonly string[];
  }): AsyncIterable<CommitWithFiles>;
  commit(sha: string): Promise<Commit | undefined>;
  countCommits(options: { to: string; firstParent?: boolean }): Promise<number>;
  /** From the merge base of both, as a host shows a pull request. */
  changedFiles(base: string, head: string): Promise<FileChange[]>;
  hunks(base: string, head: string, paths?: readonly string[]): Promise<Hunk[]>;
  /** The patch as text, cut at `maxBytes`. */
  patch(base: string, head: string, maxBytes?: number): Promise<{ text: string; isCut: boolean }>;
  listFiles(
    revision: string,
    folder?: string,
  ): Promise<{ path: string; sha: string; size: number; mode: string }[]>;
  /** Undefined when there is no such file; symbolic links are not followed. */
  readFile(revision: string, path: string, maxBytes?: number): Promise<Buffer | undefined>;
  readText(revision: string, path: string, maxBytes?: number): Promise<string | undefined>;
  mergeBase(a: string, b: string): Promise<string | undefined>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Merges two commits without a work tree (`git merge-tree --write-tree`). */
  mergeTree(ours: string, theirs: string): Promise<MergeOutcome>;
  commitTree(options: {
    treeSha: string;
    parents: string[];
    message: string;
    author: Person;
    committer: Person;
    at: Date;
  }): Promise<string>;
  /** Moves a ref if it still stands at `expected` (null: must not exist). False when it moved. */
  updateRef(ref: string, to: string, expected: string | null): Promise<boolean>;
  blame(revision: string, path: string, line: number): Promise<BlameLine | undefined>;
  fetch(options?: {
    headers?: Record<string, string> | undefined;
    url?: string | undefined;
  }): Promise<void>;
  /** A throw-away checkout of one commit. */
  checkout(revision: string, folder: string): Promise<AsyncDisposable>;
}
