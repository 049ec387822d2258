/**
 * Reads a repository's history for risk: every first-parent commit becomes a landed change with its
 * code counted and its deleted lines traced, and every fix and revert tells of the defect it ends.
 */
import type { CommitWithFiles, CommitWithHunks, FileChange, GitRepository, Hunk } from '#git';
import { DAY_SECONDS, type DeletedCode, type RiskChange } from './change.ts';
import { type CodeEffect, createLineOwners } from './line-owners.ts';
import { kindOf } from './source-lines.ts';
import { createDefectTracer, type Defect } from './trace-defects.ts';

/** More files than this are cut from the record; their number is kept. */
const MAX_FILES = 40;
/** A change over more files is an import or a move, not a piece of work. */
const MAX_CODE_FILES = 100;
const YOUNG_DAYS = 14;
/** A longer file is data; its lines are not followed from the middle of a history. */
const MAX_SEEDED_BYTES = 1_000_000;
const ROBOT = /\[bot\]|dependabot|renovate|\bbot\b|-bot$|automation|github-actions/i;
const NO_WORK =
  /^(release|v?\d+\.\d+|bump version|merge (branch|remote|release|main|master|develop))/i;

export interface StudiedChange {
  sha: string;
  change: RiskChange;
  /** What this change shows about earlier ones. */
  defects: readonly Defect[];
}

/** A history read so far; what lands later is read from there on. */
export interface HistoryStudy {
  /**
   * Begins in the middle of a history, to read only its end. Lines that stand there were written by
   * nobody who can be blamed. Only before anything was read.
   */
  startAfter(git: GitRepository, sha: string): Promise<void>;
  /**
   * Landed changes since the last call, oldest first, along first parents up to `to`.
   * @throws AppError as `#git` does; what was yielded before stays read.
   */
  readTo(git: GitRepository, to: string): AsyncGenerator<StudiedChange, void, undefined>;
  /**
   * A change that has not landed, as it would land on what was read. It lands at the time of the last
   * change, so that the same question has the same answer until more lands.
   */
  propose(subject: string, files: readonly FileChange[], hunks: readonly Hunk[]): RiskChange;
  /** The last commit read. */
  readonly through: string | undefined;
}

export function createHistoryStudy(): HistoryStudy {
  const owners = createLineOwners();
  const tracer = createDefectTracer();
  const landedAt: number[] = [];
  let through: string | undefined;

  function read(commit: CommitWithFiles, patch: CommitWithHunks | undefined): StudiedChange {
    const index = landedAt.length;
    const effect = owners.land(index, {
      hunks: patch?.hunks ?? [],
      renames: patch?.renames ?? [],
      deletedPaths: commit.files
        .filter(({ status }) => status === 'deleted')
        .map(({ path }) => path),
    });
    // A commit may claim any time; what lands later is never earlier.
    const at = Math.max(landedAt.at(-1) ?? 0, Math.floor(commit.committedAt.getTime() / 1000));
    landedAt.push(at);
    const subject = subjectOf(commit);
    const isRobot = ROBOT.test(commit.author.name) || ROBOT.test(commit.author.email);
    const change = toChange({ index, at, subject, isRobot, files: commit.files, effect, landedAt });
    const defects = tracer.trace({
      index,
      sha: commit.sha,
      landedAt: at,
      subject,
      body: commit.body,
      productionFiles: effect.counts.files,
      deletedOf: effect.deletedOf,
    });
    through = commit.sha;
    return { sha: commit.sha, change, defects };
  }

  return {
    get through() {
      return through;
    },
    async startAfter(git, sha) {
      const files = new Map<string, string[]>();
      for (const { path, sha: blob, size } of await git.listFiles(sha)) {
        if (kindOf(path) !== 'source' || size > MAX_SEEDED_BYTES) continue;
        files.set(blob, [...(files.get(blob) ?? []), path]);
      }
      // The place of no change: later ones count from the next, so nothing is ever traced to it.
      const standing = landedAt.length;
      for await (const { sha: blob, data } of git.readBlobs([...files.keys()]))
        for (const path of files.get(blob) ?? []) owners.seed(standing, path, countLines(data));
      const commit = await git.commit(sha);
      landedAt.push(Math.floor((commit?.committedAt.getTime() ?? 0) / 1000));
      through = sha;
    },
    async *readTo(git, to) {
      const range = { to, from: through, firstParent: true };
      const patchOf = readBySha(git.logWithHunks({ ...range, withLines: true }));
      for await (const commit of git.logWithFiles({ ...range, order: 'oldest' }))
        yield read(commit, await patchOf(commit.sha));
    },
    propose(subject, files, hunks) {
      const renames = files.flatMap(({ status, path, oldPath }) =>
        status === 'renamed' && oldPath !== undefined ? [{ from: oldPath, to: path }] : [],
      );
      const effect = owners.measure({ hunks, renames, deletedPaths: [] });
      const index = landedAt.length;
      const at = landedAt.at(-1) ?? 0;
      return toChange({ index, at, subject, isRobot: false, files, effect, landedAt });
    },
  };
}

