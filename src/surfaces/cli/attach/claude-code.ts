/**
 * Wires Claude Code into a repository: hooks in .claude/settings.json, our MCP server in .mcp.json.
 * Pure: from the files as they are to the files as they should be. Foreign entries stay untouched,
 * ours are recognised by their command, so attaching twice changes nothing and detaching restores.
 */
import { AppError } from '#kernel';

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

/** @throws AppError `attach.unreadable_file` when a file is not the JSON the agent itself expects. */
export function attachClaudeCode(
  files: { settings: string | undefined; mcp: string | undefined },
  /** How the agent calls us, quoted for a shell: `loom` or a full path. */
  loom: { command: string; args: string[] },
): WiredFile[] {
  const settings = parse<Settings>(SETTINGS_PATH, files.settings);
  const mcp = parse<McpFile>(MCP_PATH, files.mcp);
  const call = [loom.command, ...loom.args].map(quote).join(' ');

  const hooks: Record<string, HookEntry[]> = withoutOurs(settings.hooks ?? {});
  for (const { event, matcher, timeout } of EVENTS) {
    const ours: HookEntry = {
      ...(matcher === undefined ? {} : { matcher }),
      hooks: [{ type: 'command', command: `${call} hook claude-code ${event}`, timeout }],
    };
    hooks[event] = [...(hooks[event] ?? []), ours];
  }
  const nextSettings: Settings = {
    ...settings,
    permissions: {
      ...settings.permissions,
      allow: withEntry(settings.permissions?.allow, PERMISSION),
    },
    enabledMcpjsonServers: withEntry(settings.enabledMcpjsonServers, SERVER_NAME),
    hooks,
  };
  const nextMcp: McpFile = {
    ...mcp,
    mcpServers: {
      ...mcp.mcpServers,
      // Our two key tools must be known without a search, or the model never asks.
      [SERVER_NAME]: {
        type: 'stdio',
        command: loom.command,
        args: [...loom.args, 'mcp'],
        alwaysLoad: true,
      },
    },
  };
  return [
    { path: SETTINGS_PATH, before: files.settings, after: render(nextSettings, files.settings) },
    { path: MCP_PATH, before: files.mcp, after: render(nextMcp, files.mcp) },
  ];
}

/** Takes out what `attachClaudeCode` put in; a file that then says nothing is removed. */
export function detachClaudeCode(files: {
  settings: string | undefined;
  mcp: string | undefined;
}): WiredFile[] {
  const settings = parse<Settings>(SETTINGS_PATH, files.settings);
  const mcp = parse<McpFile>(MCP_PATH, files.mcp);

  const { hooks, permissions, enabledMcpjsonServers, ...rest } = settings;
  const foreignHooks = withoutOurs(hooks ?? {});
  const allow = permissions?.allow?.filter((entry) => entry !== PERMISSION);
  const enabled = enabledMcpjsonServers?.filter((entry) => entry !== SERVER_NAME);
  const { allow: _allow, ...otherPermissions } = permissions ?? {};
  const nextPermissions = {
    ...otherPermissions,
    ...(allow === undefined || allow.length === 0 ? {} : { allow }),
  };
  const nextSettings: Settings = {
    ...rest,
    ...(isEmpty(nextPermissions) ? {} : { permissions: nextPermissions }),
    ...(enabled === undefined || enabled.length === 0 ? {} : { enabledMcpjsonServers: enabled }),
    ...(isEmpty(foreignHooks) ? {} : { hooks: foreignHooks }),
  };

  const { [SERVER_NAME]: _ours, ...foreignServers } = mcp.mcpServers ?? {};
  const { mcpServers: _servers, ...otherMcp } = mcp;
  const nextMcp: McpFile = {
    ...otherMcp,
    ...(isEmpty(foreignServers) ? {} : { mcpServers: foreignServers }),
  };

  return [
    {
      path: SETTINGS_PATH,
      before: files.settings,
      after: renderOrRemove(nextSettings, files.settings),
    },
    { path: MCP_PATH, before: files.mcp, after: renderOrRemove(nextMcp, files.mcp) },
  ];
}

/** Whether the files hold our hooks, all of them. */
export function isAttached(settings: string | undefined): boolean {
  if (settings === undefined) return false;
  const { hooks = {} } = parse<Settings>(SETTINGS_PATH, settings);
  return EVENTS.every(({ event }) => (hooks[event] ?? []).some(isOurs));
}

function withoutOurs(hooks: Record<string, HookEntry[]>): Record<string, HookEntry[]> {
  const kept = Object.entries(hooks).map(([event, entries]): [string, HookEntry[]] => [
    event,
    entries.filter((entry) => !isOurs(entry)),
  ]);
  return Object.fromEntries(
    kept.filter(([event, entries]) => entries.length > 0 || hooks[event]?.length === 0),
  );
}

function isOurs(entry: HookEntry): boolean {
  return (entry.hooks ?? []).some(
    ({ command }) => command !== undefined && / hook claude-code \w+$/.test(command),
  );
}

function withEntry(list: readonly string[] | undefined, entry: string): string[] {
  return list?.includes(entry) === true ? [...list] : [...(list ?? []), entry];
}

function parse<File extends object>(path: string, text: string | undefined): File {
  if (text === undefined || text.trim() === '') return {} as File;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as File;
  } catch (cause) {
    throw unreadable(path, cause);
  }
  throw unreadable(path);
}

function unreadable(path: string, cause?: unknown): AppError {
  return new AppError('invalid', 'attach.unreadable_file', {
    message: `${path} is not a JSON object${cause instanceof Error ? `: ${cause.message}` : ''}.`,
    hint: 'Correct the file first; nothing was changed.',
    cause,
  });
}

/** Keeps the indentation the file had. */
function render(value: object, before: string | undefined): string {
  const indent = before === undefined ? '  ' : (/\n([ \t]+)"/.exec(before)?.[1] ?? '  ');
  return `${JSON.stringify(value, null, indent)}\n`;
}

function renderOrRemove(value: object, before: string | undefined): string | undefined {
  if (before === undefined) return undefined;
  return isEmpty(value) ? undefined : render(value, before);
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0;
}

function quote(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
