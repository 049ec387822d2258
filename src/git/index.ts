/**
 * Git: typed plumbing over the git program. History, trees, merges, work trees. It judges nothing and
 * knows no noun of our field.
 */
export {
  cloneMirror,
  type CloneProgress,
  type GitRepository,
  gitVersion,
  openRepository,
} from './repository.ts';
export type { MergeScratch } from './merge-scratch.ts';
export { pushBranch } from './push-branch.ts';
export {
  commitWork,
  headOfCopy,
  makeWorkCopy,
  moveWorkCopy,
  returnWork,
  type WorkCopyPlace,
  type WorkCopyUser,
} from './work-copy.ts';
export type { MergedChange, TreeChange } from './change-log.ts';
export type {
  BlameLine,
  Commit,
  CommitWithFiles,
  CommitWithHunks,
  FileChange,
  Hunk,
  MergeOutcome,
  Person,
} from './schema.ts';
