/** Folds commits into files: which file a path was at each moment, through renames. Pure. */
import type { CommitWithFiles } from '#git';

export interface FileRecord {
  number: number;
  path: string;
  firstPosition: number;
  lastPosition: number;
  changeCount: number;
  isAlive: boolean;
}

export interface CommitFileRecord {
  position: number;
  fileNumber: number;
  path: string;
  status: string;
}

export interface HistoryFold {
  /** Takes the next commit of the first-parent line, oldest first. */
  add(commit: Pick<CommitWithFiles, 'files'>, position: number): void;
  /** Files that were touched or made, in their last state. */
  changed(): FileRecord[];
  touches(): CommitFileRecord[];
  /** The first number no file has yet. */
  nextNumber(): number;
}

/** Starts from the files that are alive before the first commit given. */
export function foldHistory(alive: readonly FileRecord[], nextNumber: number): HistoryFold {
  const byPath = new Map(alive.map((file) => [file.path, { ...file }]));
  const changed = new Map<number, FileRecord>();
  const touches: CommitFileRecord[] = [];
  let next = nextNumber;

  function create(path: string, position: number): FileRecord {
    const file = {
      number: next,
      path,
      firstPosition: position,
      lastPosition: position,
      changeCount: 0,
      isAlive: true,
    };
    next += 1;
    byPath.set(path, file);
    return file;
  }

  return {
    add(commit, position) {
      const seen = new Map<number, CommitFileRecord>();
      // A swap of two names is two renames: all old paths are let go before a new one is taken.
      const moved = new Map<string, FileRecord>();
      for (const change of commit.files) {
        if (change.status !== 'renamed' || change.oldPath === undefined) continue;
        const file = byPath.get(change.oldPath) ?? create(change.oldPath, position);
        moved.set(change.oldPath, file);
        byPath.delete(change.oldPath);
      }
      for (const change of commit.files) {
        const renamed = change.status === 'renamed' ? moved.get(change.oldPath ?? '') : undefined;
        if (renamed !== undefined) {
          const replaced = byPath.get(change.path);
          if (replaced !== undefined) {
            replaced.isAlive = false;
            changed.set(replaced.number, replaced);
          }
          renamed.path = change.path;
          byPath.set(change.path, renamed);
        }
        const file = renamed ?? byPath.get(change.path) ?? create(change.path, position);
        file.lastPosition = position;
        file.changeCount += 1;
        file.isAlive = change.status !== 'deleted';
        if (!file.isAlive) byPath.delete(file.path);
        changed.set(file.number, file);
        seen.set(file.number, {
          position,
          fileNumber: file.number,
          path: file.path,
          status: change.status,
        });
      }
      touches.push(...seen.values());
    },
    changed: () => [...changed.values()],
    touches: () => touches,
    nextNumber: () => next,
  };
}
