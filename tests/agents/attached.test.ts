/**
 * Goal: each real agent, wired by `loom attach` alone, is given its context without asking, is denied a
 * file another session holds and told by whom, is recorded call by call, and is given back to the byte.
 * Method: the programs themselves with a scripted model in place of the network. Skipped where one is
 * not installed; `npm run test:agents` installs them in a folder of their own.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/folder.ts';
import { type ServerProcess, startServer } from '../support/server.ts';
import { findAgent } from './support/find-agent.ts';
import { REAL_AGENTS, type RealAgent } from './support/real-agents.ts';
import { type ScriptedModel, startScriptedModel, textOf } from './support/scripted-model.ts';

const execute = promisify(execFile);
const BIN = join(import.meta.dirname, '../../bin/loom');
const PROMPT = 'Payments are retried too often: lower the number of attempts';
const FREE = 'src/payments/retry.ts';
const HELD = 'src/payments/backoff.ts';
const FILES = {
  [FREE]:
    "import { backoff } from './backoff.ts';\n\nexport function retryPayment(attempts: number) {\n  return backoff(attempts);\n}\n",
  [HELD]: 'export function backoff(attempt: number) {\n  return 2 ** attempt;\n}\n',
  // Rules of a tool none of them reads by itself.
  '.windsurf/rules/money.md':
    '---\nglobs: src/payments/**\n---\n# Money\n\nAmounts are integers of cents.\n',
  // Files of the agents that somebody wrote before us, in their own way.
  '.claude/settings.json': '{"permissions":{"allow":["Bash(ls)"]},\n   "hooks": {}}',
  '.codex/config.toml': '# ours\nmodel_verbosity = "low" # short',
  '.gemini/settings.json': '{\n\t// what people call us\n\t"ui": { "hideBanner": true }\n}\n',
  'opencode.json': '{ "$schema": "https://opencode.ai/config.json", "username": "shop", }\n',
};

interface Session {
  id: string;
  agent: string;
  state: string;
  intent: string;
  toolCalls: number;
  deniedCalls: number;
}

describe.each(REAL_AGENTS)('$agent', (real) => {
  const program = findAgent(real.program, real.variable);

  describe.skipIf(program === undefined)(
    `(skipped where \`${real.program}\` is not installed: npm run test:agents)`,
    () => {
      const folder = temporaryFolder(real.agent);
      const repository = join(folder.path, 'shop');
      const home = join(folder.path, 'home');
      let server: ServerProcess;
      let model: ScriptedModel;
      let output: string;
      let session: Session;
      /** Files as attach wrote them. */
      const attached = new Map<string, string>();

      beforeAll(async () => {
        server = await startServer({ data: join(folder.path, 'data') });
        makeRepository();
        await server.post('/v1/repositories', { url: repository });
        await holdByAnother();
        mkdirSync(home, { recursive: true });
        await loom('attach', '--agent', real.agent);
        beInNoHurry();
        model = await startScriptedModel(script(real));
        output = await run(program!);
        const { items } = await server.get<{ items: Session[] }>('/v1/sessions');
        session = items.find(({ agent }) => agent === real.agent)!;
      });
      afterAll(async () => {
        await model?.[Symbol.asyncDispose]();
        await server?.[Symbol.asyncDispose]();
        folder[Symbol.dispose]();
      });

      test('is told before its first step how to work here and what matters for the task', () => {
        const first = textOf(model.turns[0]!);

        expect(first).toContain(`Your session is ${session.id}`);
        expect(first).toContain(`# Context: ${PROMPT}`);
        expect(first).toContain(FREE);
      });

      test('finds what it asks for through our tools', () => {
        expect(textOf(model.turns.at(-1)!)).toContain('Amounts are integers of cents');
      });

      test('edits what is free, is denied what another holds, and hears who holds it', () => {
        const heard = textOf(model.turns.at(-1)!);

        expect({ output, text: readFileSync(join(repository, FREE), 'utf8') }).toMatchObject({
          text: expect.stringContaining('tries: number'),
        });
        expect(readFileSync(join(repository, HELD), 'utf8')).toBe(FILES[HELD]);
        expect(heard).toContain(`${HELD} is held by cursor`);
        expect(heard).toContain('rewriting backoff');
      });

      test('is recorded call by call, from its start to its end', async () => {
        const { items } = await server.get<{ items: { type: string; data: object }[] }>(
          `/v1/events?subject=${session.id}&limit=100`,
        );
        const types = items.map(({ type }) => type);

        expect(session).toMatchObject({
          intent: PROMPT,
          state: 'ended',
          toolCalls: real.reportedCalls,
          deniedCalls: 1,
        });
        expect(types).toContain('session.started');
        expect(types).toContain('session.ended');
        expect(items.map(({ data }) => data)).toContainEqual(
          expect.objectContaining({ path: HELD, outcome: 'denied' }),
        );
      });

      test.skipIf(real.agent === 'opencode')('tells what it used', async () => {
        const { items } = await server.get<{ items: { model: string; outputTokens: number }[] }>(
          `/v1/sessions/${session.id}/usage`,
        );
        const { spent } = await server.get<{ spent: { tokens: number } }>(
          `/v1/sessions/${session.id}/breaker`,
        );

        expect(items.some(({ model, outputTokens }) => model !== '' && outputTokens > 0)).toBe(
          true,
        );
        expect(spent.tokens).toBeGreaterThan(0);
      });

      test('is detached to the byte', async () => {
        for (const [path, text] of attached) writeFileSync(join(repository, path), text);
        await loom('detach');
        await loom('detach', '--telemetry');

        const left = git('status', '--porcelain', '-uall').split('\n').filter(Boolean);
        expect(left).toEqual([` M ${FREE}`]);
      });

      function git(...args: string[]): string {
        return execFileSync('git', args, { cwd: repository, encoding: 'utf8' });
      }

      function makeRepository(): void {
        for (const [path, text] of Object.entries(FILES)) {
          mkdirSync(dirname(join(repository, path)), { recursive: true });
          writeFileSync(join(repository, path), text);
        }
        git('init', '-q', '-b', 'main');
        git('add', '-A');
        git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '-qm', 'Start');
      }

      async function holdByAnother(): Promise<void> {
        const place = { repository: 'local/shop' };
        const { id } = await server.post<{ id: string }>('/v1/sessions', {
          ...place,
          agent: 'cursor',
          externalId: 'another',
        });
        const claim = { ...place, sessionId: id, paths: [HELD], intent: 'rewriting backoff' };
        await server.post('/v1/claims', claim);
      }

      /** A busy machine is slow and not red: what is tested is what arrives, not how fast. */
      function beInNoHurry(): void {
        for (const path of git('ls-files', '-mo').split('\n').filter(Boolean)) {
          const text = readFileSync(join(repository, path), 'utf8');
          const slow = text
            .replaceAll(/"(timeout(?:Sec)?)": (\d+000)\b/g, '"$1": 60000')
            .replaceAll(/"(timeout(?:Sec)?)": \d{1,2}\b/g, '"$1": 60');
          attached.set(path, text);
          writeFileSync(join(repository, path), slow);
        }
      }

      async function loom(...args: string[]): Promise<void> {
        await execute(process.execPath, [BIN, ...args], { cwd: repository, env: environment() });
      }

      function environment(): Record<string, string> {
        return {
          PATH: process.env['PATH'] ?? '',
          HOME: home,
          LOOM_HOOKS_TIMEOUT_MS: '60000',
          LOOM_URL: server.url,
          LOOM_TOKEN: server.token,
        };
      }

      /** What `loom attach` says a person has to export. */
      async function telemetry(): Promise<Record<string, string>> {
        const { stdout } = await execute(BIN, ['telemetry-headers', '--env'], {
          env: environment(),
        });
        const headers = { OTEL_EXPORTER_OTLP_HEADERS: stdout.trim() };
        if (real.agent === 'claude-code') return {};
        return real.agent === 'copilot'
          ? {
              ...headers,
              COPILOT_OTEL_ENABLED: 'true',
              OTEL_EXPORTER_OTLP_ENDPOINT: `${server.url}/otlp`,
            }
          : headers;
      }

      async function run(path: string): Promise<string> {
        const started = real.start({ home, repository, model: model.url, prompt: PROMPT });
        await loom('attach', '--telemetry', '--agent', real.agent);
        const child = spawn(path, started.args, {
          cwd: repository,
          env: { ...environment(), ...(await telemetry()), ...started.env },
          // A terminal that stays open would be read from.
          stdio: ['ignore', 'pipe', 'pipe'],
          timeout: 280_000,
        });
        let text = '';
        for (const stream of [child.stdout, child.stderr]) {
          stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        }
        await new Promise((resolve) => {
          child.on('close', resolve);
        });
        return text;
      }

      function script(agent: RealAgent) {
        const [free, held] = [join(repository, FREE), join(repository, HELD)];
        const signature = (name: string) => `export function retryPayment(${name}: number) {`;
        return [
          agent.read(free),
          { tool: agent.tool('search_knowledge'), input: { query: 'integers of cents' } },
          agent.edit(free, signature('attempts'), signature('tries')),
          agent.read(held),
          agent.edit(held, '  return 2 ** attempt;', '  return 3 ** attempt;'),
          { text: 'Done.' },
        ];
      }
    },
  );
});
