/**
 * The agents we wire, each with its own files: a table, because paths and shapes belong to others.
 * Pure. What was seen working with which version is in docs/agents.md.
 */
import { join } from 'node:path';
import { OPENCODE_PLUGIN } from './opencode-plugin.ts';
import type { FilePlan, JsonEntry, Scope } from './wiring.ts';

/** How the agent calls us: `loom` or a full path, and what goes before the subcommand. */
export interface Caller {
  command: string;
  args: readonly string[];
}

/** Where agents keep what belongs to a person; each may be moved by a variable of its own. */
export interface Homes {
  home: string;
  claude: string;
  codex: string;
  copilot: string;
  config: string;
}

export interface Wiring {
  /** Name in `loom hook NAME`, sessions and documents. */
  agent: string;
  title: string;
  /** Programs by which it is found on a machine. */
  programs: readonly string[];
  /** Whether it tells us what it does; a plain MCP client does not. */
  hasHooks: boolean;
  /** Its files; paths are below the repository, or full ones for a person. */
  files(place: Place): FilePlan[];
  /** What attaching cannot do and a person must. */
  notes(scope: Scope): readonly string[];
}

export interface Place {
  scope: Scope;
  homes: Homes;
  caller: Caller;
  /** Whether a file is there, for agents that take one of several. */
  exists(path: string): boolean;
}

const SERVER = 'loom';

/** Seconds: how long the agent waits for us at most. */
const TIMEOUTS = {
  start: 10,
  prompt: 10,
  before: 5,
  after: 5,
  failed: 5,
  helperStart: 10,
  helperStop: 5,
  stop: 5,
  stuck: 5,
  end: 3,
} as const;
type Moment = keyof typeof TIMEOUTS;

/** Events by moment. Only some agents tell of failed calls and failed turns by events of their own. */
type Events = Readonly<Partial<Record<Moment, string>>>;

const CLAUDE_EVENTS: Events = {
  start: 'SessionStart',
  prompt: 'UserPromptSubmit',
  before: 'PreToolUse',
  after: 'PostToolUse',
  helperStart: 'SubagentStart',
  helperStop: 'SubagentStop',
  stop: 'Stop',
  end: 'SessionEnd',
};
/** It sends PostToolUse only for calls that worked, and Stop only for turns that did. */
const CLAUDE_OWN_EVENTS: Events = {
  ...CLAUDE_EVENTS,
  failed: 'PostToolUseFailure',
  stuck: 'StopFailure',
};
const GEMINI_EVENTS: Events = {
  start: 'SessionStart',
  prompt: 'BeforeAgent',
  before: 'BeforeTool',
  after: 'AfterTool',
  stop: 'AfterAgent',
  end: 'SessionEnd',
};
const COPILOT_EVENTS: Events = {
  start: 'sessionStart',
  prompt: 'userPromptSubmitted',
  before: 'preToolUse',
  after: 'postToolUse',
  stop: 'agentStop',
  end: 'sessionEnd',
};
const CURSOR_EVENTS: Events = {
  start: 'sessionStart',
  prompt: 'beforeSubmitPrompt',
  before: 'preToolUse',
  after: 'postToolUse',
  stop: 'stop',
  end: 'sessionEnd',
};

/** One call for each event, in the shape the agent wants. */
function hooks(
  agent: string,
  { caller }: Place,
  events: Events,
  shape: (call: string, seconds: number, moment: Moment) => object,
): JsonEntry[] {
  return (Object.entries(events) as [Moment, string][]).map(([moment, event]) => ({
    kind: 'hook',
    at: ['hooks', event],
    value: shape(callOf(caller, agent, event), TIMEOUTS[moment], moment),
  }));
}

/** The shape Claude Code began and others took over: a matcher with a list of commands. */
function nested(guardedTools: string, unit = 1) {
  return (command: string, seconds: number, moment: Moment) => ({
    ...(moment === 'before' ? { matcher: guardedTools } : {}),
    hooks: [{ type: 'command', command, timeout: seconds * unit }],
  });
}

function server(at: readonly string[], value: object): JsonEntry {
  return { kind: 'member', at: [...at, SERVER], value, isOurs: isOurServer };
}

