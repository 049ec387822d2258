/** Files a request is probably about, and what usually changes with them. */
import type { Queryable } from '#kernel';
import { findFiles, type KnownFile, readFiles } from '../file-store.ts';
import type { Companion } from '../history-store.ts';
import type { RankedPath } from '../ranking/ranker.ts';
import type { ItemDraft } from '../render.ts';
import type { Evidence } from '../schema.ts';
import { shorten } from '../tokens.ts';

const TOP_FILES = 14;
const TOP_COMPANIONS = 8;

export interface FoundFile {
  file: KnownFile;
  /** 1 for the best. */
  score: number;
  why: Evidence[];
}

/** What the request names comes first: a name beats any guess. */
export async function pickFiles(
  db: Queryable,
  id: string,
  ranked: readonly RankedPath[],
  named: readonly KnownFile[],
  definers: readonly FoundFile[],
  mayRead: (path: string) => boolean,
): Promise<FoundFile[]> {
  const rows = await findFiles(
    db,
    id,
    ranked.map(({ path }) => path),
  );
  const byPath = new Map(rows.map((file) => [file.path, file]));
  const guesses = new Map(ranked.map((entry) => [entry.path, entry]));
  const found: FoundFile[] = named.map((file) => ({
    file,
    score: 1,
    why: [
      { signal: 'named', evidence: 'named in the request' },
      ...(guesses.get(file.path)?.why ?? []).slice(0, 2),
    ],
  }));
  const isNamed = new Set(named.map(({ path }) => path));
  for (const one of definers) {
    if (isNamed.has(one.file.path)) continue;
    isNamed.add(one.file.path);
    const more = (guesses.get(one.file.path)?.why ?? []).slice(0, 2);
    found.push({ ...one, why: [...one.why, ...more] });
  }
  for (const { path, score, why } of ranked) {
    const file = byPath.get(path);
    if (file !== undefined && !isNamed.has(path)) found.push({ file, score: 0.95 * score, why });
  }
  return found.filter(({ file }) => mayRead(file.path)).slice(0, TOP_FILES);
}

export function fileDraft({ file, score, why }: FoundFile, revision: string): ItemDraft {
  return {
    kind: 'file',
    title: file.path,
    path: file.path,
    text: shorten(file.outline, 500),
    why,
    source: { system: 'git', object: file.path, revision: file.sha ?? revision },
    observedAt: file.changedAt,
    freshness: 'current',
    score,
    isUntrusted: true,
  };
}

/** What the ranking expects to change with the files found, best first. */
export async function rankedCompanionDrafts(
  db: Queryable,
  id: string,
  ranked: readonly RankedPath[],
  files: readonly FoundFile[],
  options: { mayRead: (path: string) => boolean; revision: string },
): Promise<ItemDraft[]> {
  const shown = new Set(files.map(({ file }) => file.path));
  const rows = await findFiles(
    db,
    id,
    ranked.map(({ path }) => path),
  );
  const byPath = new Map(rows.map((file) => [file.path, file]));
  return ranked
    .flatMap(({ path, score, why }): ItemDraft[] => {
      const file = byPath.get(path);
      if (file === undefined || shown.has(path) || !options.mayRead(path)) return [];
      return [
        {
          kind: 'companion',
          title: path,
          path,
          text: '',
          why,
          source: { system: 'git', object: path, revision: file.sha ?? options.revision },
          observedAt: file.changedAt,
          freshness: 'current',
          score: 0.6 * score,
          isUntrusted: true,
        },
      ];
    })
    .slice(0, TOP_COMPANIONS);
}

export async function companionDrafts(
  db: Queryable,
  id: string,
  companions: readonly Companion[],
  files: readonly FoundFile[],
  mayRead: (path: string) => boolean,
): Promise<ItemDraft[]> {
  const shown = new Set(files.map(({ file }) => file.number));
  const rows = await readFiles(
    db,
    id,
    companions.map(({ fileNumber }) => fileNumber),
  );
  const byNumber = new Map(rows.map((file) => [file.number, file]));
  const best = Math.max(...companions.map((companion) => companion.score), Number.MIN_VALUE);
  return companions.flatMap((companion): ItemDraft[] => {
    const file = byNumber.get(companion.fileNumber);
    if (file === undefined || shown.has(file.number) || !mayRead(file.path)) return [];
    return [
      {
        kind: 'companion',
        title: file.path,
        path: file.path,
        text: '',
        why: [
          {
            signal: 'co-change',
            evidence: `changed with the files above in ${companion.together} commits`,
          },
        ],
        source: { system: 'git', object: file.path, revision: companion.lastSha },
        observedAt: companion.lastAt,
        freshness: 'current',
        score: (0.6 * companion.score) / best,
        isUntrusted: true,
      },
    ];
  });
}
