/**
 * Goal: whoever had a hand in a change is recognised under any of their identities.
 * Method: examples of the forms systems use; a property over any custody and any approver.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { lendPowers } from './delegation.ts';
import { normaliseIdentity, sharedIdentities } from './custody.ts';

const PERSON = 'usr_019abc00000070008000000000000000';

test.each([
  ['another case', 'email:ada@example.com', 'email:Ada@Example.com'],
  ['an address without its scheme', 'email:ada@example.com', 'ada@example.com'],
  ['a tagged address', 'email:ada@example.com', 'email:ada+bot@example.com'],
  ['an address GitHub hides', 'github:ada', 'email:12345+Ada@users.noreply.github.com'],
  ['an old hidden address', 'github:ada', 'ada@users.noreply.github.com'],
])('%s is the same person', (_what, own, held) => {
  expect(sharedIdentities({ id: PERSON, identities: [own] }, [held])).toEqual([own]);
});

test('the operator of a session is in custody by id, with or without the scheme', () => {
  expect(sharedIdentities({ id: PERSON, identities: [] }, [`person:${PERSON}`])).toEqual([PERSON]);
  expect(sharedIdentities({ id: PERSON, identities: [] }, [PERSON])).toEqual([PERSON]);
});

test('another person of the same name on another system is not in custody', () => {
  const person = { id: PERSON, identities: ['github:ada', 'email:ada@example.com'] };

  expect(sharedIdentities(person, ['gitlab:ada', 'email:ada@example.org', 'ada'])).toEqual([]);
});

const identity = fc.oneof(
  fc.constantFrom('email:ada@example.com', 'github:ada', 'email:bob@example.com', 'github:bob'),
  fc
    .tuple(fc.constantFrom('email', 'github', 'gitlab'), fc.stringMatching(/^[a-z0-9.@+-]{1,12}$/))
    .map(([scheme, name]) => `${scheme}:${name}`),
);
const disguise = fc.constantFrom(
  (text: string) => text,
  (text: string) => text.toUpperCase(),
  (text: string) => ` ${text} `,
);

test('one identity in common is found, whatever surrounds it and however it is written', () => {
  fc.assert(
    fc.property(
      fc.array(identity),
      fc.array(identity),
      identity,
      disguise,
      (own, held, common, disguised) => {
        const person = { id: PERSON, identities: [...own, normaliseIdentity(common)] };

        expect(sharedIdentities(person, [...held, disguised(common)])).not.toEqual([]);
      },
    ),
  );
});

test('adding to the custody or to the person never clears anybody', () => {
  fc.assert(
    fc.property(fc.array(identity), fc.array(identity), identity, (own, held, extra) => {
      const isIn = (identities: string[], custody: string[]) =>
        sharedIdentities({ id: PERSON, identities }, custody).length > 0;

      if (!isIn(own, held)) return;
      expect(isIn([...own, extra], held)).toBe(true);
      expect(isIn(own, [...held, extra])).toBe(true);
    }),
  );
});

const people = fc
  .array(fc.record({ teams: fc.subarray(['pay', 'web', 'late']), alias: identity }), {
    minLength: 2,
    maxLength: 6,
  })
  .map((drawn) =>
    drawn.map(({ teams, alias }, index) => ({
      person: `usr_019abc0000007000800000000000000${index}` as const,
      teams: [...teams, `own-${index}`],
      identities: [`email:p${index}@example.com`, `bot:p${index}`, `${alias}-${index}`],
      givenAt: new Date(1_000),
    })),
  );

test('no consent carries the name or the teams of anybody in custody: bot, trailer, later team, delegation', () => {
  fc.assert(
    fc.property(
      people,
      fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.integer({ min: 0, max: 3_000 })), {
        maxLength: 12,
      }),
      // How the maker came into custody: as author, by a bot account, by a trailer, by their id.
      fc.tuple(fc.nat(5), fc.constantFrom(0, 1, 2, 3), disguise),
      (everybody, lent, [nth, way, disguised]) => {
        const maker = everybody[nth % everybody.length]!;
        const custody = [disguised([...maker.identities, `person:${maker.person}`][way]!)];
        const loans = lent.map(([from, to, until]) => {
          const lender = everybody[from % everybody.length]!;
          return {
            delegateId: everybody[to % everybody.length]!.person,
            lenderId: lender.person,
            from: new Date(0),
            to: new Date(until),
            cancelledAt: null,
            // Joined after the change was made: it is lent as it is now, and still not by the maker.
            teams: [...lender.teams, 'late'],
            identities: lender.identities,
          };
        });
        const free = everybody.filter(
          ({ person, identities }) =>
            sharedIdentities({ id: person, identities }, custody).length === 0,
        );

        const counted = lendPowers(free, loans, custody);

        for (const { person, teams, identities, standsInFor } of counted) {
          expect(person).not.toBe(maker.person);
          expect(standsInFor).not.toContain(maker.person);
          expect(identities.filter((name) => maker.identities.includes(name))).toEqual([]);
          expect(teams).not.toContain(`own-${everybody.indexOf(maker)}`);
        }
      },
    ),
  );
});
