/**
 * The answer to a PreToolUse hook of an edit, over real HTTP, with a thousand live sessions that each
 * hold a file: the call an agent waits for before every edit. Counts the statements it costs as well.
 * The sender is a thread on the same machine; its processor time is taken off.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../src/app/compose.ts';
import {
  createLogger,
  type Db,
  loadConfig,
  migrate,
  openDatabase,
  systemClock,
} from '../src/kernel/index.ts';
import { createHttpListener } from '../src/surfaces/index.ts';
import { inLanes } from './engines/engine.ts';
import { processorSeconds } from './processor.ts';
import { percentile, type Table, type Verdict } from './report.ts';
import { openSender, rawRequest, type SendOrder } from './sender.ts';
import type { BenchServer } from './server.ts';

export interface HooksMeasured {
  latenciesMs: number[];
  cpuMicros: number;
  statements: number;
}

export async function measureHooks(
  server: BenchServer,
  options: { sessions: number; calls: number; atOnce: number },
): Promise<HooksMeasured> {
  await using pool = openDatabase({ url: await server.createDatabase('hooks'), poolSize: 16 });
  await migrate(pool);
  const { db, counted } = counting(pool);
  await using serving = await serveHooks(server, db);
  const { sessions, owner, secret, port } = serving;
  await inLanes(options.sessions, options.atOnce, async (index) => {
    const externalId = `session-${index}`;
    await sessions.start({ agent: 'claude-code', externalId, repository: 'acme/shop' }, owner);
  });
  const edits = (calls: number): SendOrder => ({
    port,
    requests: Array.from({ length: calls }, (_, call) => edit(secret, call % options.sessions)),
    connections: options.atOnce,
    status: 200,
  });
  // The first edit takes the claim; what is measured is every further one.
  await using first = await openSender(edits(options.sessions));
  await first.send();
  await using sender = await openSender(edits(options.calls));
  const before = processorSeconds(server.pid);
  const statementsBefore = counted();
  const { latenciesMs, cpuSeconds } = await sender.send();
  const after = processorSeconds(server.pid);
  const used = after.node - before.node + after.database - before.database - cpuSeconds;
  return {
    latenciesMs,
    cpuMicros: (used / options.calls) * 1e6,
    statements: (counted() - statementsBefore) / options.calls,
  };
}

/** The server as agents meet it, and a token for it. */
async function serveHooks(server: BenchServer, db: Db) {
  const config = loadConfig({
    env: {},
    flags: { data: server.folder, 'forge.enabled': false, 'limits.requestsPerMinute': 1_000_000 },
    cwd: server.folder,
  });
  const composition = await compose({
    config,
    storage: {
      db,
      kind: 'embedded',
      version: server.version,
      [Symbol.asyncDispose]: async () => {},
    },
    clock: systemClock,
    log: createLogger({ level: 'error' }),
    publicUrl: 'http://127.0.0.1:7400',
    work: false,
  });
  const { governance, sessions } = composition.services;
  const { person } = await governance.ensureOwner();
  const owner = { ...person, kind: 'person', scopes: 'all' } as const;
  const { secret } = await governance.createToken({ personId: person.id, name: 'bench' }, owner);
  const http = createServer(createHttpListener(composition.services));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    sessions,
    owner,
    secret,
    port,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      http.close();
      await composition[Symbol.asyncDispose]();
    },
  };
}

export interface HookWall {
  /** Wall time of `loom hook`, from its start to its end, in milliseconds. */
  hookMs: number[];
  /** Of a Node that does nothing. */
  nodeMs: number[];
}

