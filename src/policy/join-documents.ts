/**
 * An organisation's policy with a repository's additions. By construction the result never gives a
 * milder lane than the organisation alone:
 *
 * - rules and freezes of both hold, under different ids;
 * - what the repository grants narrows: a change ships alone only where both grant it;
 * - names (services, tiers, classes, groups) may be added, not redefined, and a name that was added
 *   takes no file out of the organisation's `unmapped`; a group the organisation asks for by name is
 *   not said to hold others here, also where the organisation leaves its people to the directory;
 * - terms take the stricter of both values.
 */
import type { ApprovalTerms, PolicyDocument } from './document.ts';
import { LANES } from './schema.ts';
import type { Entry, YamlReader } from './yaml-reader.ts';

const NAMES = ['services', 'tiers', 'data', 'teams', 'roles'] as const;

export function joinDocuments(
  reader: YamlReader,
  organisation: PolicyDocument,
  repository: PolicyDocument,
  sections: ReadonlyMap<string, Entry>,
): PolicyDocument {
  const problem = (section: string, message: string) => {
    const entry = sections.get(section);
    if (entry !== undefined) reader.problem({ node: entry.keyNode, path: entry.path }, message);
  };
  refuseRedefinitions(reader, organisation, sections);
  refuseAskedGroups(reader, organisation, sections);
  if (sections.has('override')) {
    problem('override', 'Only the organisation’s file says who may override');
  }
  if (sections.has('default') && isMilder(repository.defaultLane, organisation.defaultLane)) {
    problem(
      'default',
      `The organisation’s default lane is ${organisation.defaultLane}; a repository may only tighten it`,
    );
  }
  if (sections.has('approvals') && loosensApprovals(organisation.approvals, repository.approvals)) {
    problem('approvals', 'Approvals may not live longer here than the organisation lets them');
  }
  const isStricterDefault = !isMilder(repository.defaultLane, organisation.defaultLane);
  return {
    ...organisation,
    file: repository.file,
    ...(sections.has('default') && isStricterDefault
      ? {
          defaultLane: repository.defaultLane,
          defaultLine: repository.defaultLine,
          defaultFile: repository.file,
        }
      : {}),
    services: new Map([...repository.services, ...organisation.services]),
    tiers: new Map([...organisation.tiers, ...repository.tiers]),
    data: new Map([...organisation.data, ...repository.data]),
    teams: new Map([...repository.teams, ...organisation.teams]),
    roles: new Map([...repository.roles, ...organisation.roles]),
    rules: [...organisation.rules, ...repository.rules],
    freezes: [...organisation.freezes, ...repository.freezes],
    boundPerMille: stricter(organisation.boundPerMille, repository.boundPerMille),
    approvals: sections.has('approvals')
      ? stricterApprovals(organisation.approvals, repository.approvals)
      : organisation.approvals,
    routing: organisation.routing ?? repository.routing,
    narrowing: repository.grants.length === 0 ? null : repository.grants,
    mappedBy: new Set([...organisation.services.keys(), ...organisation.tiers.keys()]),
    tests: repository.tests,
  };
}

function refuseRedefinitions(
  reader: YamlReader,
  organisation: PolicyDocument,
  sections: ReadonlyMap<string, Entry>,
): void {
  for (const section of NAMES) {
    const entry = sections.get(section);
    if (entry === undefined) continue;
    for (const { key, keyNode, path } of reader.entries(entry)) {
      if (!organisation[section].has(key)) continue;
      reader.problem(
        { node: keyNode, path },
        `${key} is defined by the organisation or the catalog; a repository may add names, not change them`,
      );
    }
  }
}

/** Who satisfies a rule of the organisation is not for the repository to say. */
function refuseAskedGroups(
  reader: YamlReader,
  { rules, override, teams, roles }: PolicyDocument,
  sections: ReadonlyMap<string, Entry>,
): void {
  const asked = new Set(
    [...rules.flatMap(({ from }) => from), ...(override?.by ?? [])].flatMap((source) => {
      const name = /^(?:team|role):(?<name>.+)$/.exec(source.toLowerCase())?.groups?.['name'];
      // Owners files write `acme/payments`, people are in `payments`: both are looked up.
      return name === undefined ? [] : [name, name.split('/').at(-1) ?? name];
    }),
  );
  for (const section of ['teams', 'roles'] as const) {
    const entry = sections.get(section);
    if (entry === undefined) continue;
    for (const { key, keyNode, path } of reader.entries(entry)) {
      const name = key.toLowerCase();
      // One that is defined there has been told of already.
      if (!asked.has(name) || teams.has(name) || roles.has(name)) continue;
      reader.problem(
        { node: keyNode, path },
        `A rule of the organisation asks for ${key}; a repository does not say who that is`,
      );
    }
  }
}

function isMilder(
  lane: PolicyDocument['defaultLane'],
  than: PolicyDocument['defaultLane'],
): boolean {
  return LANES.indexOf(lane) < LANES.indexOf(than);
}

function loosensApprovals(organisation: ApprovalTerms, repository: ApprovalTerms): boolean {
  const living = (ms: number | null) => ms ?? Number.POSITIVE_INFINITY;
  return (
    // A file that names no term of its own takes over the organisation's.
    (repository.validForMs !== null &&
      living(repository.validForMs) > living(organisation.validForMs)) ||
    (repository.staleOn === 'code-change' && organisation.staleOn === 'push') ||
    repository.keepOn.some((each) => !organisation.keepOn.includes(each))
  );
}

function stricterApprovals(organisation: ApprovalTerms, repository: ApprovalTerms): ApprovalTerms {
  return {
    validForMs: stricter(organisation.validForMs, repository.validForMs),
    staleOn: repository.staleOn === 'push' ? 'push' : organisation.staleOn,
    keepOn: organisation.keepOn.filter((each) => repository.keepOn.includes(each)),
  };
}

function stricter(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
