/**
 * Takes in what outside systems know, page by page: the facts of a page and the cursor behind it are one
 * transaction, so a sweep that breaks off goes on where it was.
 */
import type { KnowledgeItem, KnowledgeSource, ObjectList } from '#connectors/contract';
import { type Clock, type Db, toAppError, type Tx } from '#kernel';
import { type GraphChange, stateFacts } from '../graph/assert.ts';
import { readNewest } from '../graph/write-store.ts';
import { buryComments, keepComments } from '../comments/index.ts';
import { keepRemarks } from '../lessons/remarks.ts';
import { buryDocuments, findUnknown, keepSources } from '../sources/keep-sources.ts';
import type { SourceItem } from '../sources/read-source.ts';
import { goneStatement, knowledgeStatement, type RepositoryItem } from './knowledge-facts.ts';
import { isDerivedObject, linkLanded } from './landed.ts';
import { noteEnd, noteFailure, notePage } from './reading-store.ts';
import { readCursor, saveCursor } from './sync-store.ts';

/** What is asked of a connector here; see its contract. */
export type KnowledgeSweep = Pick<
  KnowledgeSource,
  'sweep' | 'listObjects' | 'readObject' | 'isGone'
>;

export interface KnowledgeIngest {
  /** Reads what is new, to the end or `maxPages`. Gives how many objects said something new. */
  sweepOnce(
    system: string,
    repository: string,
    source: KnowledgeSweep,
    maxPages?: number,
  ): Promise<number>;
  /**
   * Ends what objects said that are no longer there, and reads those that came back or are open to others
   * now. Gives how many ended.
   */
  buryGone(system: string, repository: string, source: KnowledgeSweep): Promise<number>;
  /** The same for items that came another way, such as by a webhook. */
  take(system: string, items: readonly KnowledgeItem[]): Promise<GraphChange>;
}

const MAX_PAGES = 200;
/** Per list: the next one reads the rest. */
const MAX_READ_AGAIN = 1_000;

const isSource = (item: KnowledgeItem): boolean =>
  item.kind === 'document' || item.kind === 'thread';

export function createKnowledgeIngest({ db, clock }: { db: Db; clock: Clock }): KnowledgeIngest {
  /** Items, what they say of lessons, and what git knows of them. */
  async function state(tx: Tx, system: string, items: readonly KnowledgeItem[], now: Date) {
    await keepRemarks(tx, system, items);
    await keepComments(tx, system, items, now);
    const sources = items.filter((item): item is SourceItem => isSource(item));
    const others = items.filter((item): item is RepositoryItem => !isSource(item));
    const statements = [
      ...others.map((item) => knowledgeStatement(system, item)),
      ...(await keepSources(tx, system, sources, now)),
    ];
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

  /** What the list names and we do not have as it is there: opened to us, opened to others, come back. */
  async function readAgain(
    system: string,
    scope: string,
    source: KnowledgeSweep,
    list: ObjectList,
  ): Promise<void> {
    if (source.readObject === undefined) return;
    const wanted = await db.transaction((tx) => findUnknown(tx, system, scope, list));
    for (const object of wanted.slice(0, MAX_READ_AGAIN)) {
      const item = await source.readObject(scope, object);
      if (item !== undefined) {
        await db.transaction((tx) => state(tx, system, [item], clock.now()));
      }
    }
  }

  return {
    async sweepOnce(system, repository, source, maxPages = MAX_PAGES) {
      const name = `${system}:${repository}`;
      let cursor =
        ((await readCursor(db, name))?.cursor as { next: string } | undefined)?.next ?? null;
      let statements = 0;
      const where = { system, scope: repository };
      for (let page = 0; page < maxPages; page += 1) {
        const read = await source.sweep(repository, cursor).catch(async (error: unknown) => {
          const { message, hint } = toAppError(error);
          await noteFailure(db, where, [message, hint].filter(Boolean).join(' '), clock.now());
          throw error;
        });
        const change = await db.transaction(async (tx) => {
          const now = clock.now();
          const made = await state(tx, system, read.items, now);
          await saveCursor(tx, name, { next: read.cursor }, [], now);
          await notePage(tx, where, read, now);
          if (!read.hasMore) await noteEnd(tx, where, statements + made.statements > 0, now);
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
      const list = await source.listObjects(repository);
      const { prefixes, objects } = list;
      const there = new Set(objects.map((object) => `${repository}:${object}`));
      const missing = [...known].filter(
        ([object, word]) =>
          !word.isGone &&
          !isDerivedObject(object) &&
          !there.has(object) &&
          prefixes.some((prefix) => object.startsWith(`${repository}:${prefix}`)),
      );
      const gone: typeof missing = [];
      for (const one of missing) {
        const object = one[0].slice(repository.length + 1);
        if ((await source.isGone?.(repository, object)) !== false) gone.push(one);
      }
      const now = clock.now();
      await db.transaction(async (tx) => {
        await stateFacts(
          tx,
          gone.map(([object, { ordinal, acl }]) =>
            goneStatement({ system, scope: repository, acl }, object, ordinal, now),
          ),
          now,
        );
        const objects = gone.map(([object]) => object);
        await buryDocuments(tx, system, objects, now);
        await buryComments(tx, system, { repository, objects }, now);
      });
      await readAgain(system, repository, source, list);
      return gone.length;
    },

    take: (system, items) => db.transaction((tx) => state(tx, system, items, clock.now())),
  };
}
