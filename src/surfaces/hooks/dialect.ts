/** What agents tell and hear through hooks, in our words; each agent's own words are in the tables. Pure. */
import { z } from 'zod';
import { AppError } from '#kernel';
import { type DialectTable, fill, type PathRule } from './dialect-tables.ts';

interface Told {
  /** The agent's own id of its session. */
  externalId: string;
  cwd: string | null;
  /** Where a helper of the session acts: it is a session of its own, and this one started it. */
  parent?: { externalId: string; role: string | null } | undefined;
}

export type HookEvent =
  /** `isFresh`: the agent remembers nothing of what it was told before in this session. */
  | (Told & { kind: 'session-started'; model: string | null; isFresh: boolean })
  | (Told & { kind: 'prompt-submitted'; prompt: string })
  /** `paths` are the files the tool is about to change, as the agent wrote them. */
  | (Told & { kind: 'tool-starting'; tool: string; args: unknown; paths: string[] })
  | (Told & {
      kind: 'tool-finished';
      tool: string;
      args: unknown;
      paths: string[];
      result: unknown;
      /** Only where the agent says so by the event. */
      hasFailed: boolean;
    })
  /** The agent rests until the next prompt; what it holds stays its own. */
  | (Told & { kind: 'turn-ended' })
  /** The model could not be asked, or gave no answer. */
  | (Told & { kind: 'turn-failed'; reason: string })
  | (Told & { kind: 'session-ended'; reason: string })
  /** Nothing we act on. */
  | { kind: 'ignored' };

export type HookAnswer =
  | { kind: 'nothing' }
  | { kind: 'context'; text: string }
  | { kind: 'denied'; reason: string }
  /** The turn is over; where an agent cannot be stopped so, the call is denied. */
  | { kind: 'stopped'; reason: string };

const Input = z.record(z.string(), z.unknown());
const SessionId = z.string().min(1).max(200);

/** @throws AppError `hooks.malformed_input`. */
export function readHook(table: DialectTable, event: string, input: unknown): HookEvent {
  const kind = Object.hasOwn(table.events, event) ? table.events[event]!.kind : undefined;
  if (kind === undefined) return { kind: 'ignored' };
  const parsed = Input.safeParse(input);
  if (!parsed.success) throw malformed('it is not a JSON object');
  const read = (field: keyof DialectTable['fields']) => readField(table, parsed.data, field);
  const session = SessionId.safeParse(read('session'));
  if (!session.success) throw malformed(`${table.fields.session[0]} is not the id of a session`);
  const cwd = textOf(first(read('cwd')));
  const helper = textOf(read('helper'));
  // The end of a helper without its id would be taken for the end of the whole session.
  if (event.startsWith('Subagent') && !helper) return { kind: 'ignored' };
  const told: Told = helper
    ? {
        externalId: `${session.data}/${helper.slice(0, 200)}`,
        cwd,
        parent: { externalId: session.data, role: textOf(read('role')) },
      }
    : { externalId: session.data, cwd };
  switch (kind) {
    case 'session-started':
      return {
        kind,
        model: textOf(read('model')),
        isFresh: read('source') !== 'resume',
        ...told,
      };
    case 'prompt-submitted':
      return { kind, prompt: withoutInsertion(table, textOf(read('prompt')) ?? ''), ...told };
    case 'tool-starting':
      return { kind, ...readTool(table, read('tool'), read('toolInput')), ...told };
    case 'tool-finished':
      return {
        kind,
        ...readTool(table, read('tool'), read('toolInput')),
        result: read('toolResult'),
        hasFailed: table.events[event]!.hasFailed === true,
        ...told,
      };
    case 'turn-ended':
      return { kind, ...told };
    case 'turn-failed':
      return { kind, reason: textOf(read('reason')) ?? '', ...told };
    case 'session-ended':
      return { kind, reason: textOf(read('reason')) ?? 'the agent ended', ...told };
  }
}

