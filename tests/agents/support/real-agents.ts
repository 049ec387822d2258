/**
 * How each real agent is started without a person, against a scripted model: its first-run screens are
 * answered in files, nothing is fetched, and its home is a folder of the test. Names of tools and
 * arguments are the agents' own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Turn } from './scripted-model.ts';

export interface Started {
  args: string[];
  env: Record<string, string>;
}

export interface RealAgent {
  agent: string;
  program: string;
  /** Environment variable that names the program. */
  variable: string;
  start(place: { home: string; repository: string; model: string; prompt: string }): Started;
  read(path: string): Turn;
  edit(path: string, from: string, to: string): Turn;
  /** How many of the five calls of the test it reports. */
  reportedCalls: number;
  /** A tool of ours as this agent names it. */
  tool(name: string): string;
}

function put(home: string, files: Record<string, unknown>): void {
  for (const [name, content] of Object.entries(files)) {
    const path = join(home, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }
}

const claude: RealAgent = {
  agent: 'claude-code',
  program: 'claude',
  variable: 'LOOM_TEST_CLAUDE',
  start({ home, repository, model, prompt }) {
    put(home, {
      '.claude.json': {
        hasCompletedOnboarding: true,
        projects: { [repository]: { hasTrustDialogAccepted: true } },
      },
    });
    const args = ['-p', prompt, '--output-format', 'stream-json', '--verbose'];
    return {
      args: [...args, '--allowedTools', 'Read,Edit'],
      env: {
        ANTHROPIC_BASE_URL: model,
        ANTHROPIC_API_KEY: 'test-key',
        DISABLE_AUTOUPDATER: '1',
        CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      },
    };
  },
  read: (path) => ({ tool: 'Read', input: { file_path: path } }),
  edit: (path, from, to) => ({
    tool: 'Edit',
    input: { file_path: path, old_string: from, new_string: to },
  }),
  reportedCalls: 5,
  tool: (name) => `mcp__loom__${name}`,
};

const codex: RealAgent = {
  agent: 'codex',
  program: 'codex',
  variable: 'LOOM_TEST_CODEX',
  start({ home, repository, model, prompt }) {
    put(home, {
      '.codex/config.toml': [
        'model = "gpt-5-codex"',
        'model_provider = "scripted"',
        'approval_policy = "never"',
        'sandbox_mode = "danger-full-access"',
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = "${model}/v1"`,
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
        `[projects."${repository}"]`,
        'trust_level = "trusted"',
        '[analytics]',
        'enabled = false',
        '',
      ].join('\n'),
    });
    return {
      // Approving hooks takes a person at a screen; what is approved is tested all the same.
      args: ['exec', '--json', '--dangerously-bypass-hook-trust', prompt],
      env: { SCRIPTED_KEY: 'test-key', CODEX_HOME: join(home, '.codex') },
    };
  },
  read: (path) => ({ tool: 'exec_command', input: { cmd: `cat ${path}` } }),
  // The model is unknown to it, so that our tools are offered at once and patches go by shell.
  edit: (path, from, to) => ({
    tool: 'exec_command',
    input: {
      cmd: `apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: ${path}\n@@\n-${from}\n+${to}\n*** End Patch\nEOF\n`,
    },
  }),
  // Of a patch within a shell command it tells us before, and not after.
  reportedCalls: 4,
  tool: (name) => `mcp__loom__${name}`,
};

const gemini: RealAgent = {
  agent: 'gemini-cli',
  program: 'gemini',
  variable: 'LOOM_TEST_GEMINI',
  start({ home, model, prompt }) {
    put(home, {
      '.gemini/settings.json': {
        security: { folderTrust: { enabled: false }, auth: { selectedType: 'gemini-api-key' } },
        general: { disableAutoUpdate: true },
        privacy: { usageStatisticsEnabled: false },
      },
    });
    return {
      args: ['-p', prompt, '--yolo', '--output-format', 'stream-json'],
      env: {
        GOOGLE_GEMINI_BASE_URL: model,
        GEMINI_API_KEY: 'test-key',
        GEMINI_CLI_TRUST_WORKSPACE: 'true',
      },
    };
  },
  read: (path) => ({ tool: 'read_file', input: { file_path: path } }),
  edit: (path, from, to) => ({
    tool: 'replace',
    input: { file_path: path, old_string: from, new_string: to, instruction: `Write ${to}` },
  }),
  reportedCalls: 5,
  tool: (name) => `mcp_loom_${name}`,
};

const copilot: RealAgent = {
  agent: 'copilot',
  program: 'copilot',
  variable: 'LOOM_TEST_COPILOT',
  start({ home, repository, model, prompt }) {
    put(home, { '.copilot/config.json': { trusted_folders: [repository] } });
    return {
      args: ['-p', prompt, '--allow-all-tools'],
      env: {
        COPILOT_PROVIDER_BASE_URL: `${model}/v1`,
        COPILOT_PROVIDER_TYPE: 'openai',
        COPILOT_PROVIDER_API_KEY: 'test-key',
        COPILOT_MODEL: 'scripted',
        COPILOT_OFFLINE: 'true',
        COPILOT_AUTO_UPDATE: 'false',
        GITHUB_COPILOT_PROMPT_MODE_WORKSPACE_MCP: 'true',
      },
    };
  },
  read: (path) => ({ tool: 'view', input: { path } }),
  edit: (path, from, to) => ({ tool: 'edit', input: { path, old_str: from, new_str: to } }),
  reportedCalls: 5,
  tool: (name) => `loom-${name}`,
};

const opencode: RealAgent = {
  agent: 'opencode',
  program: 'opencode',
  variable: 'LOOM_TEST_OPENCODE',
  start({ home, model, prompt }) {
    put(home, {
      '.config/opencode/opencode.json': {
        model: 'scripted/scripted',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            options: { baseURL: `${model}/v1`, apiKey: 'test-key' },
            models: { scripted: { name: 'scripted', tool_call: true } },
          },
        },
        permission: { edit: 'allow', bash: 'allow' },
      },
    });
    return {
      args: ['run', '--format', 'json', prompt],
      env: {
        OPENCODE_DISABLE_AUTOUPDATE: '1',
        OPENCODE_DISABLE_MODELS_FETCH: '1',
        OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      },
    };
  },
  read: (path) => ({ tool: 'read', input: { filePath: path } }),
  edit: (path, from, to) => ({
    tool: 'edit',
    input: { filePath: path, oldString: from, newString: to },
  }),
  reportedCalls: 5,
  tool: (name) => `loom_${name}`,
};

export const REAL_AGENTS: readonly RealAgent[] = [claude, codex, gemini, copilot, opencode];
