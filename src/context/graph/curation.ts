/**
 * What people say about the graph: that two identities are one person or are not, that two records
 * contradict each other, and how that was settled. One object per pair: the last word counts.
 */
import { createHash } from 'node:crypto';
import { AppError, type Clock, type Db } from '#kernel';
import type { Actor, Ledger } from '#ledger';
import {
  contradictionReported,
  contradictionSettled,
  personMerged,
  personSplit,
} from '../events.ts';
import { stateFacts } from './assert.ts';
import { refText } from './fold.ts';
import { isSettled, reasonOf } from './disagreements.ts';
import { parseEntityId, unknownEntity } from './entity-id.ts';
import { joinIdentities } from './people.ts';
import { type EntitySummary, readEntity, type SourceWord, summarise } from './read.ts';
import { readWords, readEdgesOfKinds } from './read-store.ts';
import type { AsOf, EntityRef, NewFact, Perspective, Reader } from './schema.ts';
import { readSourceOrdinal } from './write-store.ts';

export interface KnownPerson {
  /** Key of the identity that stands for the person. */
  id: string;
  name: string;
  identities: { id: string; name: string }[];
  /** Why the identities are one person. */
  evidence: { a: string; b: string; because: string; confidence: number; source: string }[];
}

export interface Contradiction {
  a: EntitySummary;
  b: EntitySummary;
  sources: SourceWord[];
}

export interface Curation {
  /** People with all their identities, by name; or the one who bears an identity. */
  people(
    reader: Reader,
    options?: { identity?: string | undefined; limit?: number; offset?: number } & AsOf,
  ): Promise<KnownPerson[]>;
  /** Representative of every identity that was joined with another: `email:a@b` -> `email:c@d`. */
  identities(reader: Reader, asOf?: AsOf): Promise<Map<string, string>>;
  /** Says that two identities are one person. @throws AppError `context.same_identity` */
  mergePeople(pair: PersonPair, actor: Actor): Promise<void>;
  /** Says that they are not, whatever evidence there is. */
  splitPeople(pair: PersonPair, actor: Actor): Promise<void>;
  /** Contradictions nobody has settled. */
  contradictions(reader: Reader, asOf?: AsOf): Promise<Contradiction[]>;
  reportContradiction(
    reader: Reader,
    pair: { a: string; b: string; because: string },
    actor: Actor,
  ): Promise<void>;
  /** `a` or `b` holds and takes the other's place, or `both` hold. */
  settleContradiction(
    reader: Reader,
    pair: { a: string; b: string; holds: 'a' | 'b' | 'both'; because: string },
    actor: Actor,
  ): Promise<void>;
}

export interface PersonPair {
  /** Identities: `email:ada@example.org`, `github:ada`. */
  a: string;
  b: string;
  because: string;
}

const HUMAN = 'human';
const MAX_EDGES = 100_000;