function countLines(data: Buffer): number {
  let lines = 0;
  for (let at = data.indexOf(10); at !== -1; at = data.indexOf(10, at + 1)) lines += 1;
  return data.length > 0 && data.at(-1) !== 10 ? lines + 1 : lines;
}

/** Both logs run oldest first over the same commits; where one lacks a commit, nothing is known of it. */
function readBySha(
  patches: AsyncIterable<CommitWithHunks>,
): (sha: string) => Promise<CommitWithHunks | undefined> {
  const iterator = patches[Symbol.asyncIterator]();
  const ahead = new Map<string, CommitWithHunks>();
  return async (sha) => {
    while (!ahead.has(sha)) {
      const next = await iterator.next();
      if (next.done === true) return undefined;
      ahead.set(next.value.sha, next.value);
    }
    const found = ahead.get(sha);
    ahead.delete(sha);
    return found;
  };
}

function toChange(landing: {
  index: number;
  at: number;
  subject: string;
  isRobot: boolean;
  files: readonly FileChange[];
  effect: CodeEffect;
  landedAt: readonly number[];
}): RiskChange {
  const { index, at, subject, effect, landedAt } = landing;
  const { counts, content, deletedOf } = effect;
  const files = landing.files.map((file) => ({
    path: file.path,
    addedLines: file.addedLines ?? 0,
    deletedLines: file.deletedLines ?? 0,
    kind: kindOf(file.path),
  }));
  const isCode =
    files.some(({ kind }) => kind === 'source') &&
    (counts.addedLines > 0 || deletedOf.size > 0) &&
    files.length <= MAX_CODE_FILES &&
    !landing.isRobot &&
    !NO_WORK.test(subject);
  return {
    index,
    landedAt: at,
    subject,
    files: files.slice(0, MAX_FILES),
    fileCount: files.length,
    code: counts,
    deleted: describeDeleted(at, deletedOf, landedAt),
    content,
    isCode,
  };
}

function describeDeleted(
  at: number,
  deletedOf: ReadonlyMap<number, number>,
  landedAt: readonly number[],
): DeletedCode | null {
  let lines = 0;
  let young = 0;
  let days = 0;
  for (const [origin, count] of deletedOf) {
    const age = (at - (landedAt[origin] ?? at)) / DAY_SECONDS;
    lines += count;
    days += age * count;
    if (age < YOUNG_DAYS) young += count;
  }
  return lines === 0 ? null : { lines, youngShare: young / lines, meanAgeDays: days / lines };
}

/** A host's merge commit says nothing in its subject; the title of the change is in the body. */
function subjectOf({ parents, subject, body }: CommitWithFiles): string {
  const isMerge = parents.length > 1 && /^Merge (pull request|branch|remote)/i.test(subject);
  const title = body
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim();
  return isMerge && title !== undefined && !/^(Signed-off|Co-auth)/i.test(title) ? title : subject;
}
