/** People as routing sees them at a moment: their rights, hands, absences and load. */
import { type GovernanceService, type Person, type Principal, sharedIdentities } from '#governance';
import { MAX_PAGE_SIZE, type Queryable } from '#kernel';
import type { LeaderTerms, ReviewerCandidate, RoutingStep } from '#policy';
import * as store from './store.ts';

/** More people than this may approve nowhere we know of. */
const MAX_PEOPLE = 5_000;

export interface Crowd {
  people: Person[];
  away: Map<string, { delegateId: string | null }>;
  open: Map<string, number>;
  mayApprove(person: Person): boolean;
}

export async function readCrowd(
  deps: { governance: GovernanceService; db: Queryable },
  now: Date,
): Promise<Crowd> {
  const { governance, db } = deps;
  const people: Person[] = [];
  let cursor: string | undefined;
  do {
    const page = await governance.listPeople({ limit: MAX_PAGE_SIZE, cursor });
    people.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined && people.length < MAX_PEOPLE);
  const away = new Map(
    // Of several absences the one entered last names who stands in.
    (await governance.listAway(now)).map(
      ({ personId, delegateId }) => [personId as string, { delegateId }] as const,
    ),
  );
  return {
    people,
    away,
    open: await store.countOpen(db),
    mayApprove: (person) =>
      governance.isAllowed(asPrincipal(person), 'changes:approve', { kind: 'change', id: '*' }),
  };
}

function asPrincipal({ id, name, roles, teams, identities }: Person): Principal {
  return { kind: 'person', id, name, roles, teams, identities, scopes: 'all' };
}

/** The person as rules match them. */
export function asConsent({ id, roles, teams, identities }: Person) {
  return { person: id, roles: [...roles], teams: [...teams], identities: [...identities] };
}

/** Everybody, held against one seat of a change. */
export function candidatesFor(
  crowd: Crowd,
  seat: {
    custody: readonly string[];
    from: readonly string[];
    facts: Record<string, unknown>;
    /** Consented already, or asked for another seat. */
    busy: ReadonlySet<string>;
  },
  terms: LeaderTerms,
): ReviewerCandidate[] {
  return crowd.people.map((person) => ({
    id: person.id,
    name: person.name,
    mayApprove: crowd.mayApprove(person),
    isInCustody: sharedIdentities(person, seat.custody).length > 0,
    away: crowd.away.get(person.id) ?? null,
    isInSources: terms.satisfies(asConsent(person), seat.from, seat.facts),
    isOwner: terms.owns(asConsent(person), seat.facts),
    openAssignments: crowd.open.get(person.id) ?? 0,
    isBusyHere: seat.busy.has(person.id),
  }));
}

/** Which steps of the leader's order reach a person. Pure. */
export function stepsOf(
  person: Person,
  isOwner: boolean,
  terms: LeaderTerms,
  facts: Record<string, unknown>,
): RoutingStep[] {
  const is = (...sources: string[]) => terms.satisfies(asConsent(person), sources, facts);
  const services = Array.isArray(facts['services']) ? facts['services'] : [];
  const teams = services.flatMap((service) => {
    const owner = terms.services.get(String(service))?.owner;
    return owner?.startsWith('team:') === true ? [owner.slice('team:'.length)] : [];
  });
  const leads = teams.some(
    (team) =>
      is(`role:${team}-lead`, `team:${team}-leads`) ||
      (is('role:lead', 'role:team-lead') && is(`team:${team}`)),
  );
  const isOnCall =
    is('role:on-call', 'team:on-call') || teams.some((team) => is(`role:${team}-on-call`));
  return [
    ...(isOwner ? (['owners'] as const) : []),
    ...(leads ? (['owning-team-lead'] as const) : []),
    ...(isOnCall ? (['on-call'] as const) : []),
    ...(is('role:leadership', 'team:leadership') ? (['leadership'] as const) : []),
  ];
}
