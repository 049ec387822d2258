/**
 * Goal: a real Claude Code is told what it must know without asking: the briefing and the pack of its
 * branch at its start, a pack for its prompt, the rules of a path at its first edit and not again.
 * Method: the program itself, wired by `loom attach`, with a scripted model in place of the network.
 * Skipped where it is not installed; `npm run test:agents` installs it in a folder of its own.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';
import { findAgent } from './support/find-agent.ts';
import { type ScriptedModel, startScriptedModel, textOf } from './support/scripted-model.ts';

const execute = promisify(execFile);
const CLAUDE = findAgent('claude', 'LOOM_TEST_CLAUDE');
const BIN = join(import.meta.dirname, '../../bin/loom');
const PROMPT = 'Payments are retried too often: lower the number of attempts';
const FILE = 'src/payments/retry.ts';

interface Pack {
  id: string;
  text: string;
  title: string;
  tokens: number;
  budgetTokens: number;
}

describe.skipIf(CLAUDE === undefined)(
  'Claude Code (skipped where `claude` is not installed: npm run test:agents)',
  () => {
    const folder = temporaryFolder('claude');
    const repository = join(folder.path, 'shop');
    let server: ServerProcess;
    let model: ScriptedModel;

    beforeAll(async () => {
      server = await startServer({ data: join(folder.path, 'data') });
      makeRepository();
      await server.post('/v1/repositories', { url: repository });
      git('switch', '-q', '-c', 'feature/payment-retry-limit');
      await execute(process.execPath, [BIN, 'attach'], { cwd: repository, env: environment() });
      beInNoHurry();
      const path = join(repository, FILE);
      const edit = (from: string, to: string) => ({
        tool: 'Edit',
        input: { file_path: path, old_string: from, new_string: to },
      });
      model = await startScriptedModel([
        { tool: 'Read', input: { file_path: path } },
        edit('attempts: number', 'tries: number'),
        edit('backoff(attempts)', 'backoff(tries)'),
        { text: 'Done.' },
      ]);
      await runClaude(PROMPT);
    });
    afterAll(async () => {
      await model?.[Symbol.asyncDispose]();
      await server?.[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    });

    test('its first request holds the briefing, the pack of the branch and the pack of the prompt', async () => {
      const first = textOf(model.turns[0]!);
      const packs = await packsOfSession();

      expect(first).toContain('LoomStack coordinates the agents working in local/shop');
      expect(packs.map(({ title }) => title)).toEqual([
        'payment retry limit',
        PROMPT,
        `Before ${FILE} is edited`,
      ]);
      for (const pack of packs.slice(0, 2)) expect(first).toContain(pack.text.trim());
      expect(first).toContain(FILE);
    });

    test('what the session was told at its start is not sent again with the prompt', async () => {
      const [start, prompt] = await packsOfSession();

      expect(start!.text).toContain('export function retryPayment');
      expect(prompt!.text).not.toContain('export function retryPayment');
      expect(prompt!.text).toContain('Told before and still so');
    });

    test('the first edit of a file brings its rules once, in at most 300 tokens', async () => {
      const [beforeEdit, afterFirst, afterSecond] = model.turns.slice(1).map(textOf);
      const brief = (await packsOfSession()).at(-1)!;

      expect(brief.text).toContain('Amounts are integers of cents');
      expect(brief.tokens).toBeLessThanOrEqual(300);
      expect(beforeEdit).not.toContain(brief.text.trim());
      expect(afterFirst).toContain(brief.text.trim());
      expect(afterSecond!.split(`# Before ${FILE}`).length).toBe(2);
    });

    test('the server gives back the very bytes the model was sent', async () => {
      const told = textOf(model.turns.at(-1)!);
      const packs = await packsOfSession();

      expect(packs).toHaveLength(3);
      for (const { id, text } of packs) {
        const kept = await server.get<Pack>(`/v1/context-packs/${id}`);
        expect(kept.text).toBe(text);
        expect(told).toContain(kept.text.trim());
      }
    });

    function git(...args: string[]): void {
      execFileSync('git', args, { cwd: repository, stdio: 'ignore' });
    }

    function makeRepository(): void {
      const files: Record<string, string> = {
        [FILE]:
          "import { backoff } from './backoff.ts';\n\nexport function retryPayment(attempts: number) {\n  return backoff(attempts);\n}\n",
        'src/payments/backoff.ts':
          'export function backoff(attempt: number) {\n  return 2 ** attempt;\n}\n',
        // Rules of another tool, which Claude Code does not read by itself.
        '.cursor/rules/money.mdc':
          '---\nglobs: src/payments/**\n---\n# Money\n\nAmounts are integers of cents.\n',
        'AGENTS.md': '# Shop\n\nRun the tests before every commit.\n',
        'docs/adr/0001-retry-inline.md':
          '---\nstatus: accepted\n---\n# Retry payments inline\n\nSee `src/payments/retry.ts`. A payment is retried inline.\n',
      };
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(repository, path)), { recursive: true });
        writeFileSync(join(repository, path), text);
      }
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '-qm', 'Start');
    }

    /** A busy machine is slow and not red: what is tested is what arrives, not how fast. */
    function beInNoHurry(): void {
      const path = join(repository, '.claude/settings.json');
      const settings = readFileSync(path, 'utf8');
      writeFileSync(path, settings.replaceAll(/"timeout": \d+/g, '"timeout": 60'));
    }

    function environment(): Record<string, string> {
      return {
        LOOM_HOOKS_TIMEOUT_MS: '60000',
        PATH: process.env['PATH'] ?? '',
        HOME: join(folder.path, 'home'),
        LOOM_URL: server.url,
        LOOM_TOKEN: server.token,
      };
    }

    async function runClaude(prompt: string): Promise<void> {
      const home = join(folder.path, 'home');
      mkdirSync(home, { recursive: true });
      const projects = { [repository]: { hasTrustDialogAccepted: true } };
      const state = { hasCompletedOnboarding: true, projects };
      writeFileSync(join(home, '.claude.json'), JSON.stringify(state));
      const args = ['-p', prompt, '--output-format', 'stream-json', '--verbose'];
      await execute(CLAUDE!, [...args, '--allowedTools', 'Read,Edit,mcp__loom'], {
        cwd: repository,
        maxBuffer: 64 * 1024 * 1024,
        timeout: 240_000,
        env: {
          ...environment(),
          ANTHROPIC_BASE_URL: model.url,
          ANTHROPIC_API_KEY: 'test-key',
          DISABLE_AUTOUPDATER: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
        },
      });
    }

    /** Packs that were handed to the session, oldest first, by the events of their delivery. */
    async function packsOfSession(): Promise<Pack[]> {
      const { items } = await server.get<{ items: { subject: string }[] }>(
        '/v1/events?type=context-pack.served&limit=50',
      );
      return Promise.all(
        items.toReversed().map(({ subject }) => server.get<Pack>(`/v1/context-packs/${subject}`)),
      );
    }
  },
);
