/** Reads freezes: spans of time in which nothing lands. */
import type { Freeze } from './document.ts';
import { readPaths, type Vocabulary } from './read-condition.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';
import { readLocalTime, timeZoneFormat, toMoment } from './zoned-time.ts';

const MAX_FREEZES = 100;

export function readFreezes(
  reader: YamlReader,
  entry: Entry | undefined,
  vocabulary: Vocabulary,
  readId: (place: Place) => string,
): Freeze[] {
  if (entry === undefined) return [];
  const places = reader.items(entry);
  if (places.length > MAX_FREEZES) {
    reader.problem(entry, `${places.length} freezes; at most ${MAX_FREEZES} are read`);
    return [];
  }
  return places.map((place) => readFreeze(reader, place, vocabulary, readId));
}

function readFreeze(
  reader: YamlReader,
  place: Place,
  vocabulary: Vocabulary,
  readId: (place: Place) => string,
): Freeze {
  const keys = ['id', 'from', 'to', 'zone', 'paths', 'services', 'tiers', 'because'];
  const fields = new Map(reader.entries(place, keys).map((field) => [field.key, field] as const));
  const id = readId(fields.get('id') ?? place);
  const names = (key: string, known: readonly string[], what: string): string[] => {
    const field = fields.get(key);
    if (field === undefined) return [];
    return reader.texts(field).flatMap((each) => reader.oneOf(each.place, known, what) ?? []);
  };
  const zone = readZone(reader, fields.get('zone'));
  const from = readMoment(reader, fields.get('from'), zone, place, 'from');
  const to = readMoment(reader, fields.get('to'), zone, place, 'to');
  if (from !== undefined && to !== undefined && from >= to) {
    reader.problem(fields.get('to') ?? place, 'The freeze ends before it begins');
  }
  const because = fields.get('because');
  const paths = fields.get('paths');
  return {
    id,
    line: reader.lineOf(place),
    because: (because && reader.text(because)) ?? `Freeze ${id}.`,
    // Without both the file is refused, so these never count.
    from: from ?? new Date(0),
    to: to ?? new Date(0),
    services: names('services', vocabulary.services, 'service'),
    tiers: names('tiers', vocabulary.tiers, 'tier'),
    paths: paths === undefined ? [] : readPaths(reader, paths),
  };
}

function readZone(reader: YamlReader, field: Entry | undefined): Intl.DateTimeFormat | undefined {
  const name = field === undefined ? 'UTC' : reader.text(field);
  const format = name === undefined ? undefined : timeZoneFormat(name);
  if (field !== undefined && name !== undefined && format === undefined) {
    const suggestion = Intl.supportedValuesOf('timeZone').find((known) =>
      known.toLowerCase().endsWith(name.toLowerCase().split('/').at(-1) ?? name),
    );
    reader.problem(field, `Unknown time zone ${name}`, suggestion ?? 'Europe/Berlin');
  }
  return format;
}

/** Undefined when it cannot be read; the problem is on record then. */
function readMoment(
  reader: YamlReader,
  field: Entry | undefined,
  zone: Intl.DateTimeFormat | undefined,
  freeze: Place,
  key: string,
): Date | undefined {
  const text = field === undefined ? undefined : reader.text(field);
  const local = text === undefined ? undefined : readLocalTime(text);
  if (field === undefined)
    reader.problem(freeze, `A freeze needs ${key}`, `${key}: 2026-12-18T00:00`);
  else if (text !== undefined && local === undefined) {
    reader.problem(field, 'Expected a local time such as 2026-12-18T00:00', '2026-12-18T00:00');
  }
  return local === undefined || zone === undefined ? undefined : toMoment(local, zone);
}
