/**
 * Goal: each real agent works as a step: it is started in a devbox with our hooks and tools, told of its
 * session and task before its first step, does what its model says, and what it made, used and said is
 * read off its own stream.
 * Method: the programs themselves with a scripted model in place of the network. Each is skipped where it
 * is not installed; `npm run test:agents` installs them in a folder of their own.
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { testRepository, type TestRepository } from '#testing';
import { testApp, type TestApp } from '#testing/app';
import { testAgentWiring } from '../../src/app/test-agent-wiring.ts';
import { createAgentStep } from '../../src/orchestration/agents/step.ts';
import { REPOSITORY, testWorkshop } from '../../src/orchestration/agents/test-workshop.ts';
import { findAgent } from './support/find-agent.ts';
import { startScriptedModel, textOf } from './support/scripted-model.ts';

const COMMAND = 'echo made > made.txt';
/** Of a file nobody works on: found by whoever asks for it. */
const RULE = 'Amounts are integers of cents';
const KEY = 'scripted-model-key';

interface Case {
  agent: string;
  program: string;
  /** What it puts before the names of our tools. */
  ourTools: string;
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
    ourTools: 'mcp__loom__',
    program: 'claude',
    turn: { tool: 'Bash', input: { command: COMMAND } },
    environment: (url) => ({ ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: KEY }),
    tellsTokens: true,
  },
  {
    agent: 'codex',
    ourTools: 'mcp__loom__',
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
    ourTools: 'mcp_loom_',
    program: 'gemini',
    turn: { tool: 'run_shell_command', input: { command: COMMAND } },
    environment: (url) => ({ GOOGLE_GEMINI_BASE_URL: url, GEMINI_API_KEY: KEY }),
    tellsTokens: true,
  },
  {
    agent: 'copilot',
    ourTools: 'loom-',
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
    ourTools: 'loom_',
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
  let app: TestApp;
  let wired: Awaited<ReturnType<typeof testAgentWiring>>;
  let source: TestRepository;
  let folder: string;
  beforeAll(async () => {
    app = await testApp();
    wired = await testAgentWiring(app);
    source = await testRepository();
    folder = mkdtempSync(join(tmpdir(), 'loom-real-agents-'));
    chmodSync(folder, 0o755);
    await source.commit({
      files: {
        'a.txt': 'one\n',
        '.windsurf/rules/money.md': `---\nglobs: src/payments/**\n---\n# Money\n\n${RULE}.\n`,
      },
    });
    await app.services.context.importRepository(
      { url: source.dir, name: REPOSITORY },
      { kind: 'system', id: 'test' },
    );
  });
  afterAll(async () => {
    await source?.[Symbol.asyncDispose]();
    await wired?.[Symbol.asyncDispose]();
    await app?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  for (const one of CASES) {
    const found = findAgent(one.program, `LOOM_TEST_${one.program.toUpperCase()}`);
    test.skipIf(found === undefined)(`${one.agent} does its work in a devbox`, async () => {
      await using model = await startScriptedModel(
        [
          one.turn,
          { tool: `${one.ourTools}search_knowledge`, input: { query: 'integers of cents' } },
          { text: 'It is made.' },
        ],
        { input: 1_000, output: 50 },
      );
      const home = join(folder, one.agent);
      for (const [path, text] of Object.entries(one.home?.(model.url) ?? {})) {
        mkdirSync(dirname(join(home, path)), { recursive: true });
        writeFileSync(join(home, path), text);
      }
      const PATH = [dirname(found!), dirname(process.execPath), process.env['PATH']].join(
        delimiter,
      );
      await using shop = await testWorkshop({
        db: app.services.db,
        source: source.dir,
        handlers: (deps) => [createAgentStep(deps)],
        deps: {
          environment: { PATH },
          wire: wired.wire,
          ...(one.home === undefined ? {} : { home }),
        },
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
        output: { changedFiles: ['made.txt'], answer: 'It is made.', toolCalls: 2 },
      });
      if (one.tellsTokens) expect(work!.output!['inputTokens']).toBeGreaterThanOrEqual(2_000);
      const session = await shop.sessions.find(work!.output!['sessionId'] as `ses_${string}`);
      expect(session).toMatchObject({
        agent: one.agent,
        state: 'ended',
        operatorId: `${run.id}/work`,
      });
      // Counted by its hooks.
      expect(session!.toolCalls).toBeGreaterThanOrEqual(1);
      const first = textOf(model.turns[0]!);
      expect(first).toContain(`Your session is ${session!.id}`);
      expect(first).toContain('# Context: Round refunds');
      // In the answer of our tool, over what it was told at its start.
      const told = (text: string) => text.split(RULE).length;
      expect(told(textOf(model.turns.at(-1)!))).toBeGreaterThan(told(first));
    });
  }
});
