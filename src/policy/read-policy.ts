/** Reads `.loom/policy.yaml`. The schema is closed: what is not known stops the file, with a suggestion. */
import { DefaultEntry, keysOf, PolicyFile, STRICT_LANES } from './file-schema.ts';
import { BUILT_IN_IDS } from './built-in.ts';
import { NO_CATALOG, type PolicyCatalog } from './catalog.ts';
import type { GroupTerms, PolicyDocument, ServiceTerms } from './document.ts';
import { joinDocuments } from './join-documents.ts';
import { readAutonomy } from './read-autonomy.ts';
import type { Vocabulary } from './read-condition.ts';
import { readFreezes } from './read-freezes.ts';
import { readGroups } from './read-groups.ts';
import { readData, readId, readServices, readTiers, servicesNamedInTiers } from './read-names.ts';
import { readRules } from './read-rules.ts';
import { readApprovals, readOverride, readRouting } from './read-terms.ts';
import { readTests } from './read-tests.ts';
import type { PolicyProblem } from './service.ts';
import { createYamlReader, type Entry, type YamlReader } from './yaml-reader.ts';

export const POLICY_PATH = '.loom/policy.yaml';

export const MAX_POLICY_BYTES = 1024 * 1024;

/** Roles of this product; others are teams, or named in the file. */
const KNOWN_ROLES = ['viewer', 'developer', 'approver', 'admin', 'auditor'];

const SECTIONS = keysOf(PolicyFile);

type Section = (typeof SECTIONS)[number];

/** Who there is, where somebody can say so. */
export interface PolicyDirectory {
  teams: readonly string[];
  roles: readonly string[];
}

/** What a file is read with. */
export interface ReadContext {
  file: string;
  catalog: PolicyCatalog;
  /** Null where nobody can say, as on a machine without the server: then any team or role is taken. */
  directory: PolicyDirectory | null;
  /** The organisation's file; this one may then only tighten it. */
  organisation: PolicyDocument | null;
  /** True for the organisation's own file: it names services of other repositories too. */
  isForAll?: boolean;
}

export const READ_ALONE: ReadContext = {
  file: POLICY_PATH,
  catalog: NO_CATALOG,
  directory: null,
  organisation: null,
};

/** The document, or what is wrong with the text. Nothing is read halfway: one problem refuses it all. */
export function readPolicy(
  text: string,
  context: ReadContext = READ_ALONE,
): { document: PolicyDocument | null; problems: PolicyProblem[] } {
  const { file, organisation } = context;
  const reader = createYamlReader(text, MAX_POLICY_BYTES);
  if (reader.problems.length > 0) return { document: null, problems: reader.problems };

  const sections = new Map<Section, Entry>(
    reader.entries(reader.root, SECTIONS).map((entry) => [entry.key as Section, entry]),
  );
  if (reader.problems.length === 0 && sections.size === 0) {
    reader.problem(reader.root, 'The file is empty', 'version: 1');
  }
  readVersion(reader, sections.get('version'));
  const services = readServices(
    reader,
    sections.get('services'),
    knownServices(reader, sections, context),
  );
  const own = {
    services,
    tiers: readTiers(reader, sections.get('tiers'), services),
    data: readData(reader, sections.get('data')),
    teams: readGroups(reader, sections.get('teams'), 'team'),
    roles: readGroups(reader, sections.get('roles'), 'role'),
  };
  const vocabulary = vocabularyOf(own, context, {
    hasTeams: sections.has('teams'),
    hasRoles: sections.has('roles'),
  });
  const ids = new Set<string>(['default', ...idsOf(organisation)]);
  const prefix = organisation === null ? '' : 'repository.';
  const autonomy = readAutonomy(reader, sections.get('autonomy'), vocabulary, { file, prefix });
  const rules = readRules(reader, sections.get('rules'), vocabulary, file, ids);
  const freezes = readFreezes(reader, sections.get('freeze'), vocabulary, file, (entry) =>
    readId(reader, entry, ids),
  );
  const document: PolicyDocument = {
    file,
    ...readDefault(reader, sections.get('default')),
    defaultFile: file,
    ...own,
    grants: autonomy.grants,
    rules: [...autonomy.nevers, ...rules],
    freezes,
    boundPerMille: autonomy.boundPerMille,
    afterIncident: autonomy.afterIncident,
    approvals: readApprovals(reader, sections.get('approvals')),
    routing: readRouting(reader, sections.get('routing'), vocabulary),
    override: readOverride(reader, sections.get('override'), vocabulary),
    narrowing: null,
    mappedBy: null,
    tests: readTests(
      reader,
      sections.get('tests'),
      [...ids, ...[...autonomy.grants, ...autonomy.nevers].map(({ id }) => id), ...BUILT_IN_IDS],
      vocabulary,
    ),
  };
  const joined =
    organisation === null ? document : joinDocuments(reader, organisation, document, sections);
  return reader.problems.length > 0
    ? { document: null, problems: reader.problems }
    : { document: joined, problems: [] };
}

