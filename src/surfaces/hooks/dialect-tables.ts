/**
 * What each agent calls its hook events, fields and tools, and how it wants to be answered: data and
 * nothing else, because these names belong to others and change. Free of libraries: the hook command
 * loads it on every tool call, to deny in the agent's own words while the server is away.
 *
 * Versions these were read from or seen with: Claude Code 2.1.330, Codex 0.169.0, Gemini CLI 0.61.0,
 * Copilot CLI 1.0.102, opencode 1.18.33 (all run), Cursor's SDK 1.x (read).
 */

export type EventKind =
  | 'session-started'
  | 'prompt-submitted'
  | 'tool-starting'
  | 'tool-finished'
  | 'turn-ended'
  | 'turn-failed'
  | 'session-ended';

/** An answer with `TEXT` where the words go. */
export type Template = Readonly<{ [key: string]: string | boolean | Template }>;

export const TEXT = '$text';

/** The event `loom doctor` sends: it proves the way to the server and means nothing to any agent. */
export const PROBE_EVENT = 'loom-doctor';

export interface EventRule {
  readonly kind: EventKind;
  /** How context for the model is given; absent where the agent takes none. */
  readonly context?: Template;
  readonly denied?: Template;
  /** How the turn is ended; absent where the agent cannot be stopped so. */
  readonly stopped?: Template;
  /** The event is sent only for calls that failed. */
  readonly hasFailed?: true;
  /** How a line for the person is shown. */
  readonly notice?: Template;
}

/** Where a tool's arguments name the files it changes: by these names, or within the text of a patch. */
export type PathRule = readonly string[] | { readonly patch: readonly string[] };

export interface DialectTable {
  /** Name in `/hooks/{agent}` and in sessions. */
  readonly agent: string;
  /** As people call it. */
  readonly title: string;
  /** Longer context is cut or hidden from the model by the agent. In bytes. */
  readonly maxContextBytes: number;
  /** Names of the fields we read, the likeliest first. */
  readonly fields: Readonly<
    Record<
      | 'session'
      | 'cwd'
      | 'model'
      | 'prompt'
      | 'tool'
      | 'toolInput'
      | 'toolResult'
      | 'call'
      | 'source'
      | 'reason'
      // Only inside a helper, whose calls carry the session of its parent.
      | 'helper'
      | 'role',
      readonly string[]
    >
  >;
  readonly events: Readonly<Record<string, EventRule>>;
  /** Tools that change files. */
  readonly edits: Readonly<Record<string, PathRule>>;
  /** Marks around words of ours that the agent puts before a prompt. */
  readonly insertion?: readonly [start: string, end: string];
}

/**
 * Agents that also run the hooks written for another one, and the field that gives them away. Hooks
 * speak for the agent they were written for: this one has its own, or is not attached.
 */
const GUESTS: readonly { runs: string; field: string; title: string; agent: string }[] = [
  { runs: 'claude-code', field: 'cursor_version', title: 'Cursor', agent: 'cursor' },
  // Claude Code writes no time into its input; Copilot does, whatever names it uses.
  { runs: 'claude-code', field: 'timestamp', title: 'GitHub Copilot CLI', agent: 'copilot' },
];

const SNAKE_CASE: DialectTable['fields'] = {
  session: ['session_id'],
  cwd: ['cwd'],
  model: ['model'],
  prompt: ['prompt'],
  tool: ['tool_name'],
  toolInput: ['tool_input'],
  toolResult: ['tool_response', 'tool_result', 'tool_output', 'error'],
  call: ['tool_use_id'],
  source: ['source'],
  reason: ['reason', 'error'],
  helper: ['agent_id'],
  role: ['agent_type'],
};

/** Ends the turn, where the agent knows how to. */
const STOPPED: Template = { continue: false, stopReason: TEXT };

function claudeContext(event: string): Template {
  return { hookSpecificOutput: { hookEventName: event, additionalContext: TEXT } };
}

const CLAUDE_DENIED: Template = {
  hookSpecificOutput: {
    hookEventName: 'PreToolUse',
    permissionDecision: 'deny',
    permissionDecisionReason: TEXT,
  },
};

const CLAUDE_EVENTS: DialectTable['events'] = {
  SessionStart: {
    kind: 'session-started',
    context: claudeContext('SessionStart'),
    notice: { systemMessage: TEXT },
  },
  UserPromptSubmit: {
    kind: 'prompt-submitted',
    context: claudeContext('UserPromptSubmit'),
    stopped: { decision: 'block', reason: TEXT },
  },
  PreToolUse: {
    kind: 'tool-starting',
    context: claudeContext('PreToolUse'),
    denied: CLAUDE_DENIED,
    stopped: { ...STOPPED, ...CLAUDE_DENIED },
  },
  PostToolUse: {
    kind: 'tool-finished',
    context: claudeContext('PostToolUse'),
    stopped: STOPPED,
  },
  PostToolUseFailure: {
    kind: 'tool-finished',
    context: claudeContext('PostToolUseFailure'),
    stopped: STOPPED,
    hasFailed: true,
  },
  Stop: { kind: 'turn-ended' },
  StopFailure: { kind: 'turn-failed' },
  SubagentStart: { kind: 'session-started', context: claudeContext('SubagentStart') },
  SubagentStop: { kind: 'session-ended' },
  SessionEnd: { kind: 'session-ended' },
};

const CLAUDE_EDITS: DialectTable['edits'] = {
  Edit: ['file_path'],
  MultiEdit: ['file_path'],
  Write: ['file_path'],
  NotebookEdit: ['notebook_path'],
};

const PATCH: PathRule = { patch: ['command', 'input', 'patch', 'patchText'] };

