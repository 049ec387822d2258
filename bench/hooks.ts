/**
 * The answer to a PreToolUse hook of an edit, over real HTTP, with a thousand live sessions that each
 * hold a file: the call an agent waits for before every edit. Counts the statements it costs as well.
 * The sender is a thread on the same machine; its processor time is taken off.
 */
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
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
  const config = loadConfig({
    env: {},
    flags: { data: server.folder, 'forge.enabled': false, 'limits.requestsPerMinute': 1_000_000 },
    cwd: server.folder,
  });
  await using composition = await compose({
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
  await inLanes(options.sessions, options.atOnce, async (index) => {
    const externalId = `session-${index}`;
    await sessions.start({ agent: 'claude-code', externalId, repository: 'acme/shop' }, owner);
  });

  const http = createServer(createHttpListener(composition.services));
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const edits = (calls: number): SendOrder => ({
    port,
    requests: Array.from({ length: calls }, (_, call) => edit(secret, call % options.sessions)),
    connections: options.atOnce,
    status: 200,
  });
  try {
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
  } finally {
    http.closeAllConnections();
    http.close();
  }
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
