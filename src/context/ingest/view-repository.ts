/** Builds the view of a repository from what its import left in the database. */
import { createBreather, type Queryable } from '#kernel';
import type { Repository } from '../schema.ts';
import { fileKey } from './refs.ts';
import type { RepositoryView, ViewedFile } from './repository-view.ts';
import type { FileName } from './file-facts.ts';
import { type FileRow, readCommitTimes, readFileNames, readFileRows } from './sync-store.ts';

export interface ViewedRows {
  view: RepositoryView;
  /** Names a file had, oldest first, by its key. */
  names: ReadonlyMap<string, readonly FileName[]>;
  /** Dead files among those asked for. */
  dead: ViewedFile[];
}

/**
 * @param wanted Paths whose dead files matter because somebody names them, and the position after which
 *   any death does.
 */
export async function viewRepository(
  db: Queryable,
  repository: Pick<Repository, 'id' | 'name' | 'headSha' | 'createdAt'>,
  wanted: { deadPaths: readonly string[]; diedAfter: number },
): Promise<ViewedRows> {
  const rows = await readFileRows(db, repository.id, wanted);
  const { shas, times } = await readCommitTimes(db, repository.id);
  const position = shas.length - 1;
  const files = new Map<string, ViewedFile>();
  const gone = new Map<string, ViewedFile>();
  const folders = new Set<string>();
  const names = new Map<string, readonly FileName[]>();
  const known = await readFileNames(db, repository.id);
  const dead: ViewedFile[] = [];
  const breathe = createBreather();

  for (const row of rows) {
    await breathe();
    const file = toFile(repository.name, row, known.get(row.number)?.[0], shas);
    names.set(file.ref.key, known.get(row.number) ?? []);
    if (!row.isAlive) {
      // Rows come oldest first: the last to die under a name is the one a text means.
      gone.set(row.path, file);
      dead.push(file);
      continue;
    }
    files.set(row.path, file);
    for (
      let slash = row.path.lastIndexOf('/');
      slash > 0;
      slash = row.path.lastIndexOf('/', slash - 1)
    ) {
      const folder = row.path.slice(0, slash);
      if (folders.has(folder)) break;
      folders.add(folder);
    }
  }
  const timeAt = (at: number) => new Date(times[at] ?? repository.createdAt.getTime());
  return {
    view: {
      name: repository.name,
      head: { sha: repository.headSha ?? '', position, at: timeAt(position) },
      files,
      gone,
      folders,
      timeAt,
      shaAt: (at) => shas[at] ?? repository.headSha ?? '',
    },
    names,
    dead,
  };
}

function toFile(
  repository: string,
  row: FileRow,
  first: FileName | undefined,
  shas: readonly string[],
): ViewedFile {
  const isBirth = first !== undefined && first.position === row.firstPosition;
  return {
    ref: {
      kind: 'file',
      key: fileKey(repository, {
        path: first?.path ?? row.path,
        sha: isBirth ? shas[first.position] : undefined,
      }),
    },
    number: row.number,
    path: row.path,
    class: row.class,
    blobSha: row.blobSha,
    size: row.size,
    position: row.lastPosition,
  };
}
