/** Reads `.loom/policy.yaml`. The schema is closed: what is not known stops the file, with a suggestion. */
import {
  type Grant,
  NO_CONDITION,
  type PolicyDocument,
  type PolicyTest,
  type Rule,
} from './document.ts';
import {
  readCondition,
  readPaths,
  readReviewerSources,
  type Vocabulary,
} from './read-condition.ts';
import { readFreezes } from './read-freezes.ts';
import { LANES } from './schema.ts';
import type { PolicyProblem } from './service.ts';
import { BUILT_IN_IDS } from './built-in.ts';
import { GRANT_TAGS } from './tags.ts';
import { createYamlReader, type Entry, type Place, type YamlReader } from './yaml-reader.ts';

export const POLICY_PATH = '.loom/policy.yaml';
export const MAX_POLICY_BYTES = 256 * 1024;
const MAX_RULES = 500;
const MAX_NAMES = 500;
const MAX_TESTS = 200;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/;
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

/** Entries of a mapping whose keys are names of the leader's choice. */
function namedEntries(reader: YamlReader, entry: Entry | undefined, what: string): Entry[] {
  if (entry === undefined) return [];
  const entries = reader.entries(entry);
  if (entries.length > MAX_NAMES) {
    reader.problem(entry, `More than ${MAX_NAMES} names under ${entry.key}`);
    return [];
  }
  return entries.filter((each) => {
    if (NAME.test(each.key)) return true;
    const place = { node: each.keyNode, path: each.path };
    reader.problem(place, `A ${what} is named with letters, digits, - and _, at most 80`);
    return false;
  });
}

function readServices(
  reader: YamlReader,
  entry: Entry | undefined,
): Map<string, readonly string[]> {
  return new Map(
    namedEntries(reader, entry, 'service').map((each) => [each.key, readPaths(reader, each)]),
  );
}

function readTiers(
  reader: YamlReader,
  entry: Entry | undefined,
  services: ReadonlyMap<string, unknown>,
): Map<string, { services: readonly string[]; paths: readonly string[] }> {
  const names = [...services.keys()];
  const readNames = (place: Place) =>
    reader.texts(place).flatMap((each) => reader.oneOf(each.place, names, 'service') ?? []);
  return new Map(
    namedEntries(reader, entry, 'tier').map((each) => {
      const tier: { services: string[]; paths: string[] } = { services: [], paths: [] };
      const isMapping =
        (each.node as { items?: { key?: unknown }[] }).items?.[0]?.key !== undefined;
      if (!isMapping) tier.services = readNames(each);
      else {
        for (const field of reader.entries(each, ['services', 'paths'])) {
          if (field.key === 'services') tier.services = readNames(field);
          else tier.paths = readPaths(reader, field);
        }
      }
      return [each.key, tier];
    }),
  );
}

function readData(
  reader: YamlReader,
  entry: Entry | undefined,
): Map<string, { paths: readonly string[]; standard: string | null }> {
  return new Map(
    namedEntries(reader, entry, 'data class').map((each) => {
      const data: { paths: string[]; standard: string | null } = { paths: [], standard: null };
      for (const field of reader.entries(each, ['paths', 'standard'])) {
        if (field.key === 'paths') data.paths = readPaths(reader, field);
        else data.standard = reader.text(field) ?? null;
      }
      if (data.paths.length === 0) reader.problem(each, 'A data class needs paths');
      return [each.key, data];
    }),
  );
}

function readAutonomy(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
): { grants: Grant[]; nevers: Rule[] } {
  const grants: Grant[] = [];
  const nevers: Rule[] = [];
  for (const each of namedEntries(reader, entry, 'grant')) {
    const id = `autonomy.${each.key}`;
    const line = reader.lineOf({ node: each.keyNode, path: each.path });
    const isTier = vocabulary.tiers.includes(each.key);
    if ((each.node as { value?: unknown }).value === 'never') {
      if (!isTier) {
        reader.oneOf({ node: each.keyNode, path: each.path }, vocabulary.tiers, 'tier');
        continue;
      }
      nevers.push(neverRule(id, line, each.key));
      continue;
    }
    grants.push(readGrant(reader, each, { id, line, tiers: isTier ? [each.key] : [] }, vocabulary));
  }
  return { grants, nevers };
}