function stdio({ caller }: Place): { command: string; args: string[] } {
  return { command: caller.command, args: [...caller.args, 'mcp'] };
}

function folder({ scope }: Place, inRepository: string, ofPerson: string): string {
  return scope === 'repository' ? inRepository : ofPerson;
}

const claudeCode: Wiring = {
  agent: 'claude-code',
  title: 'Claude Code',
  programs: ['claude'],
  hasHooks: true,
  files(place) {
    const { scope, homes } = place;
    const settings = join(folder(place, '.claude', homes.claude), 'settings.json');
    const ownServers = { kind: 'item', at: ['enabledMcpjsonServers'], value: SERVER } as const;
    return [
      {
        path: settings,
        format: 'json',
        hooksOf: 'claude-code',
        entries: [
          ...hooks(
            'claude-code',
            place,
            CLAUDE_OWN_EVENTS,
            nested('Edit|Write|MultiEdit|NotebookEdit|Bash'),
          ),
          { kind: 'item', at: ['permissions', 'allow'], value: `mcp__${SERVER}` },
          ...(scope === 'repository' ? [ownServers] : []),
        ],
      },
      {
        path: scope === 'repository' ? '.mcp.json' : join(homes.home, '.claude.json'),
        format: 'json',
        hooksOf: 'claude-code',
        // Our key tools must be known without a search, or the model never asks.
        entries: [server(['mcpServers'], { type: 'stdio', ...stdio(place), alwaysLoad: true })],
      },
    ];
  },
  notes: () => [],
};

const codex: Wiring = {
  agent: 'codex',
  title: 'Codex',
  programs: ['codex'],
  hasHooks: true,
  files(place) {
    const base = folder(place, '.codex', place.homes.codex);
    return [
      {
        path: join(base, 'hooks.json'),
        format: 'json',
        hooksOf: 'codex',
        entries: hooks('codex', place, CLAUDE_EVENTS, nested('apply_patch|Edit|Write|Bash')),
      },
      {
        path: join(base, 'config.toml'),
        format: 'toml',
        table: `mcp_servers.${SERVER}`,
        // It starts servers with a bare environment, but for what is named here.
        value: { ...stdio(place), env_vars: ['LOOM_URL', 'LOOM_TOKEN', 'LOOM_DATA'] },
        isOurs: isOurServer,
      },
    ];
  },
  notes: (scope) => [
    'Codex runs new hooks only after you approved them: start `codex` once, open /hooks and approve those of loom.',
    ...(scope === 'repository'
      ? ['Codex reads .codex/ only in a project you trust: say yes when it asks.']
      : []),
  ],
};

const geminiCli: Wiring = {
  agent: 'gemini-cli',
  title: 'Gemini CLI',
  programs: ['gemini'],
  hasHooks: true,
  files(place) {
    return [
      {
        path: join(folder(place, '.gemini', join(place.homes.home, '.gemini')), 'settings.json'),
        format: 'json',
        hooksOf: 'gemini-cli',
        entries: [
          ...hooks(
            'gemini-cli',
            place,
            GEMINI_EVENTS,
            nested('write_file|replace|run_shell_command', 1_000),
          ),
          // It keeps names like TOKEN from servers unless they are asked for.
          server(['mcpServers'], {
            ...stdio(place),
            env: { LOOM_TOKEN: '${LOOM_TOKEN:-}' },
            trust: true,
          }),
        ],
      },
    ];
  },
  notes: (scope) =>
    scope === 'repository'
      ? ['Gemini CLI reads .gemini/ only in a folder you trust: say yes when it asks.']
      : [],
};

