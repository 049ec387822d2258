/** Files a request is probably about, and what usually changes with them. */
import type { Queryable } from '#kernel';
import type { Posting } from '../bm25.ts';
import type { FieldIndex, IndexField } from '../index-store.ts';
import { type KnownFile, readFiles } from '../file-store.ts';
import type { Companion } from '../history-store.ts';
import type { RankedFile } from '../rank.ts';
import type { ItemDraft } from '../render.ts';
import type { Evidence } from '../schema.ts';
import { shorten } from '../tokens.ts';

const TOP_FILES = 14;

const CLASS_WEIGHT: Readonly<Record<string, number>> = {
  source: 1,
  configuration: 0.7,
  other: 0.6,
  test: 0.45,
  document: 0.15,
  generated: 0,
};

export interface FoundFile extends RankedFile {
  file: KnownFile;
}

export async function pickFiles(
  db: Queryable,
  id: string,
  ranked: readonly RankedFile[],
  named: readonly KnownFile[],
  mayRead: (path: string) => boolean,
): Promise<FoundFile[]> {
  const rows = await readFiles(
    db,
    id,
    ranked.slice(0, 200).map(({ number }) => number),
  );
  const known = new Map([...rows, ...named].map((file) => [file.number, file]));
  return ranked
    .flatMap((entry) => {
      const file = known.get(entry.number);
      if (file === undefined || !mayRead(file.path)) return [];
      const weight = entry.parts.mentioned > 0 ? 1 : (CLASS_WEIGHT[file.class] ?? 0.5);
      return weight === 0 ? [] : [{ ...entry, file, score: entry.score * weight }];
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, TOP_FILES);
}

export function fileDraft(
  found: FoundFile,
  context: {
    index: ReadonlyMap<IndexField, FieldIndex>;
    touches: readonly { position: number; fileNumber: number; sha: string; subject: string }[];
    scores: { message: ReadonlyMap<number, number> };
    revision: string;
    unique: readonly FoundFile[];
  },
): ItemDraft {
  const { file, parts } = found;
  const best = Math.max(...context.unique.map((other) => other.score), Number.MIN_VALUE);
  const why: Evidence[] = [];
  if (parts.mentioned > 0) why.push({ signal: 'named', evidence: 'named in the request' });
  const inPath = termsOf(context.index.get('path')!.postings, file.number);
  if (parts.path > 0.1 && inPath.length > 0) {
    why.push({ signal: 'path', evidence: `path has ${inPath.join(', ')}` });
  }
  const inContent = termsOf(context.index.get('content')!.postings, file.number);
  if (parts.content > 0.1 && inContent.length > 0) {
    why.push({ signal: 'text', evidence: `text has ${inContent.join(', ')}` });
  }
  const voter = context.touches
    .filter((touch) => touch.fileNumber === file.number)
    .toSorted(
      (a, b) =>
        (context.scores.message.get(b.position) ?? 0) -
        (context.scores.message.get(a.position) ?? 0),
    )[0];
  if (parts.memory > 0.1 && voter !== undefined) {
    why.push({
      signal: 'history',
      evidence: `changed by ${voter.sha.slice(0, 9)} "${shorten(voter.subject, 70)}"`,
    });
  }
  return {
    kind: 'file',
    title: file.path,
    path: file.path,
    text: shorten(file.outline, 500),
    why: why.length > 0 ? why : [{ signal: 'text', evidence: 'matches the request weakly' }],
    source: { system: 'git', object: file.path, revision: file.sha ?? context.revision },
    observedAt: file.changedAt,
    freshness: 'current',
    score: found.score / best,
    isUntrusted: true,
  };
}

/** The rarest terms an item was found by. */
function termsOf(postings: ReadonlyMap<string, readonly Posting[]>, item: number): string[] {
  return [...postings]
    .filter(([, found]) => found.some((posting) => posting.item === item))
    .toSorted(([, a], [, b]) => a.length - b.length)
    .slice(0, 4)
    .map(([term]) => term);
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