/** The installed command as an agent starts it, and Node doing nothing, one after the other. */
export async function measureHookWall(
  server: BenchServer,
  { rounds }: { rounds: number },
): Promise<HookWall> {
  await using pool = openDatabase({ url: await server.createDatabase('hook_wall'), poolSize: 4 });
  await migrate(pool);
  await using serving = await serveHooks(server, pool);
  const { secret, port } = serving;
  const folder = mkdtempSync(join(tmpdir(), 'loom-bench-tree-'));
  try {
    execFileSync('git', ['init', '-q', folder]);
    const input = JSON.stringify({ ...EDIT_INPUT, session_id: 'wall', cwd: folder });
    const env = { ...process.env, LOOM_TOKEN: secret, LOOM_URL: `http://127.0.0.1:${port}` };
    const loom = join(import.meta.dirname, '../bin/loom');
    const hook = () => timed(loom, ['hook', 'claude-code', 'PostToolUse'], env, input);
    const node = () => timed(process.execPath, ['-e', '0'], env, '');
    await hook();
    const measured: HookWall = { hookMs: [], nodeMs: [] };
    for (let round = 0; round < rounds; round += 1) {
      measured.nodeMs.push((await node()).ms);
      const { ms, text } = await hook();
      if (text !== '') throw new Error(`the hook said something: ${text}`);
      measured.hookMs.push(ms);
    }
    return measured;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(
  program: string,
  args: string[],
  env: NodeJS.ProcessEnv,
  input: string,
): Promise<{ ms: number; text: string }> {
  const startedAt = performance.now();
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  }
  // A program that reads nothing may be gone before it is written to.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  await once(child, 'close');
  return { ms: performance.now() - startedAt, text };
}

export function hookWallTable({ hookMs, nodeMs }: HookWall): Table {
  const row = (name: string, values: number[]) => [
    name,
    ...[0.5, 0.95].map((share) => percentile(values, share).toFixed(0)),
  ];
  return {
    head: ['program', 'p50 ms', 'p95 ms'],
    rows: [row('loom hook', hookMs), row('node -e 0', nodeMs)],
  };
}

export function hookWallVerdicts({ hookMs, nodeMs }: HookWall): Verdict[] {
  const over = percentile(hookMs, 0.5) - percentile(nodeMs, 0.5);
  return [
    {
      bar: 'wall time of `loom hook` over that of `node -e 0`, medians: below 150 ms',
      figure: `${over.toFixed(0)} ms`,
      isMet: over < 150,
    },
  ];
}

function counting(pool: Db): { db: Db; counted(): number } {
  let count = 0;
  const db: Db = {
    ...pool,
    query: (...statement) => {
      count += 1;
      return pool.query(...statement);
    },
    transaction: (work, settings) => {
      // Begin and commit.
      count += 2;
      return pool.transaction((tx) => {
        const query: typeof tx.query = (...statement) => {
          count += 1;
          return tx.query(...statement);
        };
        return work({ ...tx, query });
      }, settings);
    },
  };
  return { db, counted: () => count };
}

const EDIT_INPUT = { tool_name: 'Edit', tool_input: { file_path: '/home/ada/shop/src/a.ts' } };

function edit(secret: string, session: number): Buffer {
  const body = JSON.stringify({
    input: {
      session_id: `session-${session}`,
      cwd: '/home/ada/shop',
      tool_name: 'Edit',
      tool_input: { file_path: `/home/ada/shop/src/file-${session}.ts` },
    },
    git: { repository: 'acme/shop', toplevel: '/home/ada/shop', branch: 'main' },
  });
  const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
  return rawRequest('/hooks/claude-code/PreToolUse', headers, body);
}

export function hooksTable({ latenciesMs, cpuMicros, statements }: HooksMeasured): Table {
  const at = (share: number) => percentile(latenciesMs, share).toFixed(1);
  return {
    head: ['p50 ms', 'p95 ms', 'p99 ms', 'statements/call', 'processor µs/call'],
    rows: [[at(0.5), at(0.95), at(0.99), statements.toFixed(2), String(Math.round(cpuMicros))]],
  };
}

export function hooksVerdicts({ latenciesMs }: HooksMeasured): Verdict[] {
  const p99 = percentile(latenciesMs, 0.99);
  return [
    {
      bar: 'hook answer with 1,000 live sessions: p99 below 50 ms',
      figure: `${p99.toFixed(0)} ms`,
      isMet: p99 < 50,
    },
  ];
}
