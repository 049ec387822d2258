/** What people said on the work a session does, for its pack: their words as data, none of programs. */
import type { Queryable } from '#kernel';
import { isRobot } from '../people.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';
import { listForWorkItem } from './store.ts';

/** Why such an item is in a pack. */
export const COMMENT = 'comment';
const MAX_SHOWN = 3;
/** Programs among them are passed over. */
const MAX_READ = 20;
const MAX_TEXT = 400;

export async function commentDrafts(
  db: Queryable,
  workItemId: string | undefined,
): Promise<ItemDraft[]> {
  if (workItemId === undefined) return [];
  const rows = await listForWorkItem(db, workItemId, MAX_READ);
  return rows
    .filter(
      ({ author_name: name, text }) => text !== '' && !isRobot({ name: name ?? '', email: '' }),
    )
    .slice(0, MAX_SHOWN)
    .map((row, index): ItemDraft => ({
      kind: 'document',
      title: `${row.author_name ?? 'Somebody'} on ${row.subject}`,
      ...(row.path === null ? {} : { path: row.path }),
      text: shorten(row.text, MAX_TEXT),
      why: [{ signal: COMMENT, evidence: 'said on the work that this session does' }],
      source: {
        system: row.system,
        object: row.object,
        revision: row.said_at.toISOString(),
        ...(row.url === null ? {} : { url: row.url }),
      },
      observedAt: row.said_at,
      freshness: 'current',
      score: 0.8 - index / 10,
      isUntrusted: true,
    }));
}
