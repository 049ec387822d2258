/** Reads freezes: spans of time in which nothing lands, or nothing without people. */
import { FreezeEntry, keysOf, STRICT_LANES } from './file-schema.ts';
import { type Freeze, type FreezeSpan, LOCAL_OF_OWNER } from './document.ts';
import { cronProblem, readWeeklySpan } from './freeze-span.ts';
import { readPaths, type Vocabulary } from './read-condition.ts';
import { readDuration } from './read-terms.ts';
import { FREEZE_TAGS } from './tags.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';
import { findZone, readLocalTime } from './zoned-time.ts';

const MAX_FREEZES = 100;

export function readFreezes(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  file: string,
  readId: (place: Place) => string,
): Freeze[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_FREEZES) {
    reader.problem(entry, `${places.length} freezes; at most ${MAX_FREEZES} are read`);
    return [];
  }
  return places.map((place) => readFreeze(reader, place, vocabulary, file, readId));
}

function readFreeze(
  reader: YamlReader,
  place: Place,
  vocabulary: Vocabulary,
  file: string,
  readId: (place: Place) => string,
): Freeze {
  const fields = new Map(
    reader.entries(place, keysOf(FreezeEntry)).map((field) => [field.key, field] as const),
  );
  const id = readId(fields.get('id') ?? place);
  const because = fields.get('because');
  const paths = fields.get('paths');
  const lane = fields.get('lane');
  const except = fields.get('except');
  return {
    id,
    file,
    line: reader.lineOf(place),
    because: (because && reader.text(because)) ?? `Freeze ${id}.`,
    span: readSpan(reader, place, fields),
    zone: readZone(reader, fields.get('zone')),
    lane: (lane && reader.oneOf(lane, STRICT_LANES, 'lane')) ?? 'hold',
    except: except === undefined ? [] : readExceptions(reader, except),
    ...readScope(reader, fields, vocabulary),
    paths: paths === undefined ? [] : readPaths(reader, paths),
  };
}

/** `services: tier0+tier1` names tiers and services alike: a leader thinks of both as "these". */
function readScope(
  reader: YamlReader,
  fields: ReadonlyMap<string, Entry>,
  vocabulary: Vocabulary,
): Pick<Freeze, 'services' | 'tiers'> {
  const services: string[] = [];
  const tiers: string[] = [];
  for (const [key, known, what] of [
    ['services', [...vocabulary.services, ...vocabulary.tiers], 'service or tier'],
    ['tiers', vocabulary.tiers, 'tier'],
  ] as const) {
    const field = fields.get(key);
    if (field === undefined) continue;
    for (const each of reader.texts(field)) {
      for (const name of each.value.split('+').map((part) => part.trim())) {
        if (!reader.isOneOf(each.place, name, known, what)) continue;
        (vocabulary.tiers.includes(name) ? tiers : services).push(name);
      }
    }
  }
  return { services, tiers };
}

function readExceptions(reader: YamlReader, field: Entry): Freeze['except'] {
  return reader.texts(field).flatMap(({ value, place }) => {
    const name = value.trim().replace(/^tag:/, '');
    const found = FREEZE_TAGS.find((tag) => tag === name);
    if (found === undefined) reader.isOneOf(place, name, FREEZE_TAGS, 'exception');
    return found ?? [];
  });
}

function readZone(reader: YamlReader, field: Entry | undefined): string {
  if (field === undefined) return 'UTC';
  if ((field.node as { value?: unknown }).value === LOCAL_OF_OWNER) return LOCAL_OF_OWNER;
  return findZone(reader, field) ?? 'UTC';
}

/** The span, or one that never was: the problem is on record then, and the file takes no force. */
function readSpan(
  reader: YamlReader,
  freeze: Place,
  fields: ReadonlyMap<string, Entry>,
): FreezeSpan {
  const never: FreezeSpan = { kind: 'once', from: new Date(0), to: new Date(0) };
  const cron = fields.get('cron');
  if (cron !== undefined) return readRepeated(reader, cron, fields) ?? never;
  const from = readMoment(reader, fields.get('from'), freeze, 'from');
  const to = readMoment(reader, fields.get('to'), freeze, 'to');
  if (from === undefined || to === undefined) return never;
  if (from >= to) reader.problem(fields.get('to') ?? freeze, 'The freeze ends before it begins');
  return { kind: 'once', from, to };
}

function readRepeated(
  reader: YamlReader,
  cron: Entry,
  fields: ReadonlyMap<string, Entry>,
): FreezeSpan | undefined {
  for (const key of ['from', 'to'] as const) {
    const field = fields.get(key);
    if (field !== undefined) reader.problem(field, `A freeze has cron or ${key}, not both`);
  }
  const text = reader.text(cron);
  if (text === undefined) return undefined;
  const weekly = readWeeklySpan(text);
  if (weekly !== undefined) return { kind: 'weekly', weekly };
  const problem = cronProblem(text);
  if (problem !== undefined) {
    reader.problem(cron, `Not a span or pattern: ${problem}`, 'Fri 14:00 - Mon 08:00');
    return undefined;
  }
  const length = fields.get('for');
  if (length === undefined) {
    reader.problem(cron, 'A pattern says when a freeze begins, not how long it lasts', 'for: 8h');
    return undefined;
  }
  const forMs = readDuration(reader, length);
  return forMs === undefined ? undefined : { kind: 'cron', pattern: text, forMs };
}

/** In the UTC fields. Undefined when it cannot be read; the problem is on record then. */
function readMoment(
  reader: YamlReader,
  field: Entry | undefined,
  freeze: Place,
  key: string,
): Date | undefined {
  if (field === undefined) {
    reader.problem(freeze, `A freeze needs ${key}, or cron`, `${key}: 2026-12-18T00:00`);
    return undefined;
  }
  const text = reader.text(field);
  const local = text === undefined ? undefined : readLocalTime(text);
  if (text !== undefined && local === undefined) {
    reader.problem(field, 'Expected a local time such as 2026-12-18T00:00', '2026-12-18T00:00');
  }
  return local;
}
