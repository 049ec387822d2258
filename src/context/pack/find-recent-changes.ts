/** What was merged lately on the files in question. */
import type { Queryable } from '#kernel';
import { readNewestTouches } from '../history-store.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';

const RECENT_DAYS = 60;
const MAX_CHANGES = 4;

export async function findRecentChanges(
  db: Queryable,
  id: string,
  files: readonly { number: number; path: string }[],
  now: Date,
): Promise<ItemDraft[]> {
  const since = new Date(now.getTime() - RECENT_DAYS * 86_400_000);
  const numbers = files.map(({ number }) => number);
  const rows = await readNewestTouches(db, id, numbers, since, MAX_CHANGES);
  const paths = new Map(files.map(({ number, path }) => [number, path]));
  return rows.map((row, index): ItemDraft => {
    const touched = row.fileNumbers.flatMap((number) => paths.get(number) ?? []);
    return {
      kind: 'change',
      title: shorten(row.subject, 120) || row.sha.slice(0, 9),
      text: '',
      why: [
        {
          signal: 'recent',
          evidence: `${row.authorName} changed ${touched.slice(0, 2).join(', ')}`,
        },
      ],
      source: { system: 'git', object: row.sha, revision: row.sha },
      observedAt: row.committedAt,
      freshness: 'current',
      score: 0.5 - 0.05 * index,
      isUntrusted: true,
    };
  });
}
