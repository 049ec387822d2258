/** opencode: `opencode run --format json`. */
import type { AgentAdapter } from './contract.ts';
import { countOf, fieldsOf, numberOf, pathOf, textOf } from './fields.ts';

export const opencode: AgentAdapter = {
  name: 'opencode',
  program: 'opencode',
  takesExternalId: false,
  arguments: ({ prompt, options }) => [
    'run',
    '--format',
    'json',
    // Its built-in agent that only plans may not write; the other one asks nobody.
    ...(options.sandbox === 'read-only' ? ['--agent', 'plan'] : ['--auto']),
    ...(options.model === undefined ? [] : ['--model', options.model]),
    prompt,
  ],
  environment: {
    OPENCODE_DISABLE_AUTOUPDATE: '1',
    OPENCODE_DISABLE_MODELS_FETCH: '1',
    OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
  },
  credentials: [
    'ANTHROPIC_API_KEY',
    'OPENAI_API_KEY',
    'GEMINI_API_KEY',
    'OPENCODE_API_KEY',
    'OPENCODE_CONFIG_CONTENT',
  ],
  home: () => [],
  read(line) {
    const part = fieldsOf(line['part']);
    switch (line['type']) {
      case 'step_start': {
        const externalId = textOf(line['sessionID']);
        return externalId === undefined ? [] : [{ type: 'session', externalId }];
      }
      case 'tool_use': {
        const tool = textOf(part['tool']) ?? 'unknown';
        return [{ type: 'tool', tool, path: pathOf(fieldsOf(part['state'])['input']) }];
      }
      case 'text': {
        const text = textOf(part['text']);
        return text === undefined ? [] : [{ type: 'text', text }];
      }
      case 'step_finish': {
        const tokens = fieldsOf(part['tokens']);
        const cache = fieldsOf(tokens['cache']);
        const cost = numberOf(part['cost']);
        return [
          {
            type: 'usage',
            tokens: {
              input: countOf(tokens['input']) + countOf(cache['write']),
              cached: countOf(cache['read']),
              output: countOf(tokens['output']) + countOf(tokens['reasoning']),
            },
            // It says 0 of a model whose price it does not know.
            costUsd: cost === 0 ? undefined : cost,
          },
        ];
      }
      case 'error': {
        const error = fieldsOf(line['error']);
        const data = fieldsOf(error['data']);
        const text = textOf(data['message']) ?? textOf(error['name']) ?? 'unknown';
        return [
          { type: 'trouble', text, status: numberOf(data['statusCode']) },
          { type: 'end', isError: true, text },
        ];
      }
      default:
        return [];
    }
  },
};