export const CLAUDE_CODE: DialectTable = {
  agent: 'claude-code',
  title: 'Claude Code',
  // From 10,000 on it keeps the text in a file and shows the model the first 2 KB.
  maxContextBytes: 9_900,
  fields: SNAKE_CASE,
  events: CLAUDE_EVENTS,
  edits: CLAUDE_EDITS,
};

export const CODEX: DialectTable = {
  agent: 'codex',
  title: 'Codex',
  maxContextBytes: 9_900,
  fields: SNAKE_CASE,
  events: CLAUDE_EVENTS,
  // Models without the tool write the same patch into a shell command.
  edits: { ...CLAUDE_EDITS, apply_patch: PATCH, Bash: PATCH },
};

export const GEMINI_CLI: DialectTable = {
  agent: 'gemini-cli',
  title: 'Gemini CLI',
  maxContextBytes: 30_000,
  insertion: ['<hook_context>', '</hook_context>'],
  fields: SNAKE_CASE,
  events: {
    SessionStart: CLAUDE_EVENTS['SessionStart']!,
    BeforeAgent: { kind: 'prompt-submitted', context: claudeContext('BeforeAgent') },
    BeforeTool: {
      kind: 'tool-starting',
      denied: { decision: 'deny', reason: TEXT },
      stopped: { ...STOPPED, decision: 'deny', reason: TEXT },
    },
    AfterTool: {
      kind: 'tool-finished',
      context: claudeContext('AfterTool'),
      stopped: STOPPED,
    },
    AfterAgent: { kind: 'turn-ended' },
    SessionEnd: { kind: 'session-ended' },
  },
  edits: { write_file: ['file_path'], replace: ['file_path'] },
};

export const COPILOT: DialectTable = {
  agent: 'copilot',
  title: 'GitHub Copilot CLI',
  maxContextBytes: 30_000,
  fields: {
    session: ['sessionId', 'session_id'],
    cwd: ['cwd'],
    model: ['model'],
    prompt: ['prompt', 'initialPrompt'],
    tool: ['toolName', 'tool_name'],
    toolInput: ['toolArgs', 'tool_input'],
    toolResult: ['toolResult', 'tool_response'],
    call: ['toolCallId', 'tool_use_id'],
    source: ['source'],
    reason: ['reason'],
    helper: [],
    role: [],
  },
  events: {
    sessionStart: { kind: 'session-started', context: { additionalContext: TEXT } },
    userPromptSubmitted: { kind: 'prompt-submitted', context: { additionalContext: TEXT } },
    preToolUse: {
      kind: 'tool-starting',
      denied: { permissionDecision: 'deny', permissionDecisionReason: TEXT },
    },
    postToolUse: { kind: 'tool-finished', context: { additionalContext: TEXT } },
    agentStop: { kind: 'turn-ended' },
    sessionEnd: { kind: 'session-ended' },
  },
  edits: {
    create: ['path'],
    edit: ['path'],
    str_replace: ['path'],
    insert: ['path'],
    str_replace_editor: ['path'],
    apply_patch: PATCH,
  },
};

/** The plugin we generate for opencode speaks Claude's events with opencode's tools. */
export const OPENCODE: DialectTable = {
  agent: 'opencode',
  title: 'opencode',
  maxContextBytes: 30_000,
  fields: SNAKE_CASE,
  events: CLAUDE_EVENTS,
  edits: {
    edit: ['filePath'],
    write: ['filePath'],
    multiedit: ['filePath'],
    patch: PATCH,
    apply_patch: PATCH,
  },
};

export const CURSOR: DialectTable = {
  agent: 'cursor',
  title: 'Cursor',
  maxContextBytes: 9_900,
  fields: {
    ...SNAKE_CASE,
    session: ['session_id', 'conversation_id'],
    cwd: ['cwd', 'workspace_roots'],
  },
  events: {
    sessionStart: { kind: 'session-started', context: { additional_context: TEXT } },
    beforeSubmitPrompt: { kind: 'prompt-submitted', context: { additional_context: TEXT } },
    preToolUse: {
      kind: 'tool-starting',
      context: { additional_context: TEXT },
      denied: { permission: 'deny', user_message: TEXT, agent_message: TEXT },
    },
    postToolUse: { kind: 'tool-finished', context: { additional_context: TEXT } },
    stop: { kind: 'turn-ended' },
    sessionEnd: { kind: 'session-ended' },
  },
  edits: {
    Write: ['file_path', 'path', 'target_file'],
    Edit: ['file_path', 'path', 'target_file'],
    StrReplace: ['file_path', 'path', 'target_file'],
    Delete: ['file_path', 'path', 'target_file'],
    EditNotebook: ['target_notebook', 'notebook_path', 'file_path'],
  },
};

export const DIALECT_TABLES: readonly DialectTable[] = [
  CLAUDE_CODE,
  CODEX,
  GEMINI_CLI,
  COPILOT,
  OPENCODE,
  CURSOR,
];

export function tableOf(agent: string): DialectTable | undefined {
  return DIALECT_TABLES.find((table) => table.agent === agent);
}

/** What to say to an agent that runs hooks written for another; undefined for the one they are for. */
export function guestOf(agent: string, input: unknown): string | undefined {
  if (typeof input !== 'object' || input === null) return undefined;
  const guest = GUESTS.find(({ runs, field }) => runs === agent && field in input);
  return guest === undefined
    ? undefined
    : `${guest.title} ran hooks of ${agent}; they do nothing there. Attach it by itself: loom attach --agent ${guest.agent}`;
}

/** Puts the words into an answer. Pure. */
export function fill(template: Template | undefined, text: string): Record<string, unknown> {
  if (template === undefined) return {};
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [
      key,
      typeof value === 'object' ? fill(value, text) : value === TEXT ? text : value,
    ]),
  );
}
