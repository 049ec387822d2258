/** One repository, driven through the git program. */
import { readFileSync, statSync } from 'node:fs';
import { join, resolve as resolvePath } from 'node:path';
import { AppError } from '#kernel';
import { blameLine } from './blame.ts';
import { type MergedChange, readChangeLog } from './change-log.ts';
import { diffFiles, diffHunks, diffIdentity, diffPatch } from './diff.ts';
import {
  countCommits,
  type LogOptions,
  readLog,
  readLogWithFiles,
  readLogWithHunks,
} from './log.ts';
import { commitTree, isAncestor, mergeBase, mergeTree, updateRef } from './merge.ts';
import { type MergeScratch, openMergeScratch } from './merge-scratch.ts';
import { checkoutCommit, cloneBare, type CloneProgress, fetchMirror } from './mirror.ts';
import { createObjectReader, readBlobs, readFewBlobs } from './objects.ts';
import { decodePath, encodePath } from './path.ts';
import { runGit, runGitText, unknownRevision } from './run.ts';
import { listTree, type TreeEntry } from './tree.ts';
import type {
  BlameLine,
  Commit,
  CommitWithFiles,
  CommitWithHunks,
  FileChange,
  Hunk,
  MergeOutcome,
  Person,
} from './schema.ts';

export interface GitRepository {
  /** The git directory. */
  readonly dir: string;
  /**
   * Full sha of a ref or abbreviated commit; undefined when there is none or it is ambiguous. A bare
   * name means the branch first, so that a tag of the same name cannot take its place.
   */
  resolve(ref: string): Promise<string | undefined>;
  /** Sha of the tree of a commit: equal content, equal tree. Undefined when there is no such commit. */
  treeOf(revision: string): Promise<string | undefined>;
  /**
   * The branch HEAD points to; where that is gone, `main`, `master`, or the only one. In an empty
   * repository the branch that is not born yet.
   */
  defaultBranch(): Promise<string | undefined>;
  branches(): Promise<{ name: string; sha: string; committedAt: Date }[]>;
  /** Newest first unless `order` says otherwise. `from` is excluded. */
  log(options: {
    to: string;
    from?: string | undefined;
    firstParent?: boolean;
    since?: Date | undefined;
    until?: Date | undefined;
    limit?: number;
    order?: 'newest' | 'oldest';
    paths?: readonly string[];
  }): AsyncIterable<Commit>;
  /**
   * The same with changed files against the first parent; one git process for all. The commit where a
   * shallow clone was cut off has no files: they are not known.
   */
  logWithFiles(options: {
    to: string;
    from?: string | undefined;
    firstParent?: boolean;
    since?: Date | undefined;
    until?: Date | undefined;
    limit?: number;
    order?: 'newest' | 'oldest';
    /** False leaves the line counts out (null), which is about ten times faster. */
    withLineCounts?: boolean;
    /** Exact reads no contents: for clones that lack some. Similar unless given. */
    renames?: 'similar' | 'exact';
    paths?: readonly string[];
  }): AsyncIterable<CommitWithFiles>;
  /**
   * Oldest first, with line ranges and renames instead of files; one git process for all. `withLines`
   * adds the lines themselves.
   */
  logWithHunks(options: {
    to: string;
    from?: string | undefined;
    firstParent?: boolean;
    since?: Date | undefined;
    limit?: number;
    withLines?: boolean;
  }): AsyncIterable<CommitWithHunks>;
  /** The first-parent line, oldest first, with the blobs each change left behind; renames of equal content only. */
  changeLog(range: {
    to: string;
    from?: string | undefined;
  }): AsyncGenerator<MergedChange, void, undefined>;
  commit(sha: string): Promise<Commit | undefined>;
  countCommits(options: { to: string; firstParent?: boolean }): Promise<number>;
  /** From the merge base of both, as a host shows a pull request; without one, between the two trees. */
  changedFiles(base: string, head: string): Promise<FileChange[]>;
  /** Paths in which two commits or trees differ, whatever lies between them; of a rename both. */
  differingPaths(a: string, b: string): Promise<string[]>;
  hunks(
    base: string,
    head: string,
    paths?: readonly string[],
    options?: { withLines?: boolean },
  ): Promise<Hunk[]>;
  /** The patch as text, cut at `maxBytes`. */
  patch(base: string, head: string, maxBytes?: number): Promise<{ text: string; isCut: boolean }>;
  /** Equal for two changes that do the very same to the same places; see `diffIdentity`. */
  diffIdentity(base: string, head: string): Promise<string | undefined>;
  listFiles(revision: string, folder?: string): Promise<TreeEntry[]>;
  /**
   * Undefined when there is no such file; a symbolic link gives its target's path as content.
   * @throws AppError `git.file_too_large` above `maxBytes` (10 MiB unless given).
   */
  readFile(revision: string, path: string, maxBytes?: number): Promise<Buffer | undefined>;
  readText(revision: string, path: string, maxBytes?: number): Promise<string | undefined>;
  /** Contents of many blobs by sha (of `listFiles`), in order, through one process. */
  readBlobs(
    shas: readonly string[],
  ): AsyncGenerator<{ sha: string; data: Buffer }, void, undefined>;
  mergeBase(a: string, b: string): Promise<string | undefined>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Merges two commits without a work tree (`git merge-tree --write-tree`). */
  mergeTree(ours: string, theirs: string): Promise<MergeOutcome>;
  /** A place for many merges at once that leaves this repository untouched; disposing deletes it. */
  openMergeScratch(): Promise<MergeScratch>;
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
  /** Branches and tags; `refs` names more, such as `refs/pull/12/head`. */
  fetch(options?: {
    refs?: readonly string[] | undefined;
    headers?: Record<string, string> | undefined;
    url?: string | undefined;
  }): Promise<void>;
  /** A throw-away checkout of one commit in a new folder, without submodules; disposing deletes it. */
  checkout(revision: string, folder: string): Promise<AsyncDisposable>;
}

