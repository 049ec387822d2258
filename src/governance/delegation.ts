/**
 * What a delegate borrows from the absent person: teams and names, never roles. Nothing is borrowed
 * from somebody with a hand in the change, from somebody who consented themselves, or twice. Pure.
 */
import type { Loan } from './absence-store.ts';
import { sharedIdentities } from './custody.ts';

interface Giver {
  person: string;
  teams: string[];
  identities: string[];
  givenAt: Date;
}

/** The givers with what they borrow at the time they gave; one hop only: a loan is not lent on. */
export function lendPowers<Consent extends Giver>(
  givers: readonly Consent[],
  loans: readonly Loan[],
  custody: readonly string[],
): (Consent & { standsInFor: string[] })[] {
  const own = new Set(givers.map(({ person }) => person));
  const lent = new Set<string>();
  return givers.map((giver) => {
    const borrowed = loans.filter(
      ({ delegateId, lenderId, from, to, cancelledAt, identities }) =>
        delegateId === giver.person &&
        from <= giver.givenAt &&
        giver.givenAt < to &&
        (cancelledAt === null || giver.givenAt < cancelledAt) &&
        // One seat of a rule is filled by the absent person or by whoever stands in, not by both.
        !own.has(lenderId) &&
        !lent.has(lenderId) &&
        sharedIdentities({ id: lenderId, identities }, custody).length === 0,
    );
    for (const { lenderId } of borrowed) lent.add(lenderId);
    const standsInFor = [...new Set(borrowed.map(({ lenderId }) => lenderId))];
    return {
      ...giver,
      teams: [...new Set([...giver.teams, ...borrowed.flatMap(({ teams }) => teams)])],
      identities: [
        ...new Set([
          ...giver.identities,
          ...borrowed.flatMap(({ identities, lenderId }) => [...identities, lenderId]),
        ]),
      ],
      standsInFor,
    };
  });
}
