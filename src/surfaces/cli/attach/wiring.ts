/**
 * How an agent is wired: which entries in which of its files. The verbs are pure, from the files as they
 * are to the files as they should be. Foreign entries stay untouched and ours are recognised by what they
 * call, so attaching twice changes nothing and detaching restores.
 */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '#kernel';
import { appendItem, readJson, removeAt, setMember } from './json-text.ts';
import { isOurText, signed } from './own-file.ts';
import { readToml, removeTable, setTable, type TomlTable, tomlAt } from './toml-text.ts';

/** Wires one repository, or everything this person does. */
export type Scope = 'repository' | 'user';

export type JsonEntry =
  /** Our call on one event of the agent; `value` is an item of the list at `at`. */
  | { kind: 'hook'; at: readonly string[]; value: object }
  /** A named thing, such as a server; another's of that name is never replaced. */
  | { kind: 'member'; at: readonly string[]; value: unknown; isOurs: (value: unknown) => boolean }
  | { kind: 'item'; at: readonly string[]; value: string }
  /**
   * Settings that mean something together. `at` is the one by which ours are known; where somebody has set
   * any of them for another purpose, all of them stay as they are.
   */
  | {
      kind: 'group';
      at: readonly string[];
      isOurs: (value: unknown) => boolean;
      members: readonly { at: readonly string[]; value: unknown }[];
    }
  /** What the file must say to be read at all; whatever it says stays. */
  | { kind: 'default'; at: readonly string[]; value: unknown };

export type FilePlan =
  | { path: string; format: 'json'; hooksOf: string; entries: readonly JsonEntry[] }
  | {
      path: string;
      format: 'toml';
      table: string;
      value: TomlTable;
      isOurs: (value: unknown) => boolean;
      /** Another's table of that name stays, and nothing of ours is written. */
      yields?: true;
    }
  /** A file that is ours from its first byte to its last. */
  | { path: string; format: 'own'; text: string };

export interface WiredFile {
  path: string;
  /** Undefined where the file does not exist. */
  before: string | undefined;
  /** Undefined where the file should not exist. */
  after: string | undefined;
}

/**
 * @throws AppError `attach.unreadable_file` when a file is not what the agent itself expects,
 * `attach.name_taken` when another server bears our name, `attach.edited_file` when somebody changed
 * a file of ours.
 */
export function attachFile(plan: FilePlan, before: string | undefined): WiredFile {
  const { path } = plan;
  switch (plan.format) {
    case 'own':
      if (before !== undefined && !isOurText(before)) throw edited(path);
      return { path, before, after: signed(plan.text) };
    case 'toml': {
      const value = tomlAt(toml(path, before ?? ''), plan.table);
      if (value !== undefined && !plan.isOurs(value)) {
        if (plan.yields === true) return { path, before, after: before };
        throw nameTaken(path);
      }
      if (isDeepStrictEqual(plain(value), plan.value)) return { path, before, after: before };
      const after = setTable(before ?? '', plan.table, plan.value);
      if (after === undefined) throw byHand(path, plan.table);
      return { path, before, after };
    }
    case 'json': {
      let text = textOf(path, before);
      for (const entry of plan.entries) text = addEntry(plan.path, plan.hooksOf, text, entry);
      // A name that is written twice is read in one way and edited in another.
      if (!plan.entries.every((entry) => holds(path, plan.hooksOf, text, entry))) {
        throw unreadable(path, 'a name in it is written twice');
      }
      return { path, before, after: text };
    }
  }
}

/**
 * Takes out what `attachFile` put in; a file that then says nothing is removed. `also` are plans of
 * agents that stay attached: what they need in the same file is kept.
 */
export function detachFile(
  plan: FilePlan,
  before: string | undefined,
  also: readonly FilePlan[] = [],
): WiredFile {
  const { path } = plan;
  if (before === undefined) return { path, before, after: undefined };
  switch (plan.format) {
    case 'own':
      if (!isOurText(before)) throw edited(path);
      return { path, before, after: undefined };
    case 'toml': {
      const value = tomlAt(toml(path, before), plan.table);
      if (!plan.isOurs(value)) return { path, before, after: before };
      const after = removeTable(before, plan.table);
      if (after === undefined) throw byHand(path, plan.table);
      return { path, before, after: after.trim() === '' ? undefined : after };
    }
    case 'json': {
      const start = textOf(path, before);
      const needed = also.flatMap((other) =>
        other.path === path && other.format === 'json' ? other.entries : [],
      );
      const isNeeded = (entry: JsonEntry) =>
        needed.some((other) => other.kind !== 'hook' && isDeepStrictEqual(other.at, entry.at));
      let text = withoutHooks(path, start, plan);
      for (const entry of plan.entries) {
        if (!isNeeded(entry)) text = removeEntry(path, text, entry);
      }
      const defaults = plan.entries.filter(({ kind }) => kind === 'default');
      const rest = Object.keys(json(path, text)).filter(
        (key) => !defaults.some(({ at }) => at[0] === key),
      );
      if (text === start) return { path, before, after: before };
      return { path, before, after: rest.length === 0 ? undefined : text };
    }
  }
}

