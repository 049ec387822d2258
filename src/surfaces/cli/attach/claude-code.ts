/**
 * Wires Claude Code into a repository: hooks in .claude/settings.json, our MCP server in .mcp.json.
 * Pure: from the files as they are to the files as they should be. Foreign entries stay untouched,
 * ours are recognised by their command, so attaching twice changes nothing and detaching restores.
 */
import { isDeepStrictEqual } from 'node:util';
import { AppError } from '#kernel';
import { appendItem, removeAt, setMember } from './json-text.ts';

export interface WiredFile {
  path: string;
  /** Undefined where the file does not exist. */
  before: string | undefined;
  /** Undefined where the file should not exist. */
  after: string | undefined;
}

interface HookEntry {
  matcher?: string;
  hooks?: { type?: string; command?: string; timeout?: number }[];
}
interface Settings {
  hooks?: Record<string, HookEntry[]>;
  permissions?: { allow?: string[] };
  enabledMcpjsonServers?: string[];
}
interface McpFile {
  mcpServers?: Record<string, unknown>;
}

export const SETTINGS_PATH = '.claude/settings.json';
export const MCP_PATH = '.mcp.json';
const SERVER_NAME = 'loom';
const PERMISSION = `mcp__${SERVER_NAME}`;
const EDIT_TOOLS = 'Edit|Write|MultiEdit|NotebookEdit';

/** Events we listen to, and for tools which. Seconds: how long the agent waits for us at most. */
const EVENTS: readonly { event: string; matcher?: string; timeout: number }[] = [
  { event: 'SessionStart', timeout: 10 },
  { event: 'UserPromptSubmit', timeout: 10 },
  { event: 'PreToolUse', matcher: EDIT_TOOLS, timeout: 5 },
  { event: 'PostToolUse', timeout: 5 },
  { event: 'Stop', timeout: 5 },
  { event: 'SessionEnd', timeout: 5 },
];

/**
 * @throws AppError `attach.unreadable_file` when a file is not the JSON the agent itself expects,
 * `attach.name_taken` when another MCP server bears our name.
 */
export function attachClaudeCode(
  files: { settings: string | undefined; mcp: string | undefined },
  /** How the agent calls us, quoted for a shell: `loom` or a full path. */
  loom: { command: string; args: string[] },
): WiredFile[] {
  const call = [loom.command, ...loom.args].map(quote).join(' ');

  let settings = textOf(SETTINGS_PATH, files.settings);
  for (const { event, matcher, timeout } of EVENTS) {
    const ours: HookEntry = {
      ...(matcher === undefined ? {} : { matcher }),
      hooks: [{ type: 'command', command: `${call} hook claude-code ${event}`, timeout }],
    };
    const present = readSettings(settings).hooks?.[event] ?? [];
    const isThere = present.filter(isOurs).length === 1 && present.some((it) => isSame(it, ours));
    if (!isThere) settings = appendItem(withoutOurHooks(settings, event), ['hooks', event], ours);
  }
  settings = withEntry(settings, ['permissions', 'allow'], PERMISSION);
  settings = withEntry(settings, ['enabledMcpjsonServers'], SERVER_NAME);

  let mcp = textOf(MCP_PATH, files.mcp);
  const server = parse<McpFile>(MCP_PATH, mcp).mcpServers?.[SERVER_NAME];
  if (server !== undefined && !isOurServer(server)) {
    throw new AppError('conflict', 'attach.name_taken', {
      message: `${MCP_PATH} has another server named ${SERVER_NAME}.`,
      hint: 'Rename that server, then attach again; nothing was changed.',
    });
  }
  // Our two key tools must be known without a search, or the model never asks.
  const { command, args } = loom;
  const wanted = { type: 'stdio', command, args: [...args, 'mcp'], alwaysLoad: true };
  if (!isSame(server, wanted)) mcp = setMember(mcp, ['mcpServers', SERVER_NAME], wanted);

  return [
    { path: SETTINGS_PATH, before: files.settings, after: settings },
    { path: MCP_PATH, before: files.mcp, after: mcp },
  ];
}

/** Takes out what `attachClaudeCode` put in; a file that then says nothing is removed. */
export function detachClaudeCode(files: {
  settings: string | undefined;
  mcp: string | undefined;
}): WiredFile[] {
  let settings = textOf(SETTINGS_PATH, files.settings);
  for (const event of Object.keys(readSettings(settings).hooks ?? {})) {
    settings = withoutOurHooks(settings, event);
  }
  settings = withoutEntry(settings, ['permissions', 'allow'], PERMISSION);
  settings = withoutEntry(settings, ['enabledMcpjsonServers'], SERVER_NAME);

  let mcp = textOf(MCP_PATH, files.mcp);
  if (isOurServer(parse<McpFile>(MCP_PATH, mcp).mcpServers?.[SERVER_NAME])) {
    mcp = removeWithEmptyParents(mcp, ['mcpServers', SERVER_NAME]);
  }
  return [
    { path: SETTINGS_PATH, before: files.settings, after: keepOrRemove(files.settings, settings) },
    { path: MCP_PATH, before: files.mcp, after: keepOrRemove(files.mcp, mcp) },
  ];
}

