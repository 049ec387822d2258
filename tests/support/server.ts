/** A real server process on a folder of its own, for tests that kill it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '#testing';

const MAIN = join(import.meta.dirname, '../../src/app/main.ts');

export interface ServerProcess extends AsyncDisposable {
  readonly url: string;
  readonly pid: number;
  /** Secret of the token it left for its own user. */
  readonly token: string;
  readonly data: string;
  /** Everything it wrote to its log. */
  output(): string;
  /** kill -9, and wait until it is gone. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: unknown, options?: { token?: string }): Promise<Answer>;
}

export async function startServer(options: {
  data: string;
  port?: number;
  env?: Record<string, string>;
  args?: string[];
}): Promise<ServerProcess> {
  const { data, port = 0, env = {}, args = ['serve'] } = options;
  const child = spawn(process.execPath, [MAIN, '--data', data, ...args, '--port', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: data, LOOM_LOG_LEVEL: 'info', ...env },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));

  const credentials = await waitFor(
    'the server to answer',
    async () => {
      if (child.exitCode !== null || child.signalCode !== null)
        throw new Error(`the server ended: ${output.slice(-3_000)}`);
      return readCredentials(data, child, output);
    },
    { timeoutMs: 90_000, everyMs: 50 },
  );
  const { url, token } = credentials;

  async function call(
    method: string,
    path: string,
    body?: unknown,
    secret = token,
  ): Promise<unknown> {
    const response = await fetch(new URL(path, url), {
      method,
      headers: {
        authorization: `Bearer ${secret}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    return text === '' ? {} : JSON.parse(text);
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => {
      child.once('exit', resolve);
    });
    child.kill(signal);
    await ended;
  }

  return {
    url,
    token,
    data,
    pid: child.pid!,
    output: () => output,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    get: async <Answer>(path: string) => (await call('GET', path)) as Answer,
    post: async <Answer>(path: string, body: unknown, { token: secret }: { token?: string } = {}) =>
      (await call('POST', path, body, secret)) as Answer,
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

/** The file may be a former server's: what counts is that this process announced the address. */
async function readCredentials(
  data: string,
  child: ChildProcess,
  output: string,
): Promise<{ url: string; token: string } | undefined> {
  try {
    const left = JSON.parse(readFileSync(join(data, 'cli.json'), 'utf8')) as {
      url: string;
      token: string;
    };
    if (!output.includes(left.url)) return undefined;
    const response = await fetch(new URL('/readyz', left.url), {
      signal: AbortSignal.timeout(5_000),
    });
    return response.ok && child.exitCode === null ? left : undefined;
  } catch {
    return undefined;
  }
}
