/**
 * Goal: each real agent works as a step: it is started in a devbox, does what its model says, and what it
 * made, used and said is read off its own stream.
 * Method: the programs themselves with a scripted model in place of the network. Each is skipped where it
 * is not installed; `npm run test:agents` installs them in a folder of their own.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testDatabase, type TestDatabase, testRepository, type TestRepository } from '#testing';
import { createAgentStep } from '../../src/orchestration/agents/step.ts';
import { testWorkshop } from '../../src/orchestration/agents/test-workshop.ts';
import { findAgent } from './support/find-agent.ts';
import { startScriptedModel } from './support/scripted-model.ts';

const COMMAND = 'echo made > made.txt';
const KEY = 'scripted-model-key';

interface Case {
  agent: string;
  program: string;
  turn: { tool: string; input: Record<string, unknown> };
  environment(url: string): Record<string, string>;
  /** Files of a prepared home. */
  home?(url: string): Record<string, string>;
  /** Whether its stream tells tokens. */
  tellsTokens: boolean;
}

const CASES: readonly Case[] = [
  {
    agent: 'claude-code',
    program: 'claude',
    turn: { tool: 'Bash', input: { command: COMMAND } },
    environment: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: KEY }),
    tellsTokens: true,
  },
  {
    agent: 'codex',
    program: 'codex',
    turn: { tool: 'exec_command', input: { cmd: COMMAND } },
    environment: () => ({ SCRIPTED_KEY: KEY }),
    home: (url) => ({
      '.codex/config.toml': [
        'model = "scripted"',
        'model_provider = "scripted"',
        '[model_providers.scripted]',
        'name = "scripted"',
        `base_url = "${url}/v1"`,
        'wire_api = "responses"',
        'env_key = "SCRIPTED_KEY"',
        '',
      ].join('\n'),
    }),
    tellsTokens: true,
  },
  {
    agent: 'gemini-cli',
    program: 'gemini',
    turn: { tool: 'run_shell_command', input: { command: COMMAND } },
    environment: (url) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: KEY }),
    tellsTokens: true,
  },
  {
    agent: 'copilot',
    program: 'copilot',
    turn: { tool: 'bash', input: { command: COMMAND, description: 'Make it' } },
    environment: (url) => ({
      COPILOT_PROVIDER_BASE_URL: `${url}/v1`,
      COPILOT_PROVIDER_TYPE: 'openai',
      COPILOT_PROVIDER_API_KEY: KEY,
      COPILOT_MODEL: 'scripted',
      COPILOT_OFFLINE: 'true',
    }),
    tellsTokens: false,
  },
  {
    agent: 'opencode',
    program: 'opencode',
    turn: { tool: 'bash', input: { command: COMMAND, description: 'Make it' } },
    environment: () => ({}),
    home: (url) => ({
      '.config/opencode/opencode.json': JSON.stringify({
        model: 'scripted/scripted',
        provider: {
          scripted: {
            npm: '@ai-sdk/openai-compatible',
            name: 'scripted',
            options: { baseURL: `${url}/v1`, apiKey: KEY },
            models: { scripted: { name: 'scripted' } },
          },
        },
      }),
    }),
    tellsTokens: true,
  },
];

describe('real agents as steps (each skipped where it is not installed: npm run test:agents)', () => {
  let database: TestDatabase;
  let source: TestRepository;
  let folder: string;
  beforeAll(async () => {
    database = await testDatabase();
    source = await testRepository();
    folder = mkdtempSync(join(tmpdir(), 'loom-real-agents-'));
    chmodSync(folder, 0o755);
    await source.commit({ files: { 'a.txt': 'one\n' } });
  });
  afterAll(async () => {
    await source?.[Symbol.asyncDispose]();
    await database?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const one of CASES) {
    const found = findAgent(one.program, `LOOM_TEST_${one.program.toUpperCase()}`);
    test.skipIf(found === undefined)(`${one.agent} does its work in a devbox`, async () => {
      await using model = await startScriptedModel([one.turn, { text: 'It is made.' }], {
        input: 1_000,
        output: 50,
      });
      const home = join(folder, one.agent);
      for (const [path, text] of Object.entries(one.home?.(model.url) ?? {})) {
        mkdirSync(dirname(join(home, path)), { recursive: true });
        writeFileSync(join(home, path), text);
      }
      const PATH = [dirname(found!), dirname(process.execPath), process.env['PATH']].join(
        delimiter,
      );
      await using shop = await testWorkshop({
        db: database.db,
        source: source.dir,
        handlers: (deps) => [createAgentStep(deps)],
        deps: { environment: { PATH }, ...(one.home === undefined ? {} : { home }) },
      });
      const environment = { ...one.environment(model.url), PATH };
      // Codex's own sandbox cannot be nested everywhere; the devbox is one already.
      const sandbox = one.agent === 'codex' ? 'full' : 'workspace';

      const run = await shop.start({
        work: { kind: 'agent.run', with: { agent: one.agent, environment, sandbox } },
      });
      await shop.worker.runOnce();

      const { work } = await shop.steps(run.id);
      expect(work).toMatchObject({
        message: expect.stringContaining('changed 1 file') as string,
        state: 'done',
        output: { changedFiles: ['made.txt'], answer: 'It is made.', toolCalls: 1 },
      });
      if (one.tellsTokens) expect(work!.output!['inputTokens']).toBeGreaterThanOrEqual(2_000);
      const session = await shop.sessions.find(work!.output!['sessionId'] as `ses_${string}`);
      expect(session).toMatchObject({ agent: one.agent, state: 'ended' });
    });
  }
});