export type { CloneProgress } from './mirror.ts';

const MAX_FILE_BYTES = 10 * 1024 * 1024;
/** Up to so many, asking the standing process is quicker than starting another. */
const FEW_BLOBS = 100;
const MAX_PATCH_BYTES = 1024 * 1024;
const FULL_SHA = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
/** A ref name or abbreviated sha, with steps back. Git's search and path syntax can end its process. */
const REVISION = /^(?!-)(?:(?!@\{)[^\s\p{Cc}:?*[\\^~])+(?:[~^]\d*)*$/u;
const USUAL_DEFAULTS = ['main', 'master', 'trunk', 'develop'];

/**
 * Opens a repository: a bare one, or the top folder of a work tree. Nothing is read yet; a folder
 * without a repository gives `git.not_a_repository` at the first question.
 */
export function openRepository(dir: string): GitRepository {
  const gitDir = findGitDir(resolvePath(dir));
  const objects = createObjectReader(gitDir);

  async function find(name: string): Promise<string | undefined> {
    const info = await objects.info(Buffer.from(`${name}^{commit}`));
    return info?.type === 'commit' ? info.sha : undefined;
  }

  async function resolve(ref: string): Promise<string | undefined> {
    if (!REVISION.test(ref)) return undefined;
    if (FULL_SHA.test(ref) || ref === 'HEAD' || ref.startsWith('refs/')) return find(ref);
    return (await find(`refs/heads/${ref}`)) ?? find(ref);
  }

  async function treeOf(revision: string): Promise<string | undefined> {
    const sha = await resolve(revision);
    if (sha === undefined) return undefined;
    return (await objects.info(Buffer.from(`${sha}^{tree}`)))?.sha;
  }

  /** The sha of a revision that must exist. */
  async function need(revision: string): Promise<string> {
    if (FULL_SHA.test(revision)) return revision;
    const sha = await resolve(revision);
    if (sha === undefined) throw unknownRevision(revision);
    return sha;
  }

  async function needLog(options: LogOptions): Promise<LogOptions> {
    const to = await need(options.to);
    return {
      ...options,
      to,
      from: options.from === undefined ? undefined : await need(options.from),
    };
  }

  async function* log(options: LogOptions): AsyncGenerator<Commit> {
    yield* readLog(gitDir, await needLog(options));
  }

  async function* logWithFiles(options: LogOptions): AsyncGenerator<CommitWithFiles> {
    yield* readLogWithFiles(gitDir, await needLog(options));
  }

  async function* logWithHunks(options: LogOptions): AsyncGenerator<CommitWithHunks> {
    yield* readLogWithHunks(gitDir, await needLog(options));
  }

  async function* changeLog(range: {
    to: string;
    from?: string | undefined;
  }): AsyncGenerator<MergedChange, void, undefined> {
    yield* readChangeLog(gitDir, {
      to: await need(range.to),
      from: range.from === undefined ? undefined : await need(range.from),
    });
  }

  async function commit(sha: string): Promise<Commit | undefined> {
    const found = await resolve(sha);
    if (found === undefined) return undefined;
    for await (const first of readLog(gitDir, { to: found, limit: 1 })) return first;
    return undefined;
  }

  async function branches(): Promise<{ name: string; sha: string; committedAt: Date }[]> {
    const { stdout } = await runGit(gitDir, [
      'for-each-ref',
      '--format=%(objectname) %(committerdate:unix) %(refname:lstrip=2)',
      'refs/heads',
    ]);
    return stdout
      .toString('latin1')
      .split('\n')
      .flatMap((line) => {
        const match = /^([0-9a-f]+) (\d+) (.+)$/.exec(line);
        if (match === null) return [];
        const name = decodePath(Buffer.from(match[3]!, 'latin1'));
        return [{ name, sha: match[1]!, committedAt: new Date(Number(match[2]) * 1000) }];
      });
  }

  async function defaultBranch(): Promise<string | undefined> {
    const { stdout, exitCode } = await runGit(gitDir, ['symbolic-ref', '--quiet', 'HEAD'], {
      okCodes: [0, 1],
    });
    const head = exitCode === 0 ? stdout.toString('utf8').trim() : '';
    const name = head.startsWith('refs/heads/') ? head.slice('refs/heads/'.length) : undefined;
    if (name !== undefined && (await find(head)) !== undefined) return name;
    const names = (await branches()).map((branch) => branch.name);
    if (names.length === 0) return name;
    return USUAL_DEFAULTS.find((usual) => names.includes(usual)) ?? names[0];
  }

  async function startOf(base: string, head: string): Promise<[from: string, to: string]> {
    const [from, to] = [await need(base), await need(head)];
    return [(await mergeBase(gitDir, from, to)) ?? from, to];
  }

  async function readFile(
    revision: string,
    path: string,
    maxBytes = MAX_FILE_BYTES,
  ): Promise<Buffer | undefined> {
    // Git reads a leading dot folder as relative to a work tree; no tree holds such a path.
    if (path === '' || /^\.{1,2}(?:\/|$)/.test(path)) return undefined;
    const sha = await need(revision);
    const info = await objects.info(Buffer.concat([Buffer.from(`${sha}:`), encodePath(path)]));
    if (info?.type !== 'blob') {
      // A commit that is not here must not pass for a file that is not in it.
      if (info === undefined && (await find(sha)) === undefined) throw unknownRevision(revision);
      return undefined;
    }
    if (info.size > maxBytes) {
      throw new AppError('limit_exceeded', 'git.file_too_large', {
        message: `${path} has ${info.size} bytes; the limit here is ${maxBytes}.`,
        hint: 'Make the file smaller, or read it from a clone.',
        details: { path, size: info.size, maxBytes },
      });
    }
    return objects.contents(info.sha);
  }

  return {
    dir: gitDir,
    resolve,
    treeOf,
    defaultBranch,
    branches,
    log,
    logWithFiles,
    logWithHunks,
    changeLog,
    commit,
    countCommits: async (options) =>
      countCommits(gitDir, { ...options, to: await need(options.to) }),
    changedFiles: async (base, head) => diffFiles(gitDir, ...(await startOf(base, head))),
    differingPaths: async (a, b) =>
      (await diffFiles(gitDir, a, b)).flatMap(({ path, oldPath }) =>
        oldPath === undefined ? [path] : [path, oldPath],
      ),
    hunks: async (base, head, paths, options) =>
      diffHunks(gitDir, ...(await startOf(base, head)), paths, options?.withLines),
    patch: async (base, head, maxBytes = MAX_PATCH_BYTES) =>
      diffPatch(gitDir, ...(await startOf(base, head)), maxBytes),
    diffIdentity: async (base, head) => diffIdentity(gitDir, ...(await startOf(base, head))),
    listFiles: async (revision, folder) => listTree(gitDir, await need(revision), folder),
    readFile,
    readText: async (revision, path, maxBytes) =>
      (await readFile(revision, path, maxBytes))?.toString('utf8'),
    readBlobs: (shas) =>
      shas.length <= FEW_BLOBS ? readFewBlobs(objects, shas) : readBlobs(gitDir, shas),
    mergeBase: async (a, b) => mergeBase(gitDir, await need(a), await need(b)),
    isAncestor: async (ancestor, descendant) =>
      isAncestor(gitDir, await need(ancestor), await need(descendant)),
    mergeTree: async (ours, theirs) => mergeTree(gitDir, await need(ours), await need(theirs)),
    openMergeScratch: () => openMergeScratch(gitDir),
    commitTree: (options) => commitTree(gitDir, options),
    updateRef: (ref, to, expected) => updateRef(gitDir, ref, to, expected),
    blame: async (revision, path, line) => blameLine(gitDir, await need(revision), path, line),
    fetch: (options = {}) => fetchMirror(gitDir, options),
    checkout: async (revision, folder) => checkoutCommit(gitDir, await need(revision), folder),
  };
}

/**
 * Makes a bare mirror at `dir`. A local source is linked, not copied, and nothing of it is executed.
 * @throws AppError `git.not_a_repository`, `git.access_denied`, `git.unreachable`, `git.folder_exists`.
 */
export async function cloneMirror(options: {
  /** Path or URL. A user and password in it are used once and not stored. */
  url: string;
  dir: string;
  /** Sent to an HTTP host, such as `Authorization`. */
  headers?: Record<string, string> | undefined;
  onProgress?: ((progress: CloneProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}): Promise<GitRepository> {
  await cloneBare(options);
  return openRepository(options.dir);
}

/** The installed git, and whether it is new enough for what we ask of it. */
export async function gitVersion(): Promise<{ version: string; isSupported: boolean }> {
  const version = (await runGitText(undefined, ['version'])).replace(/^git version /, '');
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return { version, isSupported: major > 2 || (major === 2 && minor >= 38) };
}

/** `.git` is a folder in a clone, a file in a linked work tree, and absent in a bare repository. */
function findGitDir(folder: string): string {
  const inner = join(folder, '.git');
  const found = statSync(inner, { throwIfNoEntry: false });
  if (found === undefined) return folder;
  if (found.isDirectory()) return inner;
  const pointer = /^gitdir: (.+)$/m.exec(readFileSync(inner, 'utf8'));
  return pointer === null ? folder : resolvePath(folder, pointer[1]!.trim());
}
