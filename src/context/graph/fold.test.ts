/**
 * Goal: what a source said becomes the times its facts held, whatever the order it arrived in.
 * Method: examples of one object's life, and statements of any shape in any order.
 */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldStatements, type StatedFacts } from './fold.ts';
import { Fact } from './schema.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
const fact = (to: string, properties: Record<string, string> = {}) =>
  Fact.parse({
    kind: 'depends_on',
    from: { kind: 'component', key: 'a' },
    to: { kind: 'component', key: to },
    properties,
  });
const said = (ordinal: number, facts: Fact[], minute = ordinal): StatedFacts => ({
  ordinal,
  statedAt: at(minute),
  revision: `r${ordinal}`,
  payloadHash: facts.map(({ to, properties }) => to.key + JSON.stringify(properties)).join(),
  extractor: 'test',
  extractorVersion: 1,
  facts,
});
const shown = (statements: readonly StatedFacts[]) =>
  foldStatements(statements).map(({ fact: { to }, validFrom, validTo, revision }) => [
    to.key,
    validFrom.getUTCMinutes(),
    validTo?.getUTCMinutes() ?? null,
    revision,
  ]);

describe('the fold of one object', () => {
  test('a fact holds from the first revision that says it to the first that does not', () => {
    expect(
      shown([said(1, [fact('b')]), said(2, [fact('b'), fact('c')]), said(3, [fact('c')])]),
    ).toEqual([
      ['b', 1, 3, 'r2'],
      ['c', 2, null, 'r3'],
    ]);
  });

  test('a fact that comes back has two intervals with a gap between them', () => {
    expect(shown([said(1, [fact('b')]), said(2, []), said(3, [fact('b')])])).toEqual([
      ['b', 1, 2, 'r1'],
      ['b', 3, null, 'r3'],
    ]);
  });

  test('another property ends one interval and begins the next without a gap', () => {
    const [old, now] = foldStatements([
      said(1, [fact('b', { status: 'proposed' })]),
      said(2, [fact('b', { status: 'accepted' })]),
    ]);

    expect([old?.validTo, now?.validFrom]).toEqual([at(2), at(2)]);
    expect(now?.fact.properties).toEqual({ status: 'accepted' });
  });

  test('a clock that went back does not make an interval end before it began', () => {
    expect(shown([said(1, [fact('b')], 30), said(2, [], 10)])).toEqual([]);
    expect(shown([said(1, [fact('b')], 10), said(2, [fact('c')], 5)])).toEqual([
      ['c', 10, null, 'r2'],
    ]);
  });
});

const statements = fc.array(
  fc
    .record({
      ordinal: fc.integer({ min: 0, max: 12 }),
      minute: fc.integer({ min: 0, max: 59 }),
      facts: fc.uniqueArray(fc.constantFrom('b', 'c', 'd'), { maxLength: 3 }),
    })
    .map(({ ordinal, minute, facts }) =>
      said(
        ordinal,
        facts.map((to) => fact(to)),
        minute,
      ),
    ),
  { maxLength: 12 },
);

test('order of arrival and repetition do not matter', () => {
  fc.assert(
    fc.property(statements, fc.infiniteStream(fc.nat()), (list, random) => {
      const shuffled = list
        .concat(list)
        .map((one) => ({ one, place: random.next().value as number }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ one }) => one);
      const sorted = (all: readonly StatedFacts[]) => shown(all).map(String).sort();

      expect(sorted(shuffled)).toEqual(sorted(list));
    }),
  );
});

test('intervals of one fact never meet, and none is empty', () => {
  fc.assert(
    fc.property(statements, (list) => {
      const byFact = Map.groupBy(foldStatements(list), (held) => held.fact.to.key);
      for (const intervals of byFact.values()) {
        const ordered = intervals.toSorted((a, b) => a.validFrom.getTime() - b.validFrom.getTime());
        for (const [index, one] of ordered.entries()) {
          expect(one.validTo === null || one.validTo > one.validFrom).toBe(true);
          const next = ordered[index + 1];
          if (next !== undefined) expect(one.validTo! <= next.validFrom).toBe(true);
        }
      }
    }),
  );
});
