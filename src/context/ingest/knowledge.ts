/**
 * Takes in what outside systems know, page by page: the facts of a page and the cursor behind it are one
 * transaction, so a sweep that breaks off goes on where it was.
 */
import type { Clock, Db, Tx } from '#kernel';
import { type GraphChange, stateFacts } from '../graph/assert.ts';
import { readNewest } from '../graph/write-store.ts';
import { keepRemarks } from '../lessons/remarks.ts';
import { goneStatement, type KnowledgeItem, knowledgeStatement } from './knowledge-facts.ts';
import { isDerivedObject, linkLanded } from './landed.ts';
import { readCursor, saveCursor } from './sync-store.ts';

export interface KnowledgeSweep {
  /** @throws AppError `unavailable` when the system wants us to wait. */
  sweep(
    repository: string,
    cursor: string | null,
  ): Promise<{ items: KnowledgeItem[]; cursor: string; hasMore: boolean }>;
  listObjects(repository: string): Promise<{ prefixes: string[]; objects: string[] }>;
}

export interface KnowledgeIngest {
  /** Reads what is new, to the end or `maxPages`. Gives how many objects said something new. */
  sweepOnce(
    system: string,
    repository: string,
    source: KnowledgeSweep,
    maxPages?: number,
  ): Promise<number>;
  /** Ends what objects said that are no longer there. Gives how many. */
  buryGone(system: string, repository: string, source: KnowledgeSweep): Promise<number>;
  /** The same for items that came another way, such as by a webhook. */
  take(system: string, items: readonly KnowledgeItem[]): Promise<GraphChange>;
}

const MAX_PAGES = 200;

export function createKnowledgeIngest({ db, clock }: { db: Db; clock: Clock }): KnowledgeIngest {
  /** Items, what they say of lessons, and what git knows of them. */
  async function state(tx: Tx, system: string, items: readonly KnowledgeItem[], now: Date) {
    await keepRemarks(tx, system, items);
    const statements = items.map((item) => knowledgeStatement(system, item));
    const change = await stateFacts(tx, statements, now);
    const landing = items.filter(
      (item) => item.kind === 'review-comment' || (item.kind === 'change' && item.mergeSha),
    );
    for (const name of [...new Set(landing.map(({ repository }) => repository))].sort()) {
      const linked = await linkLanded(tx, system, name, now);
      change.opened += linked.opened;
      change.closed += linked.closed;
    }
    return change;
  }

  return {
    async sweepOnce(system, repository, source, maxPages = MAX_PAGES) {
      const name = `${system}:${repository}`;
      let cursor =
        ((await readCursor(db, name))?.cursor as { next: string } | undefined)?.next ?? null;
      let statements = 0;
      for (let page = 0; page < maxPages; page += 1) {
        const read = await source.sweep(repository, cursor);
        const change = await db.transaction(async (tx) => {
          const now = clock.now();
          const made = await state(tx, system, read.items, now);
          await saveCursor(tx, name, { next: read.cursor }, [], now);
          return made;
        });
        statements += change.statements;
        cursor = read.cursor;
        if (!read.hasMore) break;
      }
      return statements;
    },

    async buryGone(system, repository, source) {
      // Read before the list: what is made meanwhile is not in either.
      const known = await readNewest(db, { system, scope: repository });
      const { prefixes, objects } = await source.listObjects(repository);
      const there = new Set(objects.map((object) => `${repository}:${object}`));
      const now = clock.now();
      const gone = [...known].filter(
        ([object, word]) =>
          !word.isGone &&
          !isDerivedObject(object) &&
          !there.has(object) &&
          prefixes.some((prefix) => object.startsWith(`${repository}:${prefix}`)),
      );
      await db.transaction((tx) =>
        stateFacts(
          tx,
          gone.map(([object, { ordinal }]) =>
            goneStatement(system, repository, object, ordinal, now),
          ),
          now,
        ),
      );
      return gone.length;
    },

    take: (system, items) => db.transaction((tx) => state(tx, system, items, clock.now())),
  };
}
