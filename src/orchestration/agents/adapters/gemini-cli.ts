/** Gemini CLI: `gemini -p` with its JSON stream. */
import type { AgentAdapter } from './contract.ts';
import { countOf, fieldsOf, parseFields, pathOf, textOf } from './fields.ts';

const SANDBOX = {
  'read-only': ['--approval-mode', 'plan'],
  workspace: ['--approval-mode', 'yolo'],
  full: ['--approval-mode', 'yolo'],
} as const;

export const geminiCli: AgentAdapter = {
  name: 'gemini-cli',
  program: 'gemini',
  takesExternalId: true,
  arguments: ({ prompt, options, externalId }) => [
    '-p',
    prompt,
    '--output-format',
    'stream-json',
    '--session-id',
    externalId,
    ...SANDBOX[options.sandbox],
    ...(options.model === undefined ? [] : ['--model', options.model]),
  ],
  environment: { GEMINI_CLI_TRUST_WORKSPACE: 'true', NO_COLOR: '1' },
  credentials: [
    'GEMINI_API_KEY',
    'GOOGLE_API_KEY',
    'GOOGLE_GEMINI_BASE_URL',
    'GOOGLE_CLOUD_PROJECT',
    'GOOGLE_GENAI_USE_VERTEXAI',
  ],
  home: () => [
    {
      path: '.gemini/settings.json',
      write(existing) {
        const settings = parseFields(existing);
        const security = fieldsOf(settings['security']);
        const auth = { selectedType: 'gemini-api-key', ...fieldsOf(security['auth']) };
        const folderTrust = { enabled: false };
        return JSON.stringify({ ...settings, security: { ...security, auth, folderTrust } });
      },
    },
  ],
  read(line) {
    switch (line['type']) {
      case 'init': {
        const externalId = textOf(line['session_id']);
        const model = textOf(line['model']);
        return externalId === undefined ? [] : [{ type: 'session', externalId, model }];
      }
      case 'message': {
        const text = textOf(line['content']);
        if (line['role'] !== 'assistant' || text === undefined) return [];
        return [{ type: 'text', text, isPart: line['delta'] === true }];
      }
      case 'tool_use': {
        const tool = textOf(line['tool_name']) ?? 'unknown';
        return [{ type: 'tool', tool, path: pathOf(line['parameters']) }];
      }
      case 'error':
        return [{ type: 'trouble', text: textOf(line['message']) ?? 'unknown' }];
      case 'result': {
        const stats = fieldsOf(line['stats']);
        const cached = countOf(stats['cached']);
        const input = Math.max(0, countOf(stats['input_tokens']) - cached);
        const output = countOf(stats['output_tokens']);
        const text = textOf(fieldsOf(line['error'])['message']);
        return [
          { type: 'total', tokens: { input, cached, output } },
          { type: 'end', isError: line['status'] !== 'success', text },
        ];
      }
      default:
        return [];
    }
  },
};
