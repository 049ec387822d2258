/** Reads what rules are about: path patterns, closed names, thresholds, and who may consent. */
import { AUTHOR_KINDS, EVIDENCE, FOUND_SOURCES, keysOf, WhenEntry } from './file-schema.ts';
import { type Condition, NO_CONDITION, type Threshold } from './document.ts';
import { globProblem } from './glob.ts';
import { suggest } from '#kernel';
import { RULE_TAGS } from './tags.ts';
import { labelName, WORK_PRIORITIES } from './work-facts.ts';
import type { Place, YamlReader } from './yaml-reader.ts';

/** The names a file defines; only these may be used in it. */
export interface Vocabulary {
  services: readonly string[];
  tiers: readonly string[];
  data: readonly string[];
  /** Null where nobody can say which there are: then any name is taken. */
  teams: readonly string[] | null;
  roles: readonly string[] | null;
}

const MAX_PATTERNS = 200;

/** Path patterns: one, a list, or `{ paths: … }`. */
export function readPaths(reader: YamlReader, place: Place): string[] {
  const texts = reader.texts(place);
  if (texts.length > MAX_PATTERNS) {
    reader.problem(place, `More than ${MAX_PATTERNS} path patterns`);
    return [];
  }
  for (const each of texts) {
    const problem = globProblem(each.value);
    if (problem !== undefined) reader.problem(each.place, problem);
  }
  return texts.map(({ value }) => value.replace(/^\//, ''));
}

/** `when` of a rule. All that is given must hold; missing means always. */
export function readCondition(
  reader: YamlReader,
  entry: Place | undefined,
  vocabulary: Vocabulary,
): Condition {
  if (entry === undefined) return NO_CONDITION;
  const condition: { -readonly [Key in keyof Condition]: Condition[Key] } = { ...NO_CONDITION };
  const names = <Name extends string>(place: Place, known: readonly Name[], what: string): Name[] =>
    reader.texts(place).flatMap((each) => reader.oneOf(each.place, known, what) ?? []);
  for (const field of reader.entries(entry, keysOf(WhenEntry))) {
    switch (field.key) {
      case 'paths':
        condition.paths = readPaths(reader, field);
        break;
      case 'service':
      case 'services':
        // `services: ">1"` counts them, `services: [ledger]` names them.
        if (isThreshold(field)) condition.serviceCount = readThreshold(reader, field);
        else condition.services = names(field, vocabulary.services, 'service');
        break;
      case 'tier':
        condition.tiers = names(field, vocabulary.tiers, 'tier');
        break;
      case 'data':
        condition.data = names(field, vocabulary.data, 'data class');
        break;
      case 'tags':
        condition.tags = readTags(reader, field);
        break;
      case 'author':
        condition.authors = names(field, AUTHOR_KINDS, 'author');
        break;
      case 'label':
        condition.labels = readLabels(reader, field);
        break;
      case 'priority':
        condition.priorities = names(field, WORK_PRIORITIES, 'priority');
        break;
      case 'changed_lines':
        condition.changedLines = readThreshold(reader, field);
        break;
      case 'files':
        condition.files = readThreshold(reader, field);
        break;
      case 'downstream_services':
        condition.downstream = readThreshold(reader, field);
        break;
      default:
        condition.score = readThreshold(reader, field);
    }
    // An empty list would mean "always", which nobody who writes one has in mind.
    if ((field.node as { items?: unknown[] }).items?.length === 0) {
      reader.problem(field, `${field.key} is an empty list`, 'leave it out to mean always');
    }
  }
  return condition;
}

/** Labels are the trackers' own, so any name is taken: a misspelt one is one that nothing has. */
function readLabels(reader: YamlReader, place: Place): string[] {
  return reader.texts(place).flatMap((each) => {
    const name = labelName(each.value);
    if (name !== '') return [name];
    reader.problem(each.place, 'A label has a name', 'label: security');
    return [];
  });
}

function readTags(reader: YamlReader, place: Place): Condition['tags'] {
  return reader.texts(place).flatMap((each) => {
    if (EVIDENCE.includes(each.value)) {
      // A further file can take such a tag away, and then the rule with it.
      reader.problem(
        each.place,
        `${each.value} is evidence for a grant (autonomy.needs), not a reason for a rule`,
      );
      return [];
    }
    return reader.oneOf(each.place, RULE_TAGS, 'tag') ?? [];
  });
}

function readThreshold(reader: YamlReader, place: Place): Threshold | null {
  const text = reader.text(place);
  if (text === undefined) return null;
  const match = /^\s*(>=?)\s*(\d{1,9})\s*$/.exec(text);
  if (match === null) {
    const number = /\d{1,9}/.exec(text)?.[0] ?? '400';
    reader.problem(place, 'A rule asks for more than a number, in quotes', `">${number}"`);
    return null;
  }
  return { operator: match[1] === '>' ? '>' : '>=', value: Number(match[2]) };
}

function isThreshold({ node }: Place): boolean {
  const value = (node as { value?: unknown } | null)?.value;
  return typeof value === 'number' || (typeof value === 'string' && /^\s*[<>=\d]/.test(value));
}

/** `owners`, `expertise`, `team:payments`, `role:approver`, `person:ada@example.com`. */
export function readReviewerSources(
  reader: YamlReader,
  place: Place,
  vocabulary: Pick<Vocabulary, 'teams' | 'roles'>,
): string[] {
  return reader.texts(place).flatMap((each) => {
    const value = each.value.trim().toLowerCase();
    if (FOUND_SOURCES.some((name) => name === value)) return [value];
    if (!/^(?:team|role|person):\S{1,200}$/.test(value)) {
      reader.problem(
        each.place,
        `Unknown source of reviewers ${each.value}; known: ${FOUND_SOURCES.join(', ')}, team:…, role:…, person:…`,
        suggest(value, FOUND_SOURCES) ??
          (value.startsWith('owner') ? 'owners' : `team:${value.replace(/^@/, '')}`),
      );
      return [];
    }
    const [kind = ''] = value.split(':');
    const known = kind === 'team' ? vocabulary.teams : kind === 'role' ? vocabulary.roles : null;
    if (known === null) return [value];
    const names = known.map((name) => `${kind}:${name}`);
    return reader.isOneOf(each.place, value, names, kind) ? [value] : [];
  });
}
