/** Names of the leader's choice in a policy: services, tiers, classes of data, and ids of rules. */
import { DataEntry, keysOf, ServiceEntry, TierEntry } from './file-schema.ts';
import type { ServiceTerms } from './document.ts';
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

/**
 * Services of the file. `services: { shop: [paths] }`, or with `depends_on` and `owner`. What the
 * catalog knows of a service fills what the file leaves out.
 */
export function readServices(
  reader: YamlReader,
  entry: Entry | undefined,
  catalog: ReadonlyMap<string, ServiceTerms>,
): Map<string, ServiceTerms> {
  const services = new Map(catalog);
  const named = namedEntries(reader, entry, 'service');
  const known = [...catalog.keys(), ...named.map(({ key }) => key)];
  for (const each of named) {
    const terms: { -readonly [Key in keyof ServiceTerms]: ServiceTerms[Key] } = {
      ...(catalog.get(each.key) ?? { paths: [], dependsOn: [], owner: null }),
    };
    if (!isMapping(each)) terms.paths = readPaths(reader, each);
    else {
      for (const field of reader.entries(each, keysOf(ServiceEntry))) {
        if (field.key === 'paths') terms.paths = readPaths(reader, field);
        else if (field.key === 'owner') terms.owner = reader.text(field) ?? null;
        else {
          terms.dependsOn = reader
            .texts(field)
            .flatMap(({ place }) => reader.oneOf(place, known, 'service') ?? []);
        }
      }
    }
    services.set(each.key, terms);
  }
  return services;
}

function isMapping({ node }: Place): boolean {
  return (node as { items?: { key?: unknown }[] } | null)?.items?.[0]?.key !== undefined;
}

/** Names under `tiers` where nothing else says which services there are: then they are said here. */
export function servicesNamedInTiers(reader: YamlReader, entry: Entry | undefined): string[] {
  if (entry === undefined) return [];
  return reader.entries(entry).flatMap((each) => {
    const inner = isMapping(each)
      ? reader.entries(each).find(({ key }) => key === 'services')
      : each;
    return inner === undefined ? [] : reader.texts(inner).map(({ value }) => value);
  });
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
      if (!isMapping(each)) tier.services = readNames(each);
      else {
        for (const field of reader.entries(each, keysOf(TierEntry))) {
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
      for (const field of reader.entries(each, keysOf(DataEntry))) {
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
