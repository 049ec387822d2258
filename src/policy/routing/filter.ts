/**
 * Who may not be asked: anybody with a hand in the change, the absent, those without the right, those
 * the rule does not name, those who have enough open. Pure.
 */

/** A person as routing sees them now. */
export interface ReviewerCandidate {
  id: string;
  name: string;
  /** May approve at all: the role, and no token narrows a role. */
  mayApprove: boolean;
  /** Requested, prompted, wrote, committed, pushed: any identity of theirs. */
  isInCustody: boolean;
  /** Away now; who stands in, if anybody. */
  away: { delegateId: string | null } | null;
  /** Satisfies the slot's sources themselves. */
  isInSources: boolean;
  /** Owns some of the files by CODEOWNERS. */
  isOwner: boolean;
  openAssignments: number;
  /** Consented to this head, or is asked for another slot of the change. */
  isBusyHere: boolean;
}

export interface ReviewSlot {
  /** Equal for the same seat of the same requirement. */
  key: string;
  /** Sources of the rule; empty: any approver. */
  from: readonly string[];
  /** Rules that ask for this seat. */
  rules: readonly string[];
}

export type Exclusion =
  | 'in-custody'
  | 'lacks-right'
  | 'outside-rule'
  | 'absent'
  | 'over-load'
  | 'already-asked';

export interface Eligible {
  candidate: ReviewerCandidate;
  /** The absent person in whose place this one is asked. */
  standsInFor: string | null;
}

/**
 * A delegate takes the place of an absent person whose own membership fills the slot, unless either
 * had a hand in the change. When everybody left has enough open, the limit gives way: nobody waits
 * for ever because all are busy.
 */
export function filterReviewers(
  people: readonly ReviewerCandidate[],
  maxOpenPerPerson: number | null,
): { eligible: Eligible[]; excluded: Map<string, Exclusion>; isLimitWaived: boolean } {
  const byId = new Map(people.map((person) => [person.id, person] as const));
  const excluded = new Map<string, Exclusion>();
  const fit: Eligible[] = [];
  const standIns: Eligible[] = [];
  for (const person of people) {
    const reason = exclusionOf(person);
    if (reason === undefined) fit.push({ candidate: person, standsInFor: null });
    else excluded.set(person.id, reason);
    // Only somebody who could have been asked can be stood in for.
    if (reason !== 'absent' || person.away?.delegateId == null) continue;
    const delegate = byId.get(person.away.delegateId);
    if (delegate === undefined) continue;
    const reasonAgainst = exclusionOf({ ...delegate, isInSources: true });
    if (reasonAgainst === undefined) {
      standIns.push({ candidate: delegate, standsInFor: person.id });
    }
  }
  const own = new Set(fit.map(({ candidate }) => candidate.id));
  const all = [
    ...fit,
    ...standIns.filter(
      ({ candidate: { id } }, index) =>
        !own.has(id) && standIns.findIndex(({ candidate }) => candidate.id === id) === index,
    ),
  ];
  const isFree = ({ candidate: { openAssignments } }: Eligible) =>
    maxOpenPerPerson === null || openAssignments < maxOpenPerPerson;
  const free = all.filter(isFree);
  const isLimitWaived = free.length === 0 && all.length > 0;
  const eligible = isLimitWaived ? all : free;
  for (const { candidate } of eligible) excluded.delete(candidate.id);
  for (const one of all) if (!eligible.includes(one)) excluded.set(one.candidate.id, 'over-load');
  return { eligible, excluded, isLimitWaived };
}

function exclusionOf(person: ReviewerCandidate): Exclusion | undefined {
  if (person.isInCustody) return 'in-custody';
  if (!person.mayApprove) return 'lacks-right';
  if (!person.isInSources) return 'outside-rule';
  if (person.isBusyHere) return 'already-asked';
  if (person.away !== null) return 'absent';
  return undefined;
}