/** Whether the file holds what wires the agent: every hook, or else every entry. */
export function isWired(plan: FilePlan, text: string | undefined): boolean {
  if (text === undefined) return false;
  switch (plan.format) {
    case 'own':
      return isOurText(text);
    case 'toml':
      return plan.isOurs(tomlAt(toml(plan.path, text), plan.table));
    case 'json': {
      const hooks = plan.entries.filter(({ kind }) => kind === 'hook');
      const telling = hooks.length > 0 ? hooks : plan.entries;
      return telling.every((entry) => holds(plan.path, plan.hooksOf, text, entry, true));
    }
  }
}

function addEntry(path: string, agent: string, text: string, entry: JsonEntry): string {
  const present = valueAt(json(path, text), entry.at);
  switch (entry.kind) {
    case 'default':
      return present === undefined ? setMember(text, entry.at, entry.value) : text;
    case 'item':
      return listAt(path, text, entry.at).includes(entry.value)
        ? text
        : appendItem(text, entry.at, entry.value);
    case 'member':
      if (present !== undefined && !entry.isOurs(present)) throw nameTaken(path);
      return isDeepStrictEqual(present, entry.value)
        ? text
        : setMember(text, entry.at, entry.value);
    case 'group':
      return addGroup(path, text, entry);
    case 'hook': {
      if (holds(path, agent, text, entry)) return text;
      return appendItem(withoutOurCalls(path, text, entry.at, agent), entry.at, entry.value);
    }
  }
}

type Group = JsonEntry & { kind: 'group' };

function addGroup(path: string, text: string, { at, isOurs, members }: Group): string {
  const value = json(path, text);
  const known = valueAt(value, at);
  const isTaken =
    known === undefined
      ? members.some((member) => valueAt(value, member.at) !== undefined)
      : !isOurs(known);
  if (isTaken) return text;
  let rest = text;
  for (const member of members) {
    if (isDeepStrictEqual(valueAt(json(path, rest), member.at), member.value)) continue;
    rest = setMember(rest, member.at, member.value);
  }
  return rest;
}

/** What somebody changed since is theirs, but for the one by which ours are known. */
function removeGroup(path: string, text: string, { at, isOurs, members }: Group): string {
  if (!isOurs(valueAt(json(path, text), at))) return text;
  let rest = text;
  for (const member of members) {
    const present = valueAt(json(path, rest), member.at);
    const isMarker = isDeepStrictEqual(member.at, at);
    if (isMarker || isDeepStrictEqual(present, member.value)) {
      rest = removeWithEmptyParents(path, rest, member.at);
    }
  }
  return rest;
}

function removeEntry(path: string, text: string, entry: JsonEntry): string {
  if (entry.kind === 'group') return removeGroup(path, text, entry);
  const present = valueAt(json(path, text), entry.at);
  if (entry.kind === 'item') {
    const index = listAt(path, text, entry.at).indexOf(entry.value);
    return index === -1 ? text : removeWithEmptyParents(path, text, [...entry.at, index]);
  }
  return entry.kind === 'member' && present !== undefined && entry.isOurs(present)
    ? removeWithEmptyParents(path, text, entry.at)
    : text;
}

/** `anyCall`: a call of ours counts whatever else its entry says. */
function holds(
  path: string,
  agent: string,
  text: string,
  entry: JsonEntry,
  anyCall = false,
): boolean {
  if (entry.kind === 'item') return listAt(path, text, entry.at).includes(entry.value);
  // Nothing hangs on it: an agent whose telemetry goes elsewhere is attached all the same.
  if (entry.kind === 'group') return true;
  const present = valueAt(json(path, text), entry.at);
  if (entry.kind === 'default') return present !== undefined;
  if (entry.kind === 'member') {
    return anyCall ? entry.isOurs(present) : isDeepStrictEqual(present, entry.value);
  }
  const ours = listAt(path, text, entry.at).filter((item) => callsIn(item, agent).length > 0);
  return anyCall ? ours.length > 0 : ours.length === 1 && isDeepStrictEqual(ours[0], entry.value);
}