/** What a file may call a service besides those it describes itself. */
function knownServices(
  reader: YamlReader,
  sections: ReadonlyMap<Section, Entry>,
  { catalog, organisation, isForAll = false }: ReadContext,
): ReadonlyMap<string, ServiceTerms> {
  if (organisation !== null) return new Map([...catalog.services, ...organisation.services]);
  const isSaidElsewhere = catalog.services.size > 0 && !isForAll;
  if (isSaidElsewhere || sections.has('services')) return catalog.services;
  // Nobody says which services there are, or not for all repositories, so the tiers do. Where a
  // catalog knows no paths of one, its changes count as unmapped, which no grant covers.
  const named = servicesNamedInTiers(reader, sections.get('tiers')).map(
    (name): [string, ServiceTerms] => [name, { paths: [], dependsOn: [], owner: null }],
  );
  return new Map([...named, ...catalog.services]);
}

function vocabularyOf(
  own: Pick<PolicyDocument, 'services' | 'tiers' | 'data'> & {
    teams: ReadonlyMap<string, GroupTerms>;
    roles: ReadonlyMap<string, GroupTerms>;
  },
  { catalog, directory, organisation }: ReadContext,
  { hasTeams, hasRoles }: { hasTeams: boolean; hasRoles: boolean },
): Vocabulary {
  const names = (key: 'services' | 'tiers' | 'data' | 'teams' | 'roles') => [
    ...new Set([...own[key].keys(), ...(organisation?.[key].keys() ?? [])]),
  ];
  const teams = [...names('teams'), ...catalog.teams, ...(directory?.teams ?? [])];
  const saysTeams = hasTeams || directory !== null || catalog.describesTeams;
  const roles = [...KNOWN_ROLES, ...names('roles'), ...teams, ...(directory?.roles ?? [])];
  const saysRoles = hasRoles || directory !== null;
  return {
    services: names('services'),
    tiers: names('tiers'),
    data: names('data'),
    teams: saysTeams ? teams.map((team) => team.toLowerCase()) : null,
    roles: saysRoles ? roles.map((role) => role.toLowerCase()) : null,
  };
}

function idsOf(document: PolicyDocument | null): string[] {
  if (document === null) return [];
  return [...document.rules, ...document.freezes].map(({ id }) => id);
}

function readVersion(reader: YamlReader, entry: Entry | undefined): void {
  if (entry === undefined) {
    if (reader.problems.length === 0)
      reader.problem(reader.root, 'version is missing', 'version: 1');
    return;
  }
  if (reader.text(entry) !== '1') reader.problem(entry, 'This release reads version 1', '1');
}

function readDefault(
  reader: YamlReader,
  entry: Entry | undefined,
): Pick<PolicyDocument, 'defaultLane' | 'defaultLine'> {
  let defaultLane: PolicyDocument['defaultLane'] = 'one-reviewer';
  let defaultLine = 1;
  if (entry === undefined) return { defaultLane, defaultLine };
  for (const field of reader.entries(entry, keysOf(DefaultEntry))) {
    const value = reader.text(field);
    defaultLine = reader.lineOf(field);
    if (value === 'ship' || value === 'ship-and-watch') {
      reader.problem(
        field,
        'Nothing ships alone by default',
        'grant it under autonomy, for example `everything: { paths: ["**"], max_score: 100 }`',
      );
    } else {
      defaultLane = reader.oneOf(field, STRICT_LANES, 'lane') ?? defaultLane;
    }
  }
  return { defaultLane, defaultLine };
}
