/**
 * Reads a repository's history for risk: every first-parent commit becomes a landed change with its
 * code counted and its deleted lines traced, and every fix and revert tells of the defect it ends.
 */
import type { CommitWithFiles, CommitWithHunks, GitRepository } from '#git';
import { DAY_SECONDS, type RiskChange } from './change.ts';
import { createLineOwners } from './line-owners.ts';
import { createRiskLearner, type RiskLearner } from './learner.ts';
import type { RiskModel } from './model.ts';
import { kindOf } from './source-lines.ts';
import { createDefectTracer, type Defect } from './trace-defects.ts';

/** More files than this are cut from the record; their number is kept. */
const MAX_FILES = 40;
/** A change over more files is an import or a move, not a piece of work. */
const MAX_CODE_FILES = 100;
const YOUNG_DAYS = 14;
const ROBOT = /\[bot\]|dependabot|renovate|\bbot\b|-bot$|automation|github-actions/i;
const NO_WORK =
  /^(release|v?\d+\.\d+|bump version|merge (branch|remote|release|main|master|develop))/i;

export interface StudiedChange {
  sha: string;
  change: RiskChange;
  /** What this change shows about earlier ones. */
  defects: readonly Defect[];
}

/**
 * Landed changes, oldest first, from the whole first-parent history of `to`.
 * @throws AppError as `#git` does.
 */
export async function* studyHistory(
  git: GitRepository,
  to: string,
): AsyncGenerator<StudiedChange, void, undefined> {
  const owners = createLineOwners();
  const tracer = createDefectTracer();
  const landedAt: number[] = [];
  const patches = git.logWithHunks({ to, firstParent: true, withLines: true });
  const patchOf = readBySha(patches);
  let index = 0;
  for await (const commit of git.logWithFiles({ to, firstParent: true, order: 'oldest' })) {
    const patch = await patchOf(commit.sha);
    const effect = owners.apply(index, {
      hunks: patch?.hunks ?? [],
      renames: patch?.renames ?? [],
      deletedPaths: commit.files
        .filter(({ status }) => status === 'deleted')
        .map(({ path }) => path),
    });
    // A commit may claim any time; what lands later is never earlier.
    const at = Math.max(landedAt.at(-1) ?? 0, Math.floor(commit.committedAt.getTime() / 1000));
    landedAt.push(at);
    const change = toChange(index, at, commit, effect, landedAt);
    const { code, subject } = change;
    const defects = tracer.trace({
      index,
      sha: commit.sha,
      landedAt: at,
      subject,
      body: commit.body,
      productionFiles: code.files,
      files: change.fileCount,
      deletedOf: effect.deletedOf,
    });
    yield { sha: commit.sha, change, defects };
    index += 1;
  }
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

function toChange(
  index: number,
  at: number,
  commit: CommitWithFiles,
  { counts, deletedOf }: ReturnType<ReturnType<typeof createLineOwners>['apply']>,
  landedAt: readonly number[],
): RiskChange {
  const lines = [...deletedOf.values()].reduce((sum, each) => sum + each, 0);
  const aged = [...deletedOf].map(([origin, count]) => ({
    days: (at - (landedAt[origin] ?? at)) / DAY_SECONDS,
    count,
  }));
  const young = aged.filter(({ days }) => days < YOUNG_DAYS);
  const subject = subjectOf(commit);
  const files = commit.files.map((file) => ({
    path: file.path,
    addedLines: file.addedLines ?? 0,
    deletedLines: file.deletedLines ?? 0,
    kind: kindOf(file.path),
  }));
  const { name, email } = commit.author;
  const isCode =
    files.some(({ kind }) => kind === 'source') &&
    (counts.addedLines > 0 || lines > 0) &&
    files.length <= MAX_CODE_FILES &&
    !ROBOT.test(name) &&
    !ROBOT.test(email) &&
    !NO_WORK.test(subject);
  return {
    index,
    landedAt: at,
    subject,
    files: files.slice(0, MAX_FILES),
    fileCount: files.length,
    code: counts,
    deleted:
      lines === 0
        ? null
        : {
            lines,
            youngShare: young.reduce((sum, { count }) => sum + count, 0) / lines,
            meanAgeDays: aged.reduce((sum, { days, count }) => sum + days * count, 0) / lines,
          },
    isCode,
  };
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

/** Teaches a learner a whole history, in the order in which things became known. */
export async function teachHistory(
  git: GitRepository,
  to: string,
  options: {
    model: RiskModel;
    bounds: readonly number[];
    onProgress?: (changes: number) => void;
    signal?: AbortSignal;
  },
): Promise<{ learner: RiskLearner; changes: number; defects: number }> {
  const learner = createRiskLearner(options);
  let changes = 0;
  const defective = new Set<number>();
  for await (const { change, defects } of studyHistory(git, to)) {
    options.signal?.throwIfAborted();
    learner.land(change);
    for (const { index, foundAt } of defects) {
      defective.add(index);
      learner.defect(index, foundAt);
    }
    changes += 1;
    if (changes % 200 === 0) options.onProgress?.(changes);
  }
  return { learner, changes, defects: defective.size };
}