function withoutHooks(path: string, text: string, plan: FilePlan & { format: 'json' }): string {
  // Also events of an older release, wherever ours are kept.
  const lists = new Set(
    plan.entries
      .filter(({ kind }) => kind === 'hook')
      .map(({ at }) => JSON.stringify(at.slice(0, -1))),
  );
  let rest = text;
  for (const list of lists) {
    const parent = JSON.parse(list) as string[];
    const events = valueAt(json(path, rest), parent);
    for (const event of isObject(events) ? Object.keys(events) : []) {
      rest = withoutOurCalls(path, rest, [...parent, event], plan.hooksOf);
    }
  }
  return rest;
}

/** Takes our commands out of one event; what others wrote beside them stays. */
function withoutOurCalls(path: string, text: string, at: readonly string[], agent: string): string {
  let rest = text;
  for (;;) {
    const items = listAt(path, rest, at);
    const index = items.findIndex((item) => callsIn(item, agent).length > 0);
    if (index === -1) return rest;
    const [call] = callsIn(items[index], agent);
    rest = removeWithEmptyParents(path, rest, [...at, index, ...call!]);
  }
}

/** Where in an item of an event our calls are: the item itself, or within its own list of hooks. */
function callsIn(item: unknown, agent: string): (string | number)[][] {
  if (!isObject(item)) return [];
  const { hooks, command, bash } = item as { hooks?: unknown; command?: unknown; bash?: unknown };
  if (isCall(command, agent) || isCall(bash, agent)) return [[]];
  if (!Array.isArray(hooks)) return [];
  const inner = hooks.flatMap((hook, at) =>
    callsIn(hook, agent).length > 0 ? [['hooks', at]] : [],
  );
  return inner.length > 0 && hooks.length === 1 ? [[]] : inner;
}

function isCall(command: unknown, agent: string): boolean {
  return (
    typeof command === 'string' && new RegExp(String.raw`(?:^| )hook ${agent} \w+$`).test(command)
  );
}

/** What held nothing but us was made by us. */
function removeWithEmptyParents(
  path: string,
  text: string,
  at: readonly (string | number)[],
): string {
  let rest = removeAt(text, at);
  for (let depth = at.length - 1; depth > 0; depth -= 1) {
    const parent = at.slice(0, depth);
    const value = valueAt(json(path, rest), parent);
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) break;
    rest = removeAt(rest, parent);
  }
  return rest;
}

function valueAt(value: unknown, at: readonly (string | number)[]): unknown {
  return at.reduce<unknown>(
    (part, key) => (part as Record<string | number, unknown> | undefined | null)?.[key],
    value,
  );
}

function listAt(path: string, text: string, at: readonly string[]): readonly unknown[] {
  const value = valueAt(json(path, text), at);
  if (value === undefined) return [];
  const parent = valueAt(json(path, text), at.slice(0, -1));
  if (Array.isArray(value) && isObject(parent)) return value;
  throw unreadable(path, `${at.join('.')} has not the shape it should have`);
}

/** The text to edit; a new file ends with a line break, as editors write it. */
function textOf(path: string, text: string | undefined): string {
  if (text === undefined || text.trim() === '') return '{}\n';
  const value = json(path, text);
  const { hooks } = value;
  const isReadable =
    hooks === undefined ||
    (isObject(hooks) &&
      Object.values(hooks).every((items) => !Array.isArray(items) || items.every(isObject)));
  if (!isReadable) throw unreadable(path, 'hooks has not the shape hooks have');
  return text;
}

function json(path: string, text: string): Record<string, unknown> {
  const read = readJson(text);
  if ('problem' in read) throw unreadable(path, read.problem);
  if (isObject(read.value)) return read.value as Record<string, unknown>;
  throw unreadable(path, 'it is no JSON object');
}

function toml(path: string, text: string): TomlTable {
  const read = readToml(text);
  if ('problem' in read) throw unreadable(path, read.problem);
  return read.value;
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : (JSON.parse(JSON.stringify(value)) as unknown);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(path: string, problem: string): AppError {
  return new AppError('invalid', 'attach.unreadable_file', {
    message: `${path} cannot be read: ${problem}.`,
    hint: 'Correct the file first; nothing was changed.',
  });
}

function nameTaken(path: string): AppError {
  return new AppError('conflict', 'attach.name_taken', {
    message: `${path} has another server named loom.`,
    hint: 'Rename that server, then attach again; nothing was changed.',
  });
}

function edited(path: string): AppError {
  return new AppError('conflict', 'attach.edited_file', {
    message: `${path} was written by attach and has been changed since.`,
    hint: 'Move your changes elsewhere and delete the file, then try again; nothing was changed.',
  });
}

function byHand(path: string, table: string): AppError {
  return new AppError('conflict', 'attach.unreadable_file', {
    message: `${path} is written in a way that [${table}] cannot be added or taken out without touching the rest.`,
    hint: `Give [${table}] a header and lines of its own; nothing was changed.`,
  });
}
