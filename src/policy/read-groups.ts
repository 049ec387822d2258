/** Reads `teams` and `roles`: groups a leader names in the file itself, each of people and of others. */
import { GroupEntry, keysOf } from './file-schema.ts';
import type { GroupTerms } from './document.ts';
import { namedEntries } from './read-names.ts';
import type { Entry, Place, YamlReader } from './yaml-reader.ts';
import { findZone } from './zoned-time.ts';

interface RawGroup {
  entry: Entry;
  people: string[];
  /** Groups of the same section, with the place that names them. */
  groups: { name: string; place: Place }[];
  zone: string | null;
}

const MAX_MEMBERS = 1_000;

/** Groups with all their people, however they are nested. A loop is a problem, and ends there. */
export function readGroups(
  reader: YamlReader,
  entry: Entry | undefined,
  kind: 'team' | 'role',
): Map<string, GroupTerms> {
  const raw = new Map(
    namedEntries(reader, entry, kind).map((each) => [
      each.key.toLowerCase(),
      readRaw(reader, each, kind),
    ]),
  );
  for (const { groups } of raw.values()) {
    for (const { name, place } of groups) {
      if (!raw.has(name)) {
        const known = [...raw.keys()].map((each) => `${kind}:${each}`);
        reader.oneOf(place, known, kind);
      }
    }
  }
  const reported = new Set<string>();
  const peopleOf = (name: string, above: readonly string[]): string[] => {
    const group = raw.get(name);
    if (group === undefined) return [];
    if (above.includes(name)) {
      const loop = [...above.slice(above.indexOf(name)), name];
      const key = loop.slice(0, -1).toSorted().join(' ');
      if (!reported.has(key)) {
        reported.add(key);
        const { entry: at } = group;
        reader.problem(
          { node: at.keyNode, path: at.path },
          `The ${kind} ${name} holds itself: ${loop.join(' -> ')}`,
        );
      }
      return [];
    }
    return [
      ...group.people,
      ...group.groups.flatMap(({ name: inner }) => peopleOf(inner, [...above, name])),
    ];
  };
  return new Map(
    [...raw].map(([name, { zone, entry: at }]) => {
      const members = [...new Set(peopleOf(name, []))].sort();
      if (members.length > MAX_MEMBERS) {
        reader.problem(at, `More than ${MAX_MEMBERS} people in ${name}`);
      }
      return [name, { members, zone }];
    }),
  );
}

function readRaw(reader: YamlReader, entry: Entry, kind: 'team' | 'role'): RawGroup {
  const raw: RawGroup = { entry, people: [], groups: [], zone: null };
  const isMapping = (entry.node as { items?: { key?: unknown }[] }).items?.[0]?.key !== undefined;
  if (!isMapping) readMembers(reader, entry, kind, raw);
  else {
    for (const field of reader.entries(entry, keysOf(GroupEntry))) {
      if (field.key === 'members') readMembers(reader, field, kind, raw);
      else raw.zone = findZone(reader, field) ?? null;
    }
  }
  return raw;
}

function readMembers(reader: YamlReader, place: Place, kind: 'team' | 'role', raw: RawGroup): void {
  for (const each of reader.texts(place)) {
    const value = each.value.trim().toLowerCase();
    if (value.startsWith(`${kind}:`)) {
      raw.groups.push({ name: value.slice(kind.length + 1), place: each.place });
    } else if (/^\S{1,200}$/.test(value)) raw.people.push(value.replace(/^(?:person:|@)/, ''));
    else reader.problem(each.place, 'Expected a person or another group', `${kind}:name`);
  }
}
