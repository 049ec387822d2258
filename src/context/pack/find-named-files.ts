/** Files a request names, and what became of those that are gone. */
import type { Queryable } from '#kernel';
import { mentionedPaths } from '../documents.ts';
import { findFiles, findFilesByEnding, findSuccessors, type KnownFile } from '../file-store.ts';
import type { ItemDraft } from '../render.ts';
import type { ContextRequest } from '../schema.ts';
import { warning } from './warning.ts';

/** Files the request names, by whole path or by the end of one; and what became of those that are gone. */
export async function findNamedFiles(
  db: Queryable,
  id: string,
  request: ContextRequest,
  /** What the caller may not know of is as if it were not there. */
  mayRead: (path: string) => boolean,
): Promise<{ files: KnownFile[]; missing: string[]; warnings: ItemDraft[] }> {
  const text = `${request.title}\n${request.text}`;
  const fileNames = [...text.matchAll(/(?<![\w/.-])[\w-]+(?:\.[\w-]+)*\.[a-z]\w{0,7}\b/gi)].map(
    ([name]) => name,
  );
  const written = [...new Set([...mentionedPaths(text), ...fileNames])].slice(0, 60);
  const exact = await findFiles(db, id, [...request.paths, ...written]);
  const found = new Map(exact.filter(({ path }) => mayRead(path)).map((file) => [file.path, file]));
  const open = written.filter((path) => !found.has(path));
  for (const file of open.length === 0 ? [] : await findFilesByEnding(db, id, open)) {
    // A name many files share names none of them.
    const ending = open.find((path) => file.path.endsWith(`/${path}`));
    if (ending !== undefined && mayRead(file.path)) found.set(file.path, file);
  }
  const isFound = (path: string) =>
    [...found.keys()].some((known) => known === path || known.endsWith(`/${path}`));
  const gone = [...new Set([...request.paths, ...written])].filter(
    (path) => !isFound(path) && (path.includes('/') || request.paths.includes(path)),
  );
  const successors = new Map(
    [...(gone.length === 0 ? [] : await findSuccessors(db, id, gone))].filter(
      ([path, now]) => mayRead(path) && (now === null || mayRead(now)),
    ),
  );
  const moved = [...successors.values()].filter((path) => path !== null);
  for (const file of moved.length === 0 ? [] : await findFiles(db, id, moved)) {
    found.set(file.path, file);
  }
  const warnings = [...successors].map(([path, successor]) =>
    warning({
      title: path,
      path,
      signal: successor === null ? 'deleted' : 'moved',
      reason:
        successor === null ? 'was deleted; the request still names it' : `is now ${successor}`,
      score: 1,
    }),
  );
  const byEnding = new Map<string, number>();
  for (const file of found.values()) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    byEnding.set(name, (byEnding.get(name) ?? 0) + 1);
  }
  const files = [...found.values()].filter((file) => {
    const isWhole = exact.includes(file) || moved.includes(file.path);
    return isWhole || (byEnding.get(file.path.slice(file.path.lastIndexOf('/') + 1)) ?? 0) <= 4;
  });
  return {
    files,
    missing: request.paths.filter((path) => !isFound(path) && !successors.has(path)),
    warnings,
  };
}
