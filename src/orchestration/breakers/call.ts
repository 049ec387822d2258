/** What a call is: its kind, its target, and the key under which two calls are the same. Pure. */
import { hash, normaliseCommand } from './normalise.ts';

export type CallKind =
  | 'read'
  | 'search'
  | 'edit'
  | 'command'
  | 'poll'
  | 'say'
  /** A person spoke: what was before is over. */
  | 'user'
  /** Keeping lists of what to do: neither progress nor a loop. */
  | 'plan'
  /** Another agent works; what it costs is its own. */
  | 'delegate'
  | 'other';

export interface Call {
  kind: CallKind;
  /** Lower-case tool name without the server it comes from. */
  tool: string;
  key: number;
  /** The shell command as it was written, else ''. */
  command: string;
  /** The same, normalised. */
  plainCommand: string;
  path: string | null;
  args: Record<string, unknown>;
}

const KINDS: readonly (readonly [RegExp, CallKind])[] = [
  [/^(?:user|human|prompt|user_?prompt|user_?message|userpromptsubmit)$/, 'user'],
  [/^(?:say|message|assistant|agent_?message|text|respond|reply|think|reasoning|thought)$/, 'say'],
  [/^(?:task|agent|delegate|sub_?agent|spawn_?agent|dispatch_?agent|new_?task)$/, 'delegate'],
  [/^(?:todo|update_?plan|task_?(?:create|update|list)|plan\b|exit_?plan)/, 'plan'],
  [
    /^(?:poll|bash_?output|task_?output|agent_?output|wait|sleep|monitor|get_?terminal_?output|command_?status|read_?(?:process|terminal)|list_?(?:processes|jobs))|_status$/,
    'poll',
  ],
  [
    /^(?:multi_?edit|edit|write(?!_?stdin)|notebook_?edit|str_?replace|apply_?patch|patch|create_?file|update_?file|delete_?file|insert|replace|search_?replace|file_?edit|edit_?file|undo_?edit)/,
    'edit',
  ],
  [/^(?:read|view|open|cat|get_?file|notebook_?read|show|web_?fetch|fetch)/, 'read'],
  [
    /^(?:grep|glob|ls|list|search|find|codebase_?search|file_?search|web_?search|tool_?search|rg)/,
    'search',
  ],
  [
    /^(?:bash|shell|sh|zsh|powershell|exec|execute|run|terminal|local_?shell|cmd|ipython)/,
    'command',
  ],
];

/** Arguments that say how or why, not what. */
const ASIDE =
  /^(?:description|explanation|reason|reasoning|justification|thoughts?|timeout\w*|yield_time_ms|max_output_tokens|run_in_background|block|wait_up_to|call_id|tool_use_id|tool_call_id|request_id|timestamp|time|nonce|is_background|security_risk|task_progress)$/i;

const COMMAND_KEYS = ['command', 'cmd', 'script', 'code', 'commands'];
const PATH_KEYS = [
  'file_path',
  'path',
  'filePath',
  'file',
  'notebook_path',
  'target_file',
  'filename',
  'absolute_path',
  'relative_path',
];
/** The editor tool of several agents carries its verb in `command`. */
const EDITOR_VERBS: Readonly<Record<string, CallKind>> = {
  view: 'read',
  create: 'edit',
  str_replace: 'edit',
  insert: 'edit',
  undo_edit: 'edit',
};

export function readCall(step: { tool: string; args?: unknown }): Call {
  const tool = step.tool
    .toLowerCase()
    .replace(/^mcp__.*?__/, '')
    .replace(/^functions?\./, '')
    .replaceAll(/[\s-]+/g, '_');
  const args = toArgs(step.args);
  let kind = KINDS.find(([pattern]) => pattern.test(tool))?.[1] ?? 'other';
  const verb = typeof args['command'] === 'string' ? EDITOR_VERBS[args['command']] : undefined;
  if (verb !== undefined && /edit|replace/.test(tool)) kind = verb;

  let command = verb === undefined ? firstText(args, COMMAND_KEYS) : '';
  if (tool === 'write_stdin') {
    const typed = typeof args['chars'] === 'string' ? args['chars'] : '';
    kind = typed.trim() === '' ? 'poll' : 'command';
    if (kind === 'command') command = typed;
  }
  if (kind === 'other' && command !== '' && firstText(args, PATH_KEYS) === '') kind = 'command';
  const plainCommand = kind === 'command' || kind === 'poll' ? normaliseCommand(command) : '';
  return {
    kind,
    tool,
    command: kind === 'command' || kind === 'poll' ? command : '',
    plainCommand,
    path: firstText(args, PATH_KEYS) || null,
    args,
    key: hash(`${tool} ${keyText(args, plainCommand)}`),
  };
}

function keyText(args: Record<string, unknown>, plainCommand: string): string {
  const parts: string[] = [];
  for (const name of Object.keys(args).sort()) {
    if (ASIDE.test(name)) continue;
    if (plainCommand !== '' && COMMAND_KEYS.includes(name)) continue;
    parts.push(`${name}=${textOf(args[name])}`);
  }
  return `${plainCommand} ${parts.join(' ')}`.replaceAll(/\s+/g, ' ').trim();
}

/** Arguments as a record: agents hand them over as an object, as JSON text or as plain text. */
function toArgs(args: unknown): Record<string, unknown> {
  if (typeof args === 'string') {
    if (args.startsWith('{')) {
      try {
        return toArgs(JSON.parse(args) as unknown);
      } catch {
        // Cut or streamed arguments are taken as the text they are.
      }
    }
    return { command: args };
  }
  if (typeof args !== 'object' || args === null) return {};
  return Array.isArray(args) ? { command: args } : { ...args };
}

export function firstText(args: Record<string, unknown>, names: readonly string[]): string {
  for (const name of names) {
    const value = args[name];
    if (typeof value === 'string') return value;
    if (Array.isArray(value) && value.length > 0 && value.every((it) => typeof it === 'string')) {
      const words = value as string[];
      return /^(?:ba|z)?sh$/.test(words[0]!.split('/').pop()!) && words.length > 2
        ? words.slice(2).join(' ')
        : words.join(' ');
    }
  }
  return '';
}

/** Any value as text; two equal values give equal text. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value !== 'object') return String(value as number | boolean | bigint);
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(
          Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)),
        )
      : part,
  );
}
