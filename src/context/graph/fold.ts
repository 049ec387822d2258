/**
 * Folds the statements of one source object into the times each of its facts held. Pure, and a function
 * of the set of statements: neither their order of arrival nor their repetition matters.
 */
import { canonicalJson } from '#kernel';
import type { EntityRef, Fact } from './schema.ts';

export interface StatedFacts {
  ordinal: number;
  statedAt: Date;
  revision: string;
  payloadHash: string;
  extractor: string;
  extractorVersion: number;
  facts: readonly Fact[];
}

export interface HeldFact {
  fact: Fact;
  revision: string;
  /** When that revision was made. */
  confirmedAt: Date;
  extractor: string;
  extractorVersion: number;
  validFrom: Date;
  /** Null while it holds. */
  validTo: Date | null;
}

/** Text that is equal for equal entities. */
export function refText({ kind, key }: EntityRef): string {
  return `${kind}:${key}`;
}

/** What a fact is about: the same source saying it again says the same edge. */
export function edgeText(fact: Pick<Fact, 'kind' | 'from' | 'to' | 'slot'>): string {
  return [fact.kind, refText(fact.from), refText(fact.to), fact.slot].join('\n');
}

/** What makes an interval end and another begin, although the edge stays. */
const weightText = ({ method, confidence, properties }: Fact): string =>
  canonicalJson([method, confidence, properties]);

/**
 * Intervals by fact, in the order in which they began. A fact that pauses and comes back has disjoint
 * intervals; one that lived for no time at all leaves none.
 */
export function foldStatements(statements: readonly StatedFacts[]): HeldFact[] {
  const held: HeldFact[] = [];
  const open = new Map<string, HeldFact>();
  // The clocks of committers are not in order; time within one object only moves forward.
  let now = new Date(-8.64e15);

  const close = (key: string, one: HeldFact): void => {
    open.delete(key);
    if (one.validFrom < now) held.push({ ...one, validTo: now });
  };

  for (const statement of statements.toSorted(inOrder)) {
    if (statement.statedAt > now) now = statement.statedAt;
    const { revision, extractor, extractorVersion, statedAt: confirmedAt } = statement;
    const stated = byEdge(statement.facts);
    for (const [key, one] of open) if (!stated.has(key)) close(key, one);
    for (const [key, fact] of stated) {
      const standing = open.get(key);
      const continues = standing !== undefined && weightText(standing.fact) === weightText(fact);
      if (standing !== undefined && !continues) close(key, standing);
      const validFrom = continues ? standing.validFrom : now;
      open.set(key, {
        fact,
        revision,
        confirmedAt,
        extractor,
        extractorVersion,
        validFrom,
        validTo: null,
      });
    }
  }
  return [...held, ...open.values()];
}

function inOrder(a: StatedFacts, b: StatedFacts): number {
  return (
    a.ordinal - b.ordinal ||
    a.statedAt.getTime() - b.statedAt.getTime() ||
    a.extractorVersion - b.extractorVersion ||
    compare(a.revision, b.revision) ||
    compare(a.payloadHash, b.payloadHash)
  );
}

/** Said twice in one breath, the surer one counts. */
function byEdge(facts: readonly Fact[]): Map<string, Fact> {
  const stated = new Map<string, Fact>();
  for (const fact of facts) {
    const key = edgeText(fact);
    const known = stated.get(key);
    if (
      known === undefined ||
      known.confidence < fact.confidence ||
      (known.confidence === fact.confidence && canonicalJson(fact) < canonicalJson(known))
    ) {
      stated.set(key, fact);
    }
  }
  return stated;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
