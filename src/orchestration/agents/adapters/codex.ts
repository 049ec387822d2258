/** Codex: `codex exec --json`. */
import type { Signal } from '../schema.ts';
import type { AgentAdapter } from './contract.ts';
import { countOf, fieldsOf, listOf, textOf } from './fields.ts';

const SANDBOX = {
  'read-only': ['--sandbox', 'read-only'],
  workspace: ['--sandbox', 'workspace-write'],
  // The devbox is the sandbox; Codex's own cannot be nested in every container.
  full: ['--dangerously-bypass-approvals-and-sandbox'],
} as const;

/** Items that are work done by a tool, and what to call it. */
const TOOLS: Readonly<Record<string, string>> = {
  command_execution: 'Bash',
  file_change: 'apply_patch',
  mcp_tool_call: 'mcp',
  web_search: 'web_search',
};

export const codex: AgentAdapter = {
  name: 'codex',
  program: 'codex',
  takesExternalId: false,
  arguments: ({ prompt, options }) => [
    'exec',
    '--json',
    '--skip-git-repo-check',
    // Our own hooks; nobody is there to approve them, and the devbox holds no others but the base's.
    '--dangerously-bypass-hook-trust',
    ...SANDBOX[options.sandbox],
    ...(options.model === undefined ? [] : ['--model', options.model]),
    prompt,
  ],
  environment: {},
  credentials: ['OPENAI_API_KEY', 'CODEX_API_KEY', 'OPENAI_BASE_URL'],
  home: (tree) => [
    {
      path: '.codex/config.toml',
      write(existing = '') {
        const section = `[projects.${JSON.stringify(tree)}]\ntrust_level = "trusted"\n`;
        return existing === '' ? section : `${existing.trimEnd()}\n\n${section}`;
      },
    },
  ],
  read(line) {
    const item = fieldsOf(line['item']);
    switch (line['type']) {
      case 'thread.started': {
        const externalId = textOf(line['thread_id']);
        return externalId === undefined ? [] : [{ type: 'session', externalId }];
      }
      case 'item.started':
      case 'item.completed':
        return readItem(item, line['type'] === 'item.completed');
      case 'turn.completed':
        return [
          { type: 'usage', tokens: tokensOf(fieldsOf(line['usage'])) },
          { type: 'end', isError: false },
        ];
      case 'turn.failed':
        return [{ type: 'end', isError: true, text: textOf(fieldsOf(line['error'])['message']) }];
      case 'error': {
        const text = textOf(line['message']) ?? 'unknown';
        const status = /\b(?:status:?) (\d{3})\b/.exec(text)?.[1];
        return [
          { type: 'trouble', text, status: status === undefined ? undefined : Number(status) },
        ];
      }
      default:
        return [];
    }
  },
};

function readItem(item: Record<string, unknown>, isCompleted: boolean): Signal[] {
  const kind = textOf(item['type']) ?? '';
  if (kind === 'agent_message') {
    const text = textOf(item['text']);
    return isCompleted && text !== undefined ? [{ type: 'text', text }] : [];
  }
  const tool = TOOLS[kind];
  // A call is told when it begins and when it ends; a patch only when it ends.
  if (tool === undefined || isCompleted !== (kind === 'file_change')) return [];
  if (kind !== 'file_change') return [{ type: 'tool', tool: textOf(item['tool']) ?? tool }];
  return listOf(item['changes']).map(({ path }) => ({ type: 'tool', tool, path: textOf(path) }));
}

function tokensOf(usage: Record<string, unknown>) {
  const cached = countOf(usage['cached_input_tokens']);
  return {
    input: Math.max(0, countOf(usage['input_tokens']) - cached),
    cached,
    output: countOf(usage['output_tokens']),
  };
}
