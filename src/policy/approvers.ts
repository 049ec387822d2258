/**
 * Do these consents satisfy those requirements? Rules that ask the same people share their answer;
 * rules that ask different people need different persons, so nobody counts twice. Rules that ask
 * anyone are satisfied by the number of people alone.
 */
import type { Facts } from './facts.ts';

export type Consent = Facts['approvals'][number];

export interface Requirement {
  id: string;
  reviewers: number;
  /** Sorted sources of reviewers; empty means any approver. */
  from: readonly string[];
}

/** Requirements with equal sources: one question to one set of people. */
export interface Group {
  from: readonly string[];
  reviewers: number;
  ids: readonly string[];
  isMet: boolean;
}

/** Bounds the search among owners who consent; more than these are not looked at. */
const MAX_OWNERS = 12;

/** People needed in all: the lane follows from it. */
export function peopleNeeded(groups: readonly Group[]): number {
  const named = groups.filter(({ from }) => from.length > 0);
  const anyone = groups.find(({ from }) => from.length === 0);
  return Math.max(
    named.reduce((sum, { reviewers }) => sum + reviewers, 0),
    anyone?.reviewers ?? 0,
  );
}

/** Groups requirements and says of each group whether it is met. */
export function matchApprovers(
  requirements: readonly Requirement[],
  consents: readonly Consent[],
  owners: readonly (readonly string[])[],
): Group[] {
  const groups = groupRequirements(requirements);
  const met: Group[] = [];
  for (const group of groups) {
    if (group.from.length === 0) group.isMet = consents.length >= group.reviewers;
    else if (isFeasible([...met, group], consents, owners)) {
      group.isMet = true;
      met.push(group);
    }
  }
  return groups;
}

function groupRequirements(requirements: readonly Requirement[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { id, reviewers, from } of requirements) {
    const sources = [...new Set(from)].sort();
    const key = sources.join('\n');
    const known = groups.get(key);
    groups.set(key, {
      from: sources,
      reviewers: Math.max(reviewers, known?.reviewers ?? 0),
      ids: [...(known?.ids ?? []), id],
      isMet: false,
    });
  }
  return [...groups.values()];
}

/** Whether every group can have its own people at once. */
function isFeasible(
  groups: readonly Group[],
  people: readonly Consent[],
  owners: readonly (readonly string[])[],
): boolean {
  const needsOwners = groups.find(({ from }) => isOwnersOnly(from) && owners.length > 0);
  if (needsOwners === undefined) return isAssignable(groups, people, owners);
  const others = groups.filter((group) => group !== needsOwners);
  // Every list of owners needs one of its own, so which owners are taken matters: try the small sets
  // first, for they leave most people to the other groups.
  const candidates = people
    .filter((person) => owners.some((list) => ownsAny(person, list)))
    .slice(0, MAX_OWNERS);
  return subsets(candidates).some(
    (taken) =>
      taken.length >= needsOwners.reviewers &&
      owners.every((list) => taken.some((person) => ownsAny(person, list))) &&
      isAssignable(
        others,
        people.filter((person) => !taken.includes(person)),
        owners,
      ),
  );
}

function isOwnersOnly(from: readonly string[]): boolean {
  return from.length === 1 && from[0] === 'owners';
}

/** Bipartite matching of people to places by augmenting paths. */
function isAssignable(
  groups: readonly Group[],
  people: readonly Consent[],
  owners: readonly (readonly string[])[],
): boolean {
  const places = groups.flatMap((group) => Array.from({ length: group.reviewers }, () => group));
  if (places.length > people.length) return false;
  const placeOf = new Map<Consent, number>();

  function findPerson(place: number, seen: Set<Consent>): boolean {
    for (const person of people) {
      if (seen.has(person) || !isFrom(person, places[place]!.from, owners)) continue;
      seen.add(person);
      const current = placeOf.get(person);
      if (current === undefined || findPerson(current, seen)) {
        placeOf.set(person, place);
        return true;
      }
    }
    return false;
  }

  return places.every((_group, place) => findPerson(place, new Set()));
}

/** True when the person belongs to one of the sources. */
function isFrom(
  person: Consent,
  from: readonly string[],
  owners: readonly (readonly string[])[],
): boolean {
  if (from.length === 0) return true;
  return from.some((source) => {
    // Where no file has an owner there is nobody to ask in particular: any approver will do.
    if (source === 'owners') {
      return owners.length === 0 || owners.some((list) => ownsAny(person, list));
    }
    const [kind = '', ...rest] = source.split(':');
    const name = rest.join(':');
    if (kind === 'team') return isInTeam(person, name);
    if (kind === 'role') return person.roles.includes(name) || isInTeam(person, name);
    return isPerson(person, name);
  });
}

function ownsAny(person: Consent, owners: readonly string[]): boolean {
  return owners.some((owner) => {
    const name = owner.replace(/^@/, '');
    return isPerson(person, name) || isInTeam(person, name.replace(/^team:/, ''));
  });
}

/** `acme/payments` and `payments` name the same team: owners files give the organisation, people do not. */
function isInTeam(person: Consent, name: string): boolean {
  const short = name.split('/').at(-1) ?? name;
  return person.teams.some((team) => team === name || team === short);
}

function isPerson(person: Consent, name: string): boolean {
  const bare = name.replace(/^person:/, '');
  return (
    person.person.toLowerCase() === bare ||
    person.identities.some((identity) => identity === bare || identity === `email:${bare}`) ||
    person.identities.includes(`github:${bare}`) ||
    person.identities.includes(`local:${bare}`)
  );
}

/** All subsets, smaller ones first. */
function subsets<Item>(items: readonly Item[]): Item[][] {
  const all: Item[][] = [[]];
  for (const item of items) for (const subset of all.slice()) all.push([...subset, item]);
  return all.sort((a, b) => a.length - b.length);
}
