/**
 * Takes statements down and keeps the assertions in step with them. Saying the same again changes
 * nothing; what arrives late takes the place it has in its source's own order.
 */
import { createHash } from 'node:crypto';
import { canonicalJson, createBreather, type Tx } from '#kernel';
import { edgeText, foldStatements, type HeldFact } from './fold.ts';
import type { Fact, NewFact, Statement } from './schema.ts';
import * as store from './write-store.ts';

/** Facts folded at once; bounds memory, the size of one SQL statement, and how long the event loop waits. */
const BATCH_FACTS = 2_000;

export interface GraphChange {
  /** Statements that were new. */
  statements: number;
  opened: number;
  closed: number;
}

/** The hash under which a payload is known: equal facts in any order have the same. */
export function payloadHash(facts: readonly NewFact[]): string {
  const texts = facts.map((fact) => canonicalJson(complete(fact))).sort();
  return createHash('sha256').update(texts.join('\n')).digest('hex').slice(0, 32);
}

/** With the defaults of the schema, which would take several times as long to say so on every push. */
function complete(fact: NewFact): Fact {
  const { slot = '', method = 'parsed', confidence = 1, properties = {} } = fact;
  return { ...fact, slot, method, confidence, properties };
}

/** Writes statements down and folds the objects they are about. */
export async function stateFacts(
  tx: Tx,
  statements: readonly Statement[],
  now: Date,
): Promise<GraphChange> {
  const change = { statements: 0, opened: 0, closed: 0 };
  // In one order for everybody: two transactions that share objects then wait and do not deadlock.
  const breathe = createBreather();
  const ordered: (Statement & { payloadHash: string })[] = [];
  for (const statement of statements) {
    ordered.push({ ...statement, payloadHash: payloadHash(statement.facts) });
    await breathe();
  }
  ordered.sort((a, b) => compare(a.system, b.system) || compare(a.object, b.object));
  for (const batch of batchesOf(ordered)) {
    const sourceIds = await store.lockSources(tx, batch);
    const changed = await store.insertStatements(
      tx,
      batch.map((statement) => ({
        ...statement,
        sourceId: sourceIds.get(store.sourceText(statement))!,
        facts: statement.facts.map(complete),
      })),
      now,
    );
    change.statements += changed.length;
    add(change, await refold(tx, [...new Set(changed)], now));
  }
  return change;
}

/**
 * Takes back what a rewritten history said: statements of a scope after a place in it, or all of them
 * without one; of one extractor, or of all.
 */
export async function withdrawStatements(
  tx: Tx,
  which: {
    system: string;
    scope: string;
    afterOrdinal?: number | undefined;
    extractor?: string | undefined;
  },
  now: Date,
): Promise<GraphChange> {
  const change = { statements: 0, opened: 0, closed: 0 };
  const sources = await store.withdraw(tx, which, now);
  change.statements = sources.length;
  for (let start = 0; start < sources.length; start += 1_000) {
    add(change, await refold(tx, sources.slice(start, start + 1_000), now));
  }
  return change;
}

/** Erases what an object ever said, on legal demand. Hashes stay, so that it is known that it was. */
export async function eraseSource(
  tx: Tx,
  which: { system: string; object: string },
): Promise<number> {
  return store.erase(tx, which);
}

async function refold(tx: Tx, sourceIds: readonly number[], now: Date): Promise<GraphChange> {
  const change = { statements: 0, opened: 0, closed: 0 };
  if (sourceIds.length === 0) return change;
  const statements = await store.readStatements(tx, sourceIds);
  const wanted = new Map<string, { sourceId: number; held: HeldFact }>();
  const breathe = createBreather();
  for (const sourceId of sourceIds) {
    await breathe();
    for (const held of foldStatements(statements.get(sourceId) ?? [])) {
      wanted.set(rowText(sourceId, held), { sourceId, held });
    }
  }
  const gone: number[] = [];
  for (const row of await store.readOpenAssertions(tx, sourceIds)) {
    const text = rowText(row.sourceId, row.held);
    await breathe();
    if (!wanted.delete(text)) gone.push(row.id);
  }
  await store.closeAssertions(tx, gone, now);
  await store.insertAssertions(tx, [...wanted.values()], now);
  change.opened = wanted.size;
  change.closed = gone.length;
  return change;
}

/** Equal for rows that say the same: a fold that changes nothing writes nothing. */
function rowText(sourceId: number, held: HeldFact): string {
  const { fact, revision, confirmedAt, extractor, extractorVersion, validFrom, validTo } = held;
  return [
    sourceId,
    edgeText(fact),
    validFrom.getTime(),
    validTo?.getTime() ?? '',
    revision,
    confirmedAt.getTime(),
    extractor,
    extractorVersion,
    fact.method,
    Math.fround(fact.confidence),
    canonicalJson(fact.evidence ?? null),
    canonicalJson(fact.properties),
  ].join('\n');
}

function* batchesOf<Item extends { system: string; object: string; facts: readonly unknown[] }>(
  items: readonly Item[],
): Generator<Item[]> {
  let batch: Item[] = [];
  let size = 0;
  for (const item of items) {
    const last = batch.at(-1);
    const isSame = last?.system === item.system && last.object === item.object;
    if (size > BATCH_FACTS && !isSame) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(item);
    size += item.facts.length + 1;
  }
  if (batch.length > 0) yield batch;
}

function add(total: GraphChange, more: GraphChange): void {
  total.opened += more.opened;
  total.closed += more.closed;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
