/** Copilot CLI: `copilot -p` with its JSON events. It tells no tokens and no cost in them. */
import type { AgentAdapter } from './contract.ts';
import { fieldsOf, numberOf, parseFields, pathOf, textOf } from './fields.ts';

const SANDBOX = {
  'read-only': ['--allow-all-tools', '--deny-tool', 'write', '--deny-tool', 'shell'],
  workspace: ['--allow-all-tools'],
  full: ['--allow-all-tools', '--allow-all-paths'],
} as const;

export const copilot: AgentAdapter = {
  name: 'copilot',
  program: 'copilot',
  takesExternalId: true,
  arguments: ({ prompt, options, externalId }) => [
    '-p',
    prompt,
    '--output-format',
    'json',
    '--session-id',
    externalId,
    ...SANDBOX[options.sandbox],
    ...(options.model === undefined ? [] : ['--model', options.model]),
  ],
  environment: { COPILOT_AUTO_UPDATE: 'false' },
  credentials: [
    'COPILOT_GITHUB_TOKEN',
    'COPILOT_PROVIDER_BASE_URL',
    'COPILOT_PROVIDER_TYPE',
    'COPILOT_PROVIDER_API_KEY',
    'COPILOT_MODEL',
    'COPILOT_OFFLINE',
  ],
  home: (tree) => [
    {
      path: '.copilot/config.json',
      write(existing) {
        const config = parseFields(existing);
        const known = Array.isArray(config['trusted_folders']) ? config['trusted_folders'] : [];
        return JSON.stringify({ ...config, trusted_folders: [...(known as unknown[]), tree] });
      },
    },
  ],
  read(line) {
    const data = fieldsOf(line['data']);
    switch (line['type']) {
      case 'tool.execution_start': {
        const tool = textOf(data['toolName']) ?? 'unknown';
        return [{ type: 'tool', tool, path: pathOf(data['arguments']) }];
      }
      case 'assistant.message': {
        const text = textOf(data['content']);
        return text === undefined ? [] : [{ type: 'text', text }];
      }
      case 'model.call_failure': {
        const status = numberOf(data['statusCode']);
        const text = textOf(data['message']) ?? `the provider answered ${status ?? 'nothing'}`;
        return [{ type: 'trouble', text, status }];
      }
      case 'result': {
        const externalId = textOf(line['sessionId']);
        return [
          ...(externalId === undefined ? [] : [{ type: 'session' as const, externalId }]),
          { type: 'end', isError: line['exitCode'] !== 0 },
        ];
      }
      default:
        return [];
    }
  },
};