function neverRule(id: string, line: number, tier: string): Rule {
  return {
    id,
    line,
    because: `Nothing in ${tier} ships without a person.`,
    when: { ...NO_CONDITION, tiers: [tier] },
    isHold: false,
    reviewers: 1,
    from: [],
  };
}

function readGrant(
  reader: YamlReader,
  entry: Entry,
  start: Pick<Grant, 'id' | 'line'> & { tiers: string[] },
  vocabulary: Vocabulary,
): Grant {
  const tiers = [...start.tiers];
  let paths: string[] = [];
  let maxScore: number | undefined;
  let maxChangedLines: number | null = null;
  let maxFiles: number | null = null;
  let allowsAgents = false;
  let needs: Grant['needs'] = [];
  let lane: Grant['lane'] = 'ship';
  let because = `Small changes in ${entry.key} may ship alone.`;
  const known = [
    'paths',
    'tiers',
    'max_score',
    'max_changed_lines',
    'max_files',
    'agents',
    'needs',
    'lane',
    'because',
  ];
  for (const field of reader.entries(entry, known)) {
    switch (field.key) {
      case 'paths':
        paths = readPaths(reader, field);
        break;
      case 'tiers':
        tiers.push(
          ...reader
            .texts(field)
            .flatMap(({ place }) => reader.oneOf(place, vocabulary.tiers, 'tier') ?? []),
        );
        break;
      case 'max_score':
        maxScore = reader.integer(field, 0, 100) ?? 0;
        break;
      case 'max_changed_lines':
        maxChangedLines = reader.integer(field, 0, 1_000_000) ?? 0;
        break;
      case 'max_files':
        maxFiles = reader.integer(field, 0, 1_000_000) ?? 0;
        break;
      case 'agents':
        allowsAgents = reader.flag(field) ?? false;
        break;
      case 'needs':
        needs = reader
          .texts(field)
          .flatMap(({ place }) => reader.oneOf(place, GRANT_TAGS, 'evidence') ?? []);
        break;
      case 'lane':
        lane = reader.oneOf(field, ['ship', 'ship-and-watch'] as const, 'lane') ?? lane;
        break;
      default:
        because = reader.text(field) ?? because;
    }
  }
  const name = { node: entry.keyNode, path: entry.path };
  if (tiers.length === 0 && paths.length === 0) {
    reader.problem(
      name,
      `${entry.key} is not a tier, so its grant needs paths or tiers`,
      undefined,
    );
  }
  if (maxScore === undefined) {
    reader.problem(name, 'A grant needs max_score, from 0 to 100', 'max_score: 30');
  }
  return {
    ...start,
    tiers,
    paths,
    because,
    lane,
    maxScore: maxScore ?? 0,
    maxChangedLines,
    maxFiles,
    allowsAgents,
    needs,
  };
}

function readRules(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  ids: Set<string>,
): Rule[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_RULES) {
    reader.problem(entry, `${places.length} rules; at most ${MAX_RULES} are read`);
    return [];
  }
  return places.map((place) => {
    const fields = new Map(
      reader
        .entries(place, ['id', 'when', 'require', 'because'])
        .map((field) => [field.key, field] as const),
    );
    const id = readId(reader, fields.get('id') ?? place, ids);
    const when = readCondition(reader, fields.get('when'), vocabulary);
    const because = fields.get('because');
    const { isHold, reviewers, from } = readRequirement(reader, fields.get('require'), place);
    return {
      id,
      line: reader.lineOf(place),
      because: (because && reader.text(because)) ?? `Rule ${id}.`,
      when,
      isHold,
      reviewers,
      from,
    };
  });
}

