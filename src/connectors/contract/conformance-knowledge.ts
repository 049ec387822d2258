/**
 * What every connector that has documents must hold to: readings go on where they broke off, the full list
 * and the readings agree, and a page says where it is from. For tests only, like the rest of the suite.
 */
import { describe, expect, test } from 'vitest';
import type { KnowledgeItem, KnowledgeSource } from './knowledge.ts';

export interface KnowledgeCase {
  name: string;
  /** A source over a system that holds documents in one scope at least; a new one per test. */
  open(): Promise<{ source: KnowledgeSource; scope: string }>;
}

const MAX_PAGES = 100;

export async function readAll(
  source: KnowledgeSource,
  scope: string,
  from: string | null = null,
): Promise<{ items: KnowledgeItem[]; cursor: string; cursors: (string | null)[] }> {
  const items: KnowledgeItem[] = [];
  const cursors: (string | null)[] = [];
  let cursor = from;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    cursors.push(cursor);
    const read = await source.sweep(scope, cursor);
    items.push(...read.items);
    cursor = read.cursor;
    if (!read.hasMore) return { items, cursor, cursors };
  }
  throw new Error('the reading does not end');
}

/** The suite every source of documents must pass. */
export function describeKnowledge(subject: KnowledgeCase): void {
  describe(`${subject.name} keeps to the contract of knowledge`, () => {
    test('its scopes are what it reads, and no other', async () => {
      const { source, scope } = await subject.open();

      expect(await source.listScopes!()).toContain(scope);
    });

    test('a page says where it is from, when it changed and in which revision', async () => {
      const { source, scope } = await subject.open();
      const { items } = await readAll(source, scope);

      expect(items.length).toBeGreaterThan(0);
      for (const item of items) {
        expect(item.repository).toBe(scope);
        expect(item.url).toMatch(/^(?:https?|file):\/\//);
        expect(Number.isNaN(item.updatedAt.getTime())).toBe(false);
        expect(['document', 'thread']).toContain(item.kind);
        if (item.kind === 'document') expect([item.revision, item.path]).not.toContain('');
      }
      expect(new Set(items.map(({ object }) => object)).size).toBe(items.length);
    });

    test('a reading that broke off gives the same page again', async () => {
      const { source, scope } = await subject.open();
      const { cursors } = await readAll(source, scope);
      const last = cursors.at(-1)!;

      const [one, other] = [await source.sweep(scope, last), await source.sweep(scope, last)];

      expect(one.items.map(({ object }) => object)).toEqual(
        other.items.map(({ object }) => object),
      );
    });

    test('a reading after the last one tells nothing that is not known', async () => {
      const { source, scope } = await subject.open();
      const first = await readAll(source, scope);
      const second = await readAll(source, scope, first.cursor);
      const known = new Map(first.items.map((item) => [item.object, item]));

      for (const item of second.items) expect(item).toEqual(known.get(item.object));
    });

    test('the full list and the readings agree, in their marks too', async () => {
      const { source, scope } = await subject.open();
      const { items } = await readAll(source, scope);
      const list = await source.listObjects(scope);
      const objects = items.map(({ object }) => object).sort();

      for (const object of objects) {
        expect(list.prefixes.some((prefix) => object.startsWith(prefix))).toBe(true);
      }
      if (list.objects.length === 0 && source.isGone !== undefined) return;
      expect(list.objects.toSorted()).toEqual(objects);
      for (const item of items) {
        const mark = list.marks?.get(item.object);
        if (item.kind === 'document' && mark !== undefined) expect(item.mark).toBe(mark);
        if (source.readObject === undefined) continue;
        expect(await source.readObject(scope, item.object)).toEqual(item);
      }
    });
  });
}
