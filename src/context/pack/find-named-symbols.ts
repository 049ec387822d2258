/** Files that define what a request calls by name: nearly as sure as naming the file. */
import type { Queryable } from '#kernel';
import { findSymbols } from '../code/index.ts';
import { findFiles } from '../file-store.ts';
import { identifiersOf } from '../identifiers.ts';
import type { ContextRequest } from '../schema.ts';
import type { FoundFile } from './find-files.ts';

/** A name defined in more files is no name of one of them. */
const MAX_DEFINERS = 2;
const MAX_FILES = 3;
const MAX_ROWS = 100;
/** Below a file that is named, above any guess. */
const SCORE = 0.97;

export async function findNamedSymbols(
  db: Queryable,
  id: string,
  request: Pick<ContextRequest, 'title' | 'text'>,
  mayRead: (path: string) => boolean,
): Promise<FoundFile[]> {
  const names = identifiersOf(`${request.title}\n${request.text}`);
  const rows = await findSymbols(db, id, names, MAX_ROWS);
  const definers = new Map<string, string[]>();
  for (const name of names) {
    const paths = [
      ...new Set(
        rows
          .filter((row) => row.name === name && row.class !== 'test' && row.class !== 'generated')
          .map(({ path }) => path),
      ),
    ];
    if (paths.length === 0 || paths.length > MAX_DEFINERS) continue;
    for (const path of paths.filter(mayRead)) {
      const of = definers.get(path);
      if (of === undefined) definers.set(path, [name]);
      else of.push(name);
    }
  }
  const wanted = [...definers.keys()].slice(0, MAX_FILES);
  const files = wanted.length === 0 ? [] : await findFiles(db, id, wanted);
  return files.map((file) => ({
    file,
    score: SCORE,
    why: [{ signal: 'defines', evidence: `defines ${definers.get(file.path)!.join(', ')}` }],
  }));
}
