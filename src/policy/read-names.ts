/** Names of the leader's choice in a policy: services, tiers, classes of data, and ids of rules. */
import { readPaths } from './read-condition.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';

const MAX_NAMES = 500;

const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$/;

/** Entries of a mapping whose keys are names of the leader's choice. */
export function namedEntries(reader: YamlReader, entry: Entry | undefined, what: string): Entry[] {
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

export function readServices(
  reader: YamlReader,
  entry: Entry | undefined,
): Map<string, readonly string[]> {
  return new Map(
    namedEntries(reader, entry, 'service').map((each) => [each.key, readPaths(reader, each)]),
  );
}

export function readTiers(
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

export function readData(
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

export function readId(reader: YamlReader, place: Place, ids: Set<string>): string {
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