function readRequirement(
  reader: YamlReader,
  entry: Entry | undefined,
  rule: Place,
): Pick<Rule, 'isHold' | 'reviewers' | 'from'> {
  if (entry === undefined) {
    reader.problem(rule, 'A rule needs require', 'require: { reviewers: 1 }');
    return { isHold: false, reviewers: 0, from: [] };
  }
  let isHold = false;
  let reviewers: number | undefined;
  let from: string[] = [];
  for (const field of reader.entries(entry, ['reviewers', 'from', 'not', 'lane'])) {
    switch (field.key) {
      case 'reviewers':
        reviewers = reader.integer(field, 1, 10);
        break;
      case 'from':
        from = readReviewerSources(reader, field);
        break;
      case 'lane': {
        const lane = reader.oneOf(field, ['one-reviewer', 'two-person', 'hold'] as const, 'lane');
        isHold = lane === 'hold';
        reviewers ??= lane === 'two-person' ? 2 : 1;
        break;
      }
      default:
        // Whoever had a hand in a change never approves it; a file may say so, and cannot unsay it.
        for (const { place } of reader.texts(field)) {
          reader.oneOf(
            place,
            ['author', 'contributor', 'committer', 'agent-operator'],
            'group of people',
          );
        }
    }
  }
  if (from.length > 0) reviewers ??= 1;
  if (reviewers === undefined) {
    reader.problem(entry, 'require needs reviewers, from or lane', 'reviewers: 1');
  }
  return { isHold, reviewers: reviewers ?? 0, from };
}

function readId(reader: YamlReader, place: Place, ids: Set<string>): string {
  const isMissing = !('key' in place);
  const id = isMissing ? undefined : reader.text(place);
  if (isMissing) reader.problem(place, 'An id is missing', 'id: what-it-is-for');
  if (id === undefined) return '';
  if (!NAME.test(id)) {
    reader.problem(place, 'An id has letters, digits, - and _, at most 80');
  } else if (ids.has(id)) {
    reader.problem(place, `The id ${id} is used twice or reserved`);
  }
  ids.add(id);
  return id;
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

function readTests(
  reader: YamlReader,
  entry: Entry | undefined,
  ruleIds: readonly string[],
): PolicyTest[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_TESTS) {
    reader.problem(entry, `${places.length} tests; at most ${MAX_TESTS} are run`);
    return [];
  }
  return places.map((place, index) => {
    const test: PolicyTest = {
      name: `test ${index + 1}`,
      line: reader.lineOf(place),
      column: reader.columnOf(place),
      change: { paths: [], author: 'human', changedLines: 10, checks: 'passed', at: null },
      expect: { lane: null, rules: [] },
    };
    for (const field of reader.entries(place, ['name', 'change', 'expect'])) {
      if (field.key === 'name') test.name = reader.text(field) ?? test.name;
      else if (field.key === 'change') readTestChange(reader, field, test.change);
      else {
        for (const part of reader.entries(field, ['lane', 'rules'])) {
          if (part.key === 'lane') {
            test.expect.lane = reader.oneOf(part, LANES, 'lane') ?? null;
          } else {
            test.expect.rules = reader
              .texts(part)
              .flatMap((each) => reader.oneOf(each.place, ruleIds, 'rule') ?? []);
          }
        }
      }
    }
    if (test.change.paths.length === 0) {
      reader.problem(place, 'A test needs change.paths', 'change: { paths: [src/a.ts] }');
    }
    return test;
  });
}

function readTestChange(reader: YamlReader, entry: Entry, change: PolicyTest['change']): void {
  for (const field of reader.entries(entry, ['paths', 'author', 'changed_lines', 'checks', 'at'])) {
    switch (field.key) {
      case 'paths':
        change.paths = reader.texts(field).map(({ value }) => value);
        break;
      case 'author':
        change.author =
          reader.oneOf(field, ['human', 'assisted', 'agent'] as const, 'author') ?? change.author;
        break;
      case 'changed_lines':
        change.changedLines = reader.integer(field, 0, 1_000_000) ?? change.changedLines;
        break;
      case 'checks':
        change.checks =
          reader.oneOf(field, ['passed', 'failed', 'unknown'] as const, 'result') ?? change.checks;
        break;
      default: {
        const at = new Date(reader.text(field) ?? '');
        if (Number.isNaN(at.getTime())) {
          reader.problem(field, 'Expected a moment such as 2026-12-20T12:00:00Z');
        } else change.at = at;
      }
    }
  }
}
