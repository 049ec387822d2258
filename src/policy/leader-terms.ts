/** What a policy in force says of people, for those who route, escalate and override. Pure. */
import { type Consent, isFrom, ownsAny, type Sources } from './approvers.ts';
import type { CompiledPolicy } from './compile.ts';
import type {
  AfterIncident,
  GroupTerms,
  OverrideTerms,
  RoutingTerms,
  ServiceTerms,
} from './document.ts';
import { Facts, touchesAny } from './facts.ts';

export interface LeaderTerms {
  version: string;
  routing: RoutingTerms;
  override: OverrideTerms | null;
  afterIncident: AfterIncident;
  teams: ReadonlyMap<string, GroupTerms>;
  roles: ReadonlyMap<string, GroupTerms>;
  services: ReadonlyMap<string, ServiceTerms>;
  /** Data class -> standard it falls under. */
  standards: ReadonlyMap<string, string | null>;
  /** Data classes with the globs they hold. */
  data: readonly { name: string; paths: readonly string[]; standard: string | null }[];
  /** Rules whose paths a file is under, spelling twins included. */
  rulesTouching(path: string): string[];
  /** Data classes a file is under. */
  dataTouching(path: string): string[];
  /** Whether a person belongs to one of a rule's sources, for the facts of a verdict. */
  satisfies(person: Consent, from: readonly string[], facts: Record<string, unknown>): boolean;
  /** Whether CODEOWNERS, as the facts have it, names the person. */
  owns(person: Consent, facts: Record<string, unknown>): boolean;
}

const DAY_MS = 86_400_000;
/** Where the leader's file says nothing: a day to answer, then the next who knows the code. */
const ROUTING_BY_DEFAULT: RoutingTerms = {
  ackWithinMs: new Map([['default', DAY_MS]]),
  afterwards: ['next-expert'],
  maxOpenPerPerson: null,
};
export const AFTER_INCIDENT_BY_DEFAULT: AfterIncident = {
  halveForMs: 14 * DAY_MS,
  scope: 'service',
  restore: 'by service owner with reason',
};

export function leaderTermsOf({ document, matchers, version }: CompiledPolicy): LeaderTerms {
  const { teams, roles } = document;
  const sourcesOf = (facts: Record<string, unknown>): Sources => {
    const { owners, downstreamOwners, experts, deployers } = PEOPLE_FACTS.parse(facts);
    return { owners, downstreamOwners, experts, deployers, teams, roles };
  };
  return {
    version,
    routing: document.routing ?? ROUTING_BY_DEFAULT,
    override: document.override,
    afterIncident: document.afterIncident ?? AFTER_INCIDENT_BY_DEFAULT,
    teams,
    roles,
    services: document.services,
    standards: new Map([...document.data].map(([name, { standard }]) => [name, standard] as const)),
    data: [...document.data].map(([name, { paths, standard }]) => ({ name, paths, standard })),
    rulesTouching: (path) => touchesAny(matchers.rules, path),
    dataTouching: (path) => touchesAny(matchers.data, path),
    satisfies: (person, from, facts) => isFrom(person, from, sourcesOf(facts)),
    owns: (person, facts) => {
      const sources = sourcesOf(facts);
      return sources.owners.some((list) => ownsAny(person, list, sources));
    },
  };
}

const PEOPLE_FACTS = Facts.pick({
  owners: true,
  downstreamOwners: true,
  experts: true,
  deployers: true,
});

/** Milliseconds the first person has: the shortest of the tiers the change touches. */
export function ackWithinMs(
  { ackWithinMs: terms }: RoutingTerms,
  tiers: readonly string[],
): number {
  const named = tiers.flatMap((tier) => terms.get(tier) ?? []);
  return named.length > 0 ? Math.min(...named) : (terms.get('default') ?? DAY_MS);
}
