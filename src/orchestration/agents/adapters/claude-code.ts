/** Claude Code: `claude -p` with its JSON stream. */
import type { AgentAdapter } from './contract.ts';
import { countOf, fieldsOf, listOf, numberOf, parseFields, pathOf, textOf } from './fields.ts';

/** What a hint means in its words. As root it refuses to skip its permissions. */
const SANDBOX = {
  'read-only': ['--permission-mode', 'plan'],
  workspace: [
    '--permission-mode',
    'acceptEdits',
    '--allowedTools',
    'Bash,Read,Edit,Write,MultiEdit,NotebookEdit,Glob,Grep,Task,TodoWrite,mcp__loom',
  ],
  full: ['--dangerously-skip-permissions'],
} as const;

export const claudeCode: AgentAdapter = {
  name: 'claude-code',
  program: 'claude',
  takesExternalId: true,
  arguments: ({ prompt, options, externalId, costUsdLeft }) => [
    '-p',
    prompt,
    '--output-format',
    'stream-json',
    '--verbose',
    '--session-id',
    externalId,
    ...SANDBOX[options.sandbox],
    ...(options.model === undefined ? [] : ['--model', options.model]),
    ...(costUsdLeft === undefined ? [] : ['--max-budget-usd', costUsdLeft.toFixed(4)]),
  ],
  environment: { DISABLE_AUTOUPDATER: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1' },
  credentials: [
    'ANTHROPIC_API_KEY',
    'ANTHROPIC_AUTH_TOKEN',
    'ANTHROPIC_BASE_URL',
    'CLAUDE_CODE_OAUTH_TOKEN',
  ],
  home: (tree) => [
    {
      path: '.claude.json',
      write(existing) {
        const state = parseFields(existing);
        const projects = {
          ...fieldsOf(state['projects']),
          [tree]: { hasTrustDialogAccepted: true },
        };
        return JSON.stringify({ ...state, hasCompletedOnboarding: true, projects });
      },
    },
  ],
  read(line) {
    switch (line['type']) {
      case 'system':
        return readSystem(line);
      case 'assistant':
        return readMessage(fieldsOf(line['message']));
      case 'result': {
        const usage = fieldsOf(line['usage']);
        const hasUsage = Object.keys(usage).length > 0;
        return [
          {
            type: 'total',
            costUsd: numberOf(line['total_cost_usd']),
            ...(hasUsage ? { tokens: tokensOf(usage) } : {}),
          },
          { type: 'end', isError: line['is_error'] === true, text: textOf(line['result']) },
        ];
      }
      default:
        return [];
    }
  },
};

function readSystem(line: Record<string, unknown>): ReturnType<AgentAdapter['read']> {
  const externalId = textOf(line['session_id']);
  if (line['subtype'] === 'init' && externalId !== undefined) {
    return [{ type: 'session', externalId, model: textOf(line['model']) }];
  }
  if (line['subtype'] !== 'api_retry') return [];
  const text = textOf(line['error']) ?? 'the provider refused';
  return [{ type: 'trouble', text, status: numberOf(line['error_status']) }];
}

function readMessage(message: Record<string, unknown>): ReturnType<AgentAdapter['read']> {
  const usage = fieldsOf(message['usage']);
  return [
    ...listOf(message['content']).flatMap((block): ReturnType<AgentAdapter['read']> => {
      if (block['type'] === 'tool_use') {
        return [
          { type: 'tool', tool: textOf(block['name']) ?? 'unknown', path: pathOf(block['input']) },
        ];
      }
      const text = textOf(block['text']);
      return block['type'] === 'text' && text !== undefined ? [{ type: 'text', text }] : [];
    }),
    // Told with every block of the same message.
    { type: 'usage', id: textOf(message['id']), tokens: tokensOf(usage) },
  ];
}

function tokensOf(usage: Record<string, unknown>) {
  return {
    input: countOf(usage['input_tokens']) + countOf(usage['cache_creation_input_tokens']),
    cached: countOf(usage['cache_read_input_tokens']),
    output: countOf(usage['output_tokens']),
  };
}