/** What the hook command prints for the agent; an empty object is nothing. */
export function writeHook(
  table: DialectTable,
  event: string,
  answer: HookAnswer,
): Record<string, unknown> {
  const rule = Object.hasOwn(table.events, event) ? table.events[event] : undefined;
  if (answer.kind === 'denied') return fill(rule?.denied, answer.reason);
  if (answer.kind === 'stopped') {
    return fill(rule?.stopped ?? rule?.denied ?? rule?.context, answer.reason);
  }
  if (answer.kind === 'context' && answer.text !== '') return fill(rule?.context, answer.text);
  return {};
}

/** Whether the agent shows its model what we answer to the event. */
export function carriesContext(table: DialectTable, event: string): boolean {
  return Object.hasOwn(table.events, event) && table.events[event]?.context !== undefined;
}

/** Whether what holds for a file can be told before the tool that changes it has run. */
export function briefsBefore(table: DialectTable): boolean {
  return Object.values(table.events).some(
    ({ kind, context }) => kind === 'tool-starting' && context !== undefined,
  );
}

/**
 * What tells one firing from another: an agent that reads two files with our hooks in them fires each
 * event twice, with the same words. Undefined where the words say too little.
 */
export function firingOf(table: DialectTable, event: string, input: unknown): string | undefined {
  const parsed = Input.safeParse(input);
  const kind = Object.hasOwn(table.events, event) ? table.events[event]!.kind : undefined;
  if (!parsed.success || kind === undefined) return undefined;
  const session = readField(table, parsed.data, 'session');
  const call = readField(table, parsed.data, 'call');
  const told =
    typeof call === 'string' && call !== ''
      ? call
      : JSON.stringify([
          readField(table, parsed.data, 'prompt'),
          readField(table, parsed.data, 'tool'),
          readField(table, parsed.data, 'toolInput'),
          parsed.data['timestamp'],
          // A session that is resumed and then compacted starts twice, and for different reasons.
          parsed.data['source'],
        ]);
  return JSON.stringify([table.agent, kind, session, told]);
}

function readField(
  table: DialectTable,
  input: Record<string, unknown>,
  field: keyof DialectTable['fields'],
): unknown {
  const name = table.fields[field].find((candidate) => input[candidate] != null);
  return name === undefined ? undefined : input[name];
}

/** What the person wrote, without what we were let to put before it. */
function withoutInsertion({ insertion }: DialectTable, prompt: string): string {
  const [start, end] = insertion ?? [];
  if (start === undefined || end === undefined || !prompt.startsWith(start)) return prompt;
  const at = prompt.indexOf(end);
  return at === -1 ? prompt : prompt.slice(at + end.length).trimStart();
}

function readTool(
  table: DialectTable,
  name: unknown,
  input: unknown,
): { tool: string; args: unknown; paths: string[] } {
  const tool = textOf(name) ?? '';
  const rule = Object.hasOwn(table.edits, tool) ? table.edits[tool] : undefined;
  return { tool, args: input, paths: rule === undefined ? [] : pathsOf(rule, input) };
}

function pathsOf(rule: PathRule, input: unknown): string[] {
  // Some agents pass arguments on as the text the model wrote.
  const args = Input.safeParse(typeof input === 'string' ? parseOr(input) : input);
  const values = args.success ? args.data : {};
  if (!('patch' in rule)) {
    const path = rule.map((name) => textOf(values[name])).find((value) => value !== null);
    return path === undefined || path === null || path === '' ? [] : [path];
  }
  const patch = typeof input === 'string' && !args.success ? input : undefined;
  const text = patch ?? rule.patch.map((name) => values[name]).find((value) => value != null);
  return patchedPaths(Array.isArray(text) ? text.join('\n') : (textOf(text) ?? ''));
}

/** The files a patch in the form agents use touches, each once; both names of a moved one. */
export function patchedPaths(patch: string): string[] {
  const lines = patch.matchAll(
    /^\*\*\* (?:(?:Add|Update|Delete) File|Move to): ([^\r\n]+?)[ \t]*\r?$/gm,
  );
  return [...new Set([...lines].map(([, path]) => path!))];
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

function malformed(what: string): AppError {
  return new AppError('invalid', 'hooks.malformed_input', {
    message: `The hook input is not understood: ${what}.`,
    hint: 'Pass on what the agent wrote to the hook, unchanged, as `input`.',
  });
}