export function createCuration(
  { db, ledger, clock }: { db: Db; ledger: Ledger; clock: Clock },
  perspective: (reader: Reader, asOf?: AsOf) => Promise<Perspective>,
): Curation {
  async function readSame(from: Perspective) {
    const edges = await readEdgesOfKinds(db, from, ['same_as', 'distinct_from'], MAX_EDGES);
    const words = await readWords(
      db,
      from,
      edges.map(({ id }) => id),
    );
    const same = edges
      .filter(({ kind }) => kind === 'same_as')
      .flatMap((edge) =>
        (words.get(edge.id) ?? []).slice(0, 1).map((word) => ({
          a: edge.from.key,
          b: edge.to.key,
          isHuman: (words.get(edge.id) ?? []).some(({ system }) => system === HUMAN),
          confidence: word.confidence,
          word,
        })),
      );
    const distinct = edges
      .filter(({ kind }) => kind === 'distinct_from')
      .map(({ from: { key: a }, to: { key: b } }) => ({ a, b }));
    return { same, distinct, edges };
  }

  /** Writes the last word about a pair, and the event that tells of it, in one transaction. */
  async function say(
    object: string,
    scope: string,
    acl: string,
    facts: NewFact[],
    announce: (tx: Parameters<typeof stateFacts>[0]) => Promise<unknown>,
  ): Promise<void> {
    await db.transaction(async (tx) => {
      const now = clock.now();
      const last = await readSourceOrdinal(tx, HUMAN, object);
      const ordinal = Math.max(now.getTime(), last + 1);
      await stateFacts(
        tx,
        [
          {
            system: HUMAN,
            object,
            scope,
            acl,
            revision: String(ordinal),
            ordinal,
            statedAt: now,
            extractor: 'curation',
            extractorVersion: 1,
            facts,
          },
        ],
        now,
      );
      await announce(tx);
    });
  }

  async function sayOfPeople(
    kind: 'same_as' | 'distinct_from',
    pair: PersonPair,
    actor: Actor,
  ): Promise<void> {
    const [a, b] = orderedKeys(pair.a, pair.b);
    if (a === b) {
      throw new AppError('invalid', 'context.same_identity', {
        message: 'Both identities are the same.',
        hint: 'Name two, such as email:ada@example.org and github:ada.',
      });
    }
    const announce = kind === 'same_as' ? personMerged : personSplit;
    const fact: NewFact = {
      kind,
      from: { kind: 'person', key: a },
      to: { kind: 'person', key: b },
      method: 'declared',
      properties: { because: pair.because, by: actor.id },
    };
    await say(`people:${a}|${b}`, 'people', 'organisation', [fact], (tx) =>
      announce(ledger, tx, { a, b, because: pair.because }, actor),
    );
  }

  /** Both ends, which the reader must be able to see. */
  async function findPair(reader: Reader, pair: { a: string; b: string }) {
    const from = await perspective(reader);
    const [a, b] = [parseEntityId(pair.a), parseEntityId(pair.b)];
    for (const ref of [a, b]) {
      if ((await readEntity(db, from, ref)) === undefined) {
        throw unknownEntity(refText(ref));
      }
    }
    if (refText(a) === refText(b)) {
      throw new AppError('invalid', 'context.same_entity', {
        message: 'An entity cannot contradict itself.',
        hint: 'Name two different entities.',
      });
    }
    return { a, b };
  }

  return {
    async identities(reader, asOf) {
      const { same, distinct } = await readSame(await perspective(reader, asOf));
      return joinIdentities(same, distinct);
    },

    async people(reader, { identity, limit = 100, offset = 0, ...asOf } = {}) {
      const from = await perspective(reader, asOf);
      const { same, distinct, edges } = await readSame(from);
      const joined = joinIdentities(same, distinct);
      const byPerson = Map.groupBy(joined.keys(), (key) => joined.get(key)!);
      const wantedId = identity === undefined ? undefined : joined.get(identity);
      const page = [...byPerson.keys()]
        .filter((id) => identity === undefined || id === wantedId)
        .sort()
        .slice(offset, offset + limit);
      const rowIds = new Map(
        edges.flatMap((edge) => [edge.from, edge.to].map((end) => [end.key, end.id])),
      );
      const wanted = page.flatMap((id) => byPerson.get(id)!);
      const summaries = await summarise(
        db,
        from,
        wanted.flatMap((key) => rowIds.get(key) ?? []),
      );
      const nameOf = (key: string) => summaries.get(rowIds.get(key) ?? -1)?.title ?? key;
      return page.map((id) => {
        const members = new Set(byPerson.get(id));
        return {
          id,
          name: nameOf(id),
          identities: [...members].sort().map((key) => ({ id: key, name: nameOf(key) })),
          evidence: same
            .filter(({ a, b }) => members.has(a) && members.has(b))
            .map(({ a, b, confidence, word }) => ({
              a,
              b,
              confidence,
              because: reasonOf(word),
              source: `${word.system}:${word.object}`,
            })),
        };
      });
    },

    mergePeople: (pair, actor) => sayOfPeople('same_as', pair, actor),
    splitPeople: (pair, actor) => sayOfPeople('distinct_from', pair, actor),

    async contradictions(reader, asOf) {
      const from = await perspective(reader, asOf);
      const edges = await readEdgesOfKinds(db, from, ['contradicts'], 1_000);
      const words = await readWords(
        db,
        from,
        edges.map(({ id }) => id),
      );
      const ends = await summarise(
        db,
        from,
        edges.flatMap((edge) => [edge.from.id, edge.to.id]),
      );
      return edges.flatMap((edge) => {
        const [a, b] = [ends.get(edge.from.id), ends.get(edge.to.id)];
        const sources = words.get(edge.id) ?? [];
        if (a === undefined || b === undefined || isSettled(sources)) return [];
        const isOpen = a.freshness === 'contradicted' && b.freshness === 'contradicted';
        return isOpen ? [{ a, b, sources }] : [];
      });
    },

    async reportContradiction(reader, pair, actor) {
      const { a, b } = await findPair(reader, pair);
      const [from, to] = orderedRefs(a, b);
      const fact: NewFact = {
        kind: 'contradicts',
        from,
        to,
        method: actor.kind === 'agent' ? 'model' : 'declared',
        confidence: actor.kind === 'agent' ? 0.5 : 1,
        properties: { because: pair.because, by: actor.id },
      };
      await say(pairObject(from, to), 'contradictions', 'organisation', [fact], (tx) =>
        contradictionReported(
          ledger,
          tx,
          { a: refText(from), b: refText(to), because: pair.because },
          actor,
        ),
      );
    },

    async settleContradiction(reader, pair, actor) {
      const { a, b } = await findPair(reader, pair);
      const [from, to] = orderedRefs(a, b);
      const properties = { because: pair.because, by: actor.id };
      const facts: NewFact[] = [
        {
          kind: 'contradicts',
          from,
          to,
          method: 'declared',
          properties: { ...properties, settled: true },
        },
      ];
      if (pair.holds !== 'both') {
        const [winner, loser] = pair.holds === 'a' ? [a, b] : [b, a];
        facts.push({ kind: 'supersedes', from: winner, to: loser, method: 'declared', properties });
      }
      await say(pairObject(from, to), 'contradictions', 'organisation', facts, (tx) =>
        contradictionSettled(
          ledger,
          tx,
          { a: refText(a), b: refText(b), holds: pair.holds, because: pair.because },
          actor,
        ),
      );
    },
  };
}

/** Equal for the same two entities in either order; short, whatever their keys. */
export function contradictionKey(
  a: { kind: string; key: string },
  b: { kind: string; key: string },
): string {
  const pair = [`${a.kind}:${a.key}`, `${b.kind}:${b.key}`].sort().join('|');
  return `contradiction:${createHash('sha256').update(pair).digest('hex').slice(0, 32)}`;
}

function orderedKeys(a: string, b: string): [string, string] {
  const [left, right] = [a.trim().toLowerCase(), b.trim().toLowerCase()];
  return left <= right ? [left, right] : [right, left];
}

function orderedRefs(a: EntityRef, b: EntityRef): [EntityRef, EntityRef] {
  return refText(a) <= refText(b) ? [a, b] : [b, a];
}

function pairObject(a: EntityRef, b: EntityRef): string {
  return `pair:${refText(a)}|${refText(b)}`;
}
