/**
 * Goal: whoever had a hand in a change, is away, or lacks the right is never asked, not even through a
 * delegate; the rest are asked in an order that is the same every time.
 * Method: properties over generated people; examples for the order.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DecidingRule } from '../schema.ts';
import { filterReviewers, type ReviewerCandidate } from './filter.ts';
import { planReviewers, type RankedCandidate, rotates } from './plan.ts';
import { reasonsOf } from './reasons.ts';
import { slotsOf } from './slots.ts';

const IDS = ['ada', 'bob', 'cy', 'dee', 'eve', 'fay'];
const person = (id: string): fc.Arbitrary<ReviewerCandidate> =>
  fc.record({
    id: fc.constant(id),
    name: fc.constant(id),
    mayApprove: fc.boolean(),
    isInCustody: fc.boolean(),
    away: fc.option(fc.record({ delegateId: fc.option(fc.constantFrom(...IDS), { nil: null }) }), {
      nil: null,
    }),
    isInSources: fc.boolean(),
    isOwner: fc.boolean(),
    openAssignments: fc.nat(8),
    isBusyHere: fc.boolean(),
  });
const people = fc.tuple(...IDS.map(person));

test('nobody is asked who has a hand in it, is away, lacks the right or is asked already', () => {
  fc.assert(
    fc.property(people, fc.option(fc.integer({ min: 1, max: 8 }), { nil: null }), (all, limit) => {
      const { eligible, excluded, isLimitWaived } = filterReviewers(all, limit);
      const byId = new Map(all.map((one) => [one.id, one] as const));
      for (const { candidate, standsInFor } of eligible) {
        expect(candidate).toMatchObject({
          mayApprove: true,
          isInCustody: false,
          away: null,
          isBusyHere: false,
        });
        if (limit !== null && !isLimitWaived) expect(candidate.openAssignments).toBeLessThan(limit);
        if (standsInFor === null) {
          expect(candidate.isInSources).toBe(true);
          continue;
        }
        // A delegate lends only what the absent person could have given.
        const lender = byId.get(standsInFor)!;
        expect(lender).toMatchObject({ isInCustody: false, mayApprove: true, isInSources: true });
        expect(lender.away?.delegateId).toBe(candidate.id);
      }
      const asked = new Set(eligible.map(({ candidate }) => candidate.id));
      expect(asked.size).toBe(eligible.length);
      for (const { id } of all) expect(asked.has(id)).toBe(!excluded.has(id));
    }),
  );
});

test('the limit gives way only when everybody who may has enough', () => {
  const base = {
    mayApprove: true,
    isInCustody: false,
    away: null,
    isInSources: true,
    isOwner: false,
    isBusyHere: false,
  };
  const two = [
    { ...base, id: 'ada', name: 'Ada', openAssignments: 6 },
    { ...base, id: 'bob', name: 'Bob', openAssignments: 5 },
  ];

  const names = (limit: number) =>
    filterReviewers(two, limit).eligible.map(({ candidate }) => candidate.id);

  expect(names(6)).toEqual(['bob']);
  expect(names(3)).toEqual(['ada', 'bob']);
});

const candidate = (id: string, fields: Partial<RankedCandidate> = {}): RankedCandidate => ({
  id,
  rank: null,
  isOwner: false,
  openAssignments: 0,
  standsInFor: null,
  steps: [],
  reasons: [`because of ${id}`],
  ...fields,
});

/** A change whose id says: not this one in ten. */
const plain = ['a', 'b', 'c', 'd', 'e'].find((id) => !rotates(id))!;
const rotated = Array.from({ length: 200 }, (_, index) => `chg_${index}`).find(rotates)!;

test('first who knows it best, then one for each step of the leader, then the rest; each once', () => {
  const all = [
    candidate('owner', { isOwner: true }),
    candidate('lead', { steps: ['owning-team-lead'] }),
    candidate('second', { rank: 1 }),
    candidate('first', { rank: 0 }),
    candidate('nobody', { openAssignments: 4 }),
    candidate('call', { steps: ['on-call'] }),
  ];

  const plan = planReviewers(all, {
    changeId: plain,
    afterwards: ['next-expert', 'owning-team-lead', 'on-call'],
  });

  expect(plan.map(({ personId, via }) => `${personId} ${via}`)).toEqual([
    'first expert',
    'second next-expert',
    'lead owning-team-lead',
    'call on-call',
    'owner remaining',
    'nobody remaining',
  ]);
});

test('one change in ten goes to the second expert, always the same ones', () => {
  const all = [candidate('first', { rank: 0 }), candidate('second', { rank: 1 })];
  const share =
    Array.from({ length: 5_000 }, (_, index) => rotates(`chg_${index}`)).filter(Boolean).length /
    5_000;

  expect(share).toBeGreaterThan(0.08);
  expect(share).toBeLessThan(0.12);
  for (let again = 0; again < 3; again += 1) {
    const plan = planReviewers(all, { changeId: rotated, afterwards: [] });
    expect(plan.map(({ personId, via }) => [personId, via])).toEqual([
      ['second', 'second-expert'],
      ['first', 'remaining'],
    ]);
  }
});

test('a plan names everybody once, whatever the order of steps', () => {
  const steps = fc.constantFrom(
    'next-expert',
    'owning-team-lead',
    'on-call',
    'owners',
    'leadership',
  );
  fc.assert(
    fc.property(
      fc.array(fc.record({ rank: fc.option(fc.nat(20), { nil: null }), steps: fc.array(steps) }), {
        maxLength: 15,
      }),
      fc.array(steps),
      fc.string(),
      (given, afterwards, changeId) => {
        const all = given.map((fields, index) => candidate(`p${index}`, fields));
        const plan = planReviewers(all, { changeId, afterwards });
        expect(plan.map(({ personId }) => personId).toSorted()).toEqual(
          all.map(({ id }) => id).toSorted(),
        );
      },
    ),
  );
});

test('there is always a reason, at most three, and shares are said as they are', () => {
  const known = {
    fileReviews: 0.42,
    folderReviews: 0.5,
    authorReviews: 0.04,
    fileAuthorship: 0,
    folderAuthorship: 0,
  };
  const reasons = reasonsOf({
    known,
    isOwner: true,
    standsInFor: null,
    rules: ['card-data'],
    sources: ['team:payments'],
  });

  expect(reasons).toEqual([
    'Rule card-data asks team:payments',
    '42 % of the reviews of these files are yours',
    '50 % of the reviews nearby are yours',
  ]);
  const none = { known: null, isOwner: false, standsInFor: null, rules: [], sources: [] };
  expect(reasonsOf(none)).toHaveLength(1);
});

test('seats: equal sources share theirs, named ones count for anyone, filled ones are not asked for', () => {
  const rule = (id: string, reviewers: number, from: string[], isMet = false): DecidingRule => ({
    id,
    file: 'p.yaml',
    line: 1,
    because: id,
    kind: 'requirement',
    reviewers,
    from,
    isMet,
  });
  const rules = [
    rule('a', 1, ['team:pay']),
    rule('b', 2, ['team:pay']),
    rule('c', 3, []),
    rule('met', 4, ['team:x'], true),
  ];

  const keys = (filled: (from: readonly string[]) => number) =>
    slotsOf(rules, filled).map(({ key }) => key);

  expect(keys(() => 0)).toEqual(['team:pay#0', 'team:pay#1', '#0']);
  expect(keys((from) => (from.length > 0 ? 1 : 0))).toEqual(['team:pay#0', '#0', '#1']);
  expect(keys(() => 3)).toEqual([]);
});
