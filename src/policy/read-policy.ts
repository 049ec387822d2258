/** Reads `.loom/policy.yaml`. The schema is closed: what is not known stops the file, with a suggestion. */
import { BUILT_IN_IDS } from './built-in.ts';
import type { PolicyDocument } from './document.ts';
import { readAutonomy } from './read-autonomy.ts';
import type { Vocabulary } from './read-condition.ts';
import { readFreezes } from './read-freezes.ts';
import { readData, readId, readServices, readTiers } from './read-names.ts';
import { readRules } from './read-rules.ts';
import { readTests } from './read-tests.ts';
import type { PolicyProblem } from './service.ts';
import { createYamlReader, type Entry, type YamlReader } from './yaml-reader.ts';

export const POLICY_PATH = '.loom/policy.yaml';

export const MAX_POLICY_BYTES = 256 * 1024;

const SECTIONS = [
  'version',
  'default',
  'services',
  'tiers',
  'data',
  'autonomy',
  'rules',
  'freeze',
  'approvals',
  'tests',
] as const;

type Section = (typeof SECTIONS)[number];

/** The document, or what is wrong with the text. Nothing is read halfway: one problem refuses it all. */
export function readPolicy(
  text: string,
  file: string = POLICY_PATH,
): { document: PolicyDocument | null; problems: PolicyProblem[] } {
  const reader = createYamlReader(text, MAX_POLICY_BYTES);
  if (reader.problems.length > 0) return { document: null, problems: reader.problems };

  const sections = new Map<Section, Entry>(
    reader.entries(reader.root, SECTIONS).map((entry) => [entry.key as Section, entry]),
  );
  if (reader.problems.length === 0 && sections.size === 0) {
    reader.problem(reader.root, 'The file is empty', 'version: 1');
  }
  readVersion(reader, sections.get('version'));
  const services = readServices(reader, sections.get('services'));
  const tiers = readTiers(reader, sections.get('tiers'), services);
  const data = readData(reader, sections.get('data'));
  const vocabulary: Vocabulary = {
    services: [...services.keys()],
    tiers: [...tiers.keys()],
    data: [...data.keys()],
  };
  const ids = new Set<string>(['default']);
  const autonomy = readAutonomy(reader, sections.get('autonomy'), vocabulary);
  const rules = readRules(reader, sections.get('rules'), vocabulary, ids);
  const freezes = readFreezes(reader, sections.get('freeze'), vocabulary, (entry) =>
    readId(reader, entry, ids),
  );
  const byDefault = readDefault(reader, sections.get('default'));
  const approvalsValidForMs = readApprovals(reader, sections.get('approvals'));
  const tests = readTests(reader, sections.get('tests'), [
    ...ids,
    ...autonomy.grants.map(({ id }) => id),
    ...autonomy.nevers.map(({ id }) => id),
    ...BUILT_IN_IDS,
  ]);
  if (reader.problems.length > 0) return { document: null, problems: reader.problems };
  return {
    problems: [],
    document: {
      file,
      ...byDefault,
      services,
      tiers,
      data,
      grants: autonomy.grants,
      rules: [...autonomy.nevers, ...rules],
      freezes,
      approvalsValidForMs,
      tests,
    },
  };
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
  for (const field of reader.entries(entry, ['lane'])) {
    const value = reader.text(field);
    defaultLine = reader.lineOf(field);
    if (value === 'ship' || value === 'ship-and-watch') {
      reader.problem(
        field,
        'Nothing ships alone by default',
        'grant it under autonomy, for example `everything: { paths: ["**"], max_score: 100 }`',
      );
    } else {
      defaultLane =
        reader.oneOf(field, ['one-reviewer', 'two-person', 'hold'] as const, 'lane') ?? defaultLane;
    }
  }
  return { defaultLane, defaultLine };
}

function readApprovals(reader: YamlReader, entry: Entry | undefined): number | null {
  let validForMs: number | null = null;
  if (entry === undefined) return validForMs;
  for (const field of reader.entries(entry, ['valid_for', 'stale_on'])) {
    if (field.key === 'stale_on') {
      reader.oneOf(field, ['push'], 'event');
      continue;
    }
    const match = /^(\d{1,4})([mhd])$/.exec(reader.text(field) ?? '');
    const unit = { m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ''];
    if (match === null || unit === undefined || Number(match[1]) === 0) {
      reader.problem(field, 'Expected a duration such as 45m, 72h or 3d', '72h');
    } else validForMs = Number(match[1]) * unit;
  }
  return validForMs;
}