/** Whether the files hold our hooks, all of them. */
export function isAttached(settings: string | undefined): boolean {
  if (settings === undefined) return false;
  const { hooks = {} } = readSettings(settings);
  return EVENTS.every(({ event }) => (hooks[event] ?? []).some(isOurs));
}

/** Takes our commands out of one event; what others wrote beside them stays. */
function withoutOurHooks(text: string, event: string): string {
  let rest = text;
  for (;;) {
    const entries = readSettings(rest).hooks?.[event] ?? [];
    const entry = entries.findIndex(isOurs);
    if (entry === -1) return rest;
    const hook = entries[entry]!.hooks!.findIndex(isOurCommand);
    const isAlone = entries[entry]!.hooks!.length === 1;
    const path = ['hooks', event, entry];
    rest = removeWithEmptyParents(rest, isAlone ? path : [...path, 'hooks', hook]);
  }
}

function isOurs(entry: HookEntry): boolean {
  return (entry.hooks ?? []).some(isOurCommand);
}

function isOurCommand({ command }: { command?: string }): boolean {
  return command !== undefined && / hook claude-code \w+$/.test(command);
}

function isOurServer(server: unknown): boolean {
  const { command, args } = (server ?? {}) as { command?: unknown; args?: unknown };
  return (
    typeof command === 'string' &&
    /(?:^|[/\\])loom$/.test(command) &&
    Array.isArray(args) &&
    args.at(-1) === 'mcp'
  );
}

function withEntry(text: string, path: string[], entry: string): string {
  return listAt(text, path).includes(entry) ? text : appendItem(text, path, entry);
}

function withoutEntry(text: string, path: string[], entry: string): string {
  const index = listAt(text, path).indexOf(entry);
  return index === -1 ? text : removeWithEmptyParents(text, [...path, index]);
}

function listAt(text: string, path: string[]): readonly unknown[] {
  const value = path.reduce<unknown>(
    (part, key) => (part as Record<string, unknown> | undefined)?.[key],
    readSettings(text),
  );
  return Array.isArray(value) ? value : [];
}

/** What held nothing but us was made by us. */
function removeWithEmptyParents(text: string, path: readonly (string | number)[]): string {
  let rest = removeAt(text, path);
  for (let depth = path.length - 1; depth > 0; depth -= 1) {
    const parent = path.slice(0, depth);
    const value = parent.reduce<unknown>(
      (part, key) => (part as Record<string | number, unknown>)[key],
      JSON.parse(rest),
    );
    if (typeof value !== 'object' || value === null || Object.keys(value).length > 0) break;
    rest = removeAt(rest, parent);
  }
  return rest;
}

function readSettings(text: string): Settings {
  const settings = parse<Settings>(SETTINGS_PATH, text);
  const { hooks } = settings;
  if (hooks === undefined) return settings;
  const isReadable =
    isObject(hooks) &&
    Object.values(hooks).every((entries) => Array.isArray(entries) && entries.every(isObject));
  if (!isReadable) throw unreadable(SETTINGS_PATH, new Error('hooks has not the shape hooks have'));
  return settings;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSame(one: unknown, other: unknown): boolean {
  return isDeepStrictEqual(one, other);
}

/** The text to edit; a new file ends with a line break, as editors write it. */
function textOf(path: string, text: string | undefined): string {
  if (text === undefined || text.trim() === '') return '{}\n';
  parse(path, text);
  return text;
}

function keepOrRemove(before: string | undefined, after: string): string | undefined {
  if (before === undefined || after === textOf('', before)) return before;
  return Object.keys(JSON.parse(after) as object).length === 0 ? undefined : after;
}

function parse<File extends object>(path: string, text: string | undefined): File {
  if (text === undefined || text.trim() === '') return {} as File;
  try {
    const value: unknown = JSON.parse(text);
    if (isObject(value)) return value as File;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): AppError {
  return new AppError('invalid', 'attach.unreadable_file', {
    message: `${path} cannot be read${cause instanceof Error ? `: ${cause.message}` : ': it is no JSON object'}.`,
    hint: 'Correct the file first; nothing was changed.',
    cause,
  });
}

function quote(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
