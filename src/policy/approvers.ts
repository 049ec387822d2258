/**
 * Do these consents satisfy those requirements? Rules that ask the same people share their answer;
 * rules that ask different people need different persons, so nobody counts twice. Rules that ask
 * anyone are satisfied by the number of people alone.
 */
import type { GroupTerms } from './document.ts';
import type { Facts } from './facts.ts';

export type Consent = Facts['approvals'][number];

export interface Requirement {
  id: string;
  reviewers: number;
  /** Sorted sources of reviewers; empty means any approver. */
  from: readonly string[];
  /** True: whoever deploys the change does not count here. */
  excludesDeployer: boolean;
}

/** Requirements with equal sources: one question to one set of people. */
export interface Group {
  from: readonly string[];
  reviewers: number;
  ids: readonly string[];
  excludesDeployer: boolean;
  isMet: boolean;
}

/** What the sources of reviewers stand for in a change. */
export interface Sources {
  owners: readonly (readonly string[])[];
  downstreamOwners: readonly (readonly string[])[];
  experts: readonly string[];
  deployers: readonly string[];
  /** Groups a policy file names itself. */
  teams: ReadonlyMap<string, GroupTerms>;
  roles: ReadonlyMap<string, GroupTerms>;
}

/** Bounds the search among owners who consent; more than these are not looked at. */
const MAX_OWNERS = 12;

/** People needed in all: the lane follows from it. */
export function peopleNeeded(groups: readonly Group[]): number {
  const named = groups.filter(({ from }) => from.length > 0);
  const anyone = groups.filter(({ from }) => from.length === 0);
  return Math.max(
    named.reduce((sum, { reviewers }) => sum + reviewers, 0),
    ...anyone.map(({ reviewers }) => reviewers),
  );
}

/** Groups requirements and says of each group whether it is met. */
export function matchApprovers(
  requirements: readonly Requirement[],
  consents: readonly Consent[],
  sources: Sources,
): Group[] {
  const groups = groupRequirements(requirements);
  const met: Group[] = [];
  for (const group of groups) {
    if (group.from.length === 0) {
      const counted = consents.filter((person) => mayCount(person, group, sources));
      group.isMet = counted.length >= group.reviewers;
    } else if (isFeasible([...met, group], consents, sources)) {
      group.isMet = true;
      met.push(group);
    }
  }
  return groups;
}

function groupRequirements(requirements: readonly Requirement[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { id, reviewers, from, excludesDeployer } of requirements) {
    const sources = [...new Set(from)].sort();
    const key = `${sources.join('\n')}\n${excludesDeployer}`;
    const known = groups.get(key);
    groups.set(key, {
      from: sources,
      reviewers: Math.max(reviewers, known?.reviewers ?? 0),
      ids: [...(known?.ids ?? []), id],
      excludesDeployer,
      isMet: false,
    });
  }
  return [...groups.values()];
}

/** Whether every group can have its own people at once. */
function isFeasible(
  groups: readonly Group[],
  people: readonly Consent[],
  sources: Sources,
): boolean {
  const { owners } = sources;
  const needsOwners = groups.find(({ from }) => isOwnersOnly(from) && owners.length > 0);
  if (needsOwners === undefined) return isAssignable(groups, people, sources);
  const others = groups.filter((group) => group !== needsOwners);
  // Every list of owners needs one of its own, so which owners are taken matters: try the small sets
  // first, for they leave most people to the other groups.
  const candidates = people
    .filter((person) => mayCount(person, needsOwners, sources))
    .filter((person) => owners.some((list) => ownsAny(person, list, sources)))
    .slice(0, MAX_OWNERS);
  return subsets(candidates).some(
    (taken) =>
      taken.length >= needsOwners.reviewers &&
      owners.every((list) => taken.some((person) => ownsAny(person, list, sources))) &&
      isAssignable(
        others,
        people.filter((person) => !taken.includes(person)),
        sources,
      ),
  );
}

function isOwnersOnly(from: readonly string[]): boolean {
  return from.length === 1 && from[0] === 'owners';
}

function mayCount(person: Consent, group: Group, { deployers }: Sources): boolean {
  return !group.excludesDeployer || !deployers.some((name) => isPerson(person, bareName(name)));
}

/** Bipartite matching of people to places by augmenting paths. */
function isAssignable(
  groups: readonly Group[],
  people: readonly Consent[],
  sources: Sources,
): boolean {
  const places = groups.flatMap((group) => Array.from({ length: group.reviewers }, () => group));
  if (places.length > people.length) return false;
  const placeOf = new Map<Consent, number>();

  function findPerson(place: number, seen: Set<Consent>): boolean {
    const group = places[place]!;
    for (const person of people) {
      if (seen.has(person) || !mayCount(person, group, sources)) continue;
      if (!isFrom(person, group.from, sources)) continue;
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
export function isFrom(person: Consent, from: readonly string[], sources: Sources): boolean {
  if (from.length === 0) return true;
  return from.some((source) => {
    // Where there is nobody to ask in particular, any approver will do.
    if (source === 'owners') return isIn(person, sources.owners, sources);
    if (source === 'owners-of-downstream') return isIn(person, sources.downstreamOwners, sources);
    if (source === 'expertise') return isIn(person, listsOf(sources.experts), sources);
    const [kind = '', ...rest] = source.split(':');
    const name = rest.join(':');
    if (kind === 'team') return isInTeam(person, name, sources);
    if (kind === 'role') return hasRole(person, name, sources);
    return isPerson(person, name);
  });
}

function listsOf(names: readonly string[]): readonly (readonly string[])[] {
  return names.length === 0 ? [] : [names];
}

function isIn(person: Consent, lists: readonly (readonly string[])[], sources: Sources): boolean {
  return lists.length === 0 || lists.some((list) => ownsAny(person, list, sources));
}

export function ownsAny(person: Consent, owners: readonly string[], sources: Sources): boolean {
  return owners.some((owner) => {
    const name = bareName(owner);
    return isPerson(person, name) || isInTeam(person, name.replace(/^team:/, ''), sources);
  });
}

function bareName(name: string): string {
  return name.toLowerCase().replace(/^@/, '');
}

function hasRole(person: Consent, name: string, sources: Sources): boolean {
  const named = sources.roles.get(name);
  // A role the file defines is held by those it names, and by nobody else of that name.
  if (named !== undefined) return named.members.some((member) => isPerson(person, member));
  return person.roles.includes(name) || isInTeam(person, name, sources);
}

/** `acme/payments` and `payments` name the same team: owners files give the organisation, people do not. */
function isInTeam(person: Consent, name: string, { teams }: Sources): boolean {
  const short = name.split('/').at(-1) ?? name;
  const named = teams.get(name) ?? teams.get(short);
  // A team without people in the file only has its zone there.
  if (named !== undefined && named.members.length > 0) {
    return named.members.some((member) => isPerson(person, member));
  }
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
