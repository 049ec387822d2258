/**
 * Takes pages and threads of outside systems in: their words onto the shelf, what they say into the graph.
 * The caller holds the transaction. What is read again and is the same changes nothing.
 */
import type { Tx } from '#kernel';
import { addSegment, mergeSegments } from '../index-store.ts';
import type { Statement } from '../graph/schema.ts';
import { countTerms } from '../words.ts';
import { aclOf, readSource, type SourceDocument, type SourceItem } from './read-source.ts';
import { addressesIn, linksOf, sourceRef, sourceStatement } from './source-facts.ts';
import * as store from './store.ts';

/** Writes what is new of the items; gives their statements for the graph. */
export async function keepSources(
  tx: Tx,
  system: string,
  items: readonly SourceItem[],
  now: Date,
): Promise<Statement[]> {
  if (items.length === 0) return [];
  await store.lockShelf(tx);
  const read = await onlyLinked(
    tx,
    // The last word of a page counts, however often a sweep met it.
    [...new Map(items.map((item) => [`${item.repository}:${item.object}`, item])).values()].map(
      (item) => ({ item, document: readSource(system, item) }),
    ),
  );
  const standing = await store.readStanding(tx, system, {
    objects: read.map(({ document }) => document.object),
  });
  const changed = read.filter(({ document }) => {
    const known = standing.get(document.object);
    return known === undefined || known.isGone || known.contentHash !== document.contentHash;
  });
  await writeChanged(
    tx,
    changed.map(({ document }) => document),
    standing,
    now,
  );
  await store.moveAcl(
    tx,
    system,
    changed.map(({ document }) => ({ object: document.object, acl: aclOf(document) })),
  );
  return changed.map(({ document, item }) => {
    const known = standing.get(document.object);
    const statement = sourceStatement(document, item);
    // Closed to us and opened again, or moved: no new revision, and yet the newest word.
    const isLater = known === undefined || document.updatedAt > known.updatedAt;
    return isLater && known?.isGone !== true
      ? statement
      : { ...statement, ordinal: Math.max(statement.ordinal + 1, now.getTime()) };
  });
}

/** Takes the words of what is gone off the shelf. */
export async function buryDocuments(
  tx: Tx,
  system: string,
  objects: readonly string[],
  now: Date,
): Promise<void> {
  if (objects.length === 0) return;
  const standing = await store.readStanding(tx, system, { objects });
  const ids = [...standing.values()].filter(({ isGone }) => !isGone).map(({ id }) => id);
  if (ids.length === 0) return;
  await store.lockShelf(tx);
  const buried = await store.deleteSections(tx, ids);
  await store.markGone(tx, ids, now);
  await addSegment(tx, store.SOURCE_SHELF, { field: 'section', items: new Map(), buried });
}

/** Of a list of a scope, what has to be read again: never met, back again, or marked otherwise. */
export async function findUnknown(
  tx: Tx,
  system: string,
  scope: string,
  list: { objects: readonly string[]; marks?: ReadonlyMap<string, string> | undefined },
): Promise<string[]> {
  const standing = await store.readStanding(tx, system, { scope });
  return list.objects.filter((object) => {
    const known = standing.get(`${scope}:${object}`);
    if (known === undefined || known.isGone) return true;
    const mark = list.marks?.get(object);
    return mark !== undefined && mark !== known.mark;
  });
}

async function writeChanged(
  tx: Tx,
  changed: readonly SourceDocument[],
  standing: ReadonlyMap<string, store.StandingDocument>,
  now: Date,
): Promise<void> {
  if (changed.length === 0) return;
  await store.insertReaders(
    tx,
    changed.flatMap(({ readers }) => readers ?? []),
  );
  const before = changed.flatMap(({ object }) => standing.get(object)?.id ?? []);
  const buried = await store.deleteSections(tx, before);
  const terms = new Map<number, ReadonlyMap<string, number>>();
  for (const document of changed) {
    const id = await store.saveDocument(tx, document, now);
    const numbers = await store.insertSections(tx, id, document.sections);
    document.sections.forEach(({ heading, text }, index) => {
      terms.set(numbers[index]!, countTerms(`${document.title} ${heading} ${heading} ${text}`));
    });
  }
  await addSegment(tx, store.SOURCE_SHELF, { field: 'section', items: terms, buried });
  await mergeSegments(tx, store.SOURCE_SHELF);
}

interface Read {
  item: SourceItem;
  document: SourceDocument;
}

/** A thread is kept only where it is linked with work, a decision or an incident, by either side. */
async function onlyLinked(tx: Tx, read: readonly Read[]): Promise<Read[]> {
  const threads = read.filter(({ item }) => item.kind === 'thread');
  if (threads.length === 0) return [...read];
  const linked = await store.findLinkedThreads(
    tx,
    threads.map(({ document }) => sourceRef(document).key),
  );
  const records = await store.findRecordUrls(
    tx,
    threads.flatMap(({ item }) => addressesIn(item.text)),
  );
  return read.filter(
    ({ item, document }) =>
      item.kind !== 'thread' ||
      linked.has(sourceRef(document).key) ||
      linksOf(document, item).length > 0 ||
      addressesIn(item.text).some((url) => records.has(url)),
  );
}