const copilot: Wiring = {
  agent: 'copilot',
  title: 'GitHub Copilot CLI',
  programs: ['copilot'],
  hasHooks: true,
  files(place) {
    const { scope, homes } = place;
    return [
      {
        path: join(folder(place, '.github', homes.copilot), 'hooks', 'loomstack.json'),
        format: 'json',
        hooksOf: 'copilot',
        entries: [
          { kind: 'default', at: ['version'], value: 1 },
          ...hooks('copilot', place, COPILOT_EVENTS, (bash, timeoutSec) => ({
            type: 'command',
            bash,
            timeoutSec,
          })),
        ],
      },
      {
        path:
          scope === 'repository'
            ? join('.github', 'mcp.json')
            : join(homes.copilot, 'mcp-config.json'),
        format: 'json',
        hooksOf: 'copilot',
        entries: [server(['mcpServers'], { type: 'local', ...stdio(place), tools: ['*'] })],
      },
    ];
  },
  notes: (scope) =>
    scope === 'repository'
      ? [
          'Copilot reads .github/ only in a folder you trust; with `copilot -p` it starts the MCP server of a repository only if GITHUB_COPILOT_PROMPT_MODE_WORKSPACE_MCP=true.',
        ]
      : [],
};

const opencode: Wiring = {
  agent: 'opencode',
  title: 'opencode',
  programs: ['opencode'],
  hasHooks: true,
  files(place) {
    const { homes, caller } = place;
    const base = folder(place, '', join(homes.config, 'opencode'));
    const settings = ['opencode.json', 'opencode.jsonc'].map((name) => join(base, name));
    const { command, args } = stdio(place);
    const argv = JSON.stringify([caller.command, ...caller.args, 'hook', 'opencode']);
    return [
      {
        path: settings.find((path) => place.exists(path)) ?? settings[0]!,
        format: 'json',
        hooksOf: 'opencode',
        entries: [server(['mcp'], { type: 'local', command: [command, ...args], enabled: true })],
      },
      {
        path: join(folder(place, '.opencode', base), 'plugin', 'loomstack.js'),
        format: 'own',
        text: OPENCODE_PLUGIN.replace('"@command"', argv),
      },
    ];
  },
  notes: () => [],
};

const cursor: Wiring = {
  agent: 'cursor',
  title: 'Cursor',
  programs: ['cursor', 'cursor-agent'],
  hasHooks: true,
  files(place) {
    const base = folder(place, '.cursor', join(place.homes.home, '.cursor'));
    return [
      {
        path: join(base, 'hooks.json'),
        format: 'json',
        hooksOf: 'cursor',
        entries: [
          { kind: 'default', at: ['version'], value: 1 },
          ...hooks('cursor', place, CURSOR_EVENTS, (command, timeout, moment) => ({
            command,
            ...(moment === 'before'
              ? { matcher: 'Write|Edit|StrReplace|Delete|EditNotebook' }
              : {}),
            timeout,
          })),
        ],
      },
      {
        path: join(base, 'mcp.json'),
        format: 'json',
        hooksOf: 'cursor',
        entries: [server(['mcpServers'], stdio(place))],
      },
    ];
  },
  notes: () => ['Cursor asks once whether the MCP server loom may run: allow it in its settings.'],
};

/** Any other client that reads the usual file. It has the tools and no hooks. */
const anyMcpClient: Wiring = {
  agent: 'mcp',
  title: 'any MCP client',
  programs: [],
  hasHooks: false,
  files(place) {
    return [
      {
        path: folder(place, '.mcp.json', join(place.homes.home, '.mcp.json')),
        format: 'json',
        hooksOf: 'mcp',
        entries: [server(['mcpServers'], { type: 'stdio', ...stdio(place) })],
      },
    ];
  },
  notes: () => ['It can ask for claims but is not stopped: this client has no hooks.'],
};

export const WIRINGS: readonly Wiring[] = [
  claudeCode,
  codex,
  geminiCli,
  copilot,
  opencode,
  cursor,
  anyMcpClient,
];

/** The line for a shell that reports one event. */
function callOf({ command, args }: Caller, agent: string, event: string): string {
  return [...[command, ...args].map(quote), 'hook', agent, event].join(' ');
}

/** By what it starts, wherever that lies: `loom … mcp`, in one list or in two parts. */
export function isOurServer(value: unknown): boolean {
  const { command, args } = (value ?? {}) as { command?: unknown; args?: unknown };
  const words: unknown[] = Array.isArray(command)
    ? command
    : [command, ...(Array.isArray(args) ? (args as unknown[]) : [])];
  const [program] = words;
  return typeof program === 'string' && /(?:^|[/\\])loom$/.test(program) && words.at(-1) === 'mcp';
}

function quote(word: string): string {
  return /^[\w./@:-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
