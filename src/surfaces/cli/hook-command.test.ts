/**
 * Goal: an agent is never stopped by us but by a denial: whatever the server, the network or the input
 * does, the hook ends with 0, and closed means closed where that was asked for.
 * Method: the command in this process against a small HTTP server that answers as told.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { findPlace } from './hook-client.cjs';
import { runHook } from './hook-command.ts';

let server: Server;
let url: string;
let received: { path: string; headers: IncomingMessage['headers']; body: string }[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  received = [];
  answer = (response) => response.end('{"output":{},"note":null}');
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body });
      answer(response);
    });
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('LOOM_DATA', '/nowhere');
  vi.stubEnv('LOOM_URL', url);
  vi.stubEnv('LOOM_TOKEN', 'loom_secret');
  vi.stubEnv('LOOM_HOOKS_FAIL_CLOSED', undefined);
  vi.stubEnv('LOOM_HOOKS_TIMEOUT_MS', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
});

const EDIT = { session_id: 's1', tool_name: 'Edit', tool_input: { file_path: '/a/b.ts' } };

async function hook(event: string, input: unknown) {
  const written = { out: '', err: '' };
  const text = typeof input === 'string' ? input : JSON.stringify(input);
  const code = await runHook('claude-code', event, {
    stdin: Readable.from([Buffer.from(text)]),
    out: (part) => void (written.out += part),
    err: (part) => void (written.err += part),
  });
  return { code, ...written };
}

test('what the agent says goes to the server with the token, and the answer back to the agent', async () => {
  answer = (response) =>
    response.end('{"output":{"hookSpecificOutput":{"a":1}},"note":"For you."}');

  const told = await hook('PreToolUse', EDIT);

  expect(told).toEqual({
    code: 0,
    out: '{"hookSpecificOutput":{"a":1}}',
    err: 'For you.\n',
  });
  expect(received[0]).toMatchObject({
    path: '/hooks/claude-code/PreToolUse',
    headers: { authorization: 'Bearer loom_secret' },
  });
  expect(JSON.parse(received[0]!.body)).toMatchObject({ input: EDIT });
});

test('nothing to say is nothing printed', async () => {
  expect(await hook('PostToolUse', EDIT)).toEqual({ code: 0, out: '', err: '' });
});

test('with the server down the agent goes on, with one clear line where it matters', async () => {
  vi.stubEnv('LOOM_URL', 'http://127.0.0.1:1');

  const edit = await hook('PreToolUse', EDIT);
  const start = await hook('SessionStart', { session_id: 's1' });
  const other = await hook('PostToolUse', EDIT);

  expect(edit).toMatchObject({ code: 0, out: '' });
  expect(edit.err).toMatch(/^LoomStack is not reachable at http:\/\/127\.0\.0\.1:1: .*\n$/);
  expect(JSON.parse(start.out)).toEqual({ systemMessage: start.err.trim() });
  expect(other).toEqual({ code: 0, out: '', err: '' });
});

test('with failClosed an edit is denied while the server is down, anything else is not', async () => {
  vi.stubEnv('LOOM_URL', 'http://127.0.0.1:1');
  vi.stubEnv('LOOM_HOOKS_FAIL_CLOSED', 'true');

  const edit = await hook('PreToolUse', EDIT);
  const read = await hook('PreToolUse', { ...EDIT, tool_name: 'Read' });

  expect(edit.code).toBe(0);
  expect(JSON.parse(edit.out)).toMatchObject({
    hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'deny' },
  });
  expect(read).toEqual({ code: 0, out: '', err: '' });
});

test('a server that does not answer in time counts as down, and the line says so', async () => {
  vi.stubEnv('LOOM_HOOKS_TIMEOUT_MS', '50');
  answer = () => {};

  const { code, err } = await hook('PreToolUse', EDIT);

  expect(code).toBe(0);
  expect(err).toContain('did not answer within 50 ms');
});

test('a refusal is passed on in the words of the server', async () => {
  answer = (response) => {
    response.statusCode = 401;
    response.end('{"detail":"This token is not known here.","hint":"Copy it again."}');
  };

  const { code, err } = await hook('PreToolUse', EDIT);

  expect(code).toBe(0);
  expect(err).toBe('LoomStack refused this hook: This token is not known here. Copy it again.\n');
});

test('another program at our address is not taken for a consent', async () => {
  vi.stubEnv('LOOM_HOOKS_FAIL_CLOSED', '1');
  answer = (response) => response.end('<html>hello</html>');

  const { code, out } = await hook('PreToolUse', EDIT);

  expect(code).toBe(0);
  expect(out).toContain('"deny"');
  expect(out).toContain('is not LoomStack');
});

test.each(['', 'not json', '[1', 'null', '"text"'])(
  'input that is no object stops nobody and asks nobody: %j',
  async (text) => {
    const { code, out, err } = await hook('PostToolUse', text);

    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toMatch(/^LoomStack cannot read the input .*\n$/);
    expect(received).toEqual([]);
  },
);

test('input nobody can read denies an edit where closed was asked for', async () => {
  vi.stubEnv('LOOM_HOOKS_FAIL_CLOSED', 'yes');

  expect((await hook('PreToolUse', '{"tool_name": "Ed')).out).toContain('"deny"');
});

test('a whole file in the input is cut before it travels, and the path in it arrives', async () => {
  const content = 'x'.repeat(6_000_000);

  const { code } = await hook('PreToolUse', {
    ...EDIT,
    tool_name: 'Write',
    tool_input: { content, file_path: '/a/b.ts' },
  });

  expect(code).toBe(0);
  expect(received[0]!.body.length).toBeLessThan(30_000);
  expect(JSON.parse(received[0]!.body)).toMatchObject({
    input: { tool_name: 'Write', tool_input: { file_path: '/a/b.ts' } },
  });
});

test('a long answer reaches the agent whole', async () => {
  const context = 'y'.repeat(100_000);
  answer = (response) => response.end(JSON.stringify({ output: { context }, note: null }));

  expect(JSON.parse((await hook('UserPromptSubmit', { session_id: 's1' })).out)).toEqual({
    context,
  });
});

test.each(['nonsense', '://', 'file:///etc/passwd'])(
  'an address that is none stops nobody: %s',
  async (address) => {
    vi.stubEnv('LOOM_URL', address);

    const { code, err } = await hook('SessionStart', { session_id: 's1' });

    expect(code).toBe(0);
    expect(err).toContain(address);
  },
);

test('the hook and its way there load no library and no other room: agents wait for it', () => {
  const foreign: string[] = [];
  const seen = new Set<string>();
  const walk = (path: string) => {
    if (seen.has(path)) return;
    seen.add(path);
    // Only what is loaded at once: the rest of the program comes by `await import`.
    for (const [, target = ''] of readFileSync(path, 'utf8').matchAll(
      /^(?:import|export) [^;]*?from '([^']+)'/gms,
    )) {
      if (target.startsWith('.')) walk(resolve(dirname(path), target));
      else if (!builtinModules.includes(target.replace(/^node:/, ''))) foreign.push(target);
    }
  };

  walk(resolve(import.meta.dirname, '../../app/main.ts'));
  walk(resolve(import.meta.dirname, 'mcp-command.ts'));

  expect([...seen].map((path) => path.replace(/.*\/src\//, ''))).toContain(
    'surfaces/cli/hook-command.ts',
  );
  expect(seen.size).toBeLessThan(7);
  expect(foreign).toEqual([]);
});

test('what is read from the files of git is what git says, in clones, work trees and odd places', async () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'loom-place-')));
  const git = (...args: string[]) =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    git('init', '-q', '-b', 'main');
    expect(await findPlace(folder)).toEqual({ toplevel: folder, branch: 'main' });

    git('commit', '-q', '--allow-empty', '-m', 'first');
    git('remote', 'add', 'origin', 'https://ada:secret@git.example/acme/shop.git');
    const head = git('rev-parse', 'HEAD');
    const place = { toplevel: folder, head, remoteUrl: 'https://git.example/acme/shop.git' };
    mkdirSync(join(folder, 'src/deep'), { recursive: true });
    expect(await findPlace(join(folder, 'src/deep'))).toEqual({ ...place, branch: 'main' });

    git('pack-refs', '--all');
    git('worktree', 'add', '-q', 'tree', '-b', 'feature/x');
    const toplevel = join(folder, 'tree');
    expect(await findPlace(toplevel)).toEqual({ ...place, toplevel, branch: 'feature/x' });

    // What the plain reading does not know is asked of git itself.
    git('config', 'remote.origin.url', 'https://git.example/a;b');
    git('checkout', '-q', '--detach');
    expect(await findPlace(folder)).toEqual({
      ...place,
      branch: 'HEAD',
      remoteUrl: 'https://git.example/a;b',
    });
    expect(await findPlace('/')).toEqual({});
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the installed command hands its input over and prints the answer, and says when nobody answers', async () => {
  answer = (response) => response.end('{"output":{"a":1},"note":"For you."}');
  const run = (address: string) =>
    new Promise<{ stdout: string; stderr: string; code: number | null }>((done) => {
      const loom = resolve(import.meta.dirname, '../../../bin/loom');
      const child = execFile(
        loom,
        ['--url', address, 'hook', 'claude-code', 'PreToolUse'],
        (_error, stdout, stderr) => done({ stdout, stderr, code: child.exitCode }),
      );
      child.stdin!.end(JSON.stringify(EDIT));
    });

  expect(await run(url)).toEqual({ code: 0, stdout: '{"a":1}', stderr: 'For you.\n' });
  const away = await run('http://127.0.0.1:1');
  expect(away).toMatchObject({ code: 0, stdout: '' });
  expect(away.stderr).toContain('LoomStack is not reachable at http://127.0.0.1:1');
  vi.stubEnv('LOOM_TOKEN', 'a token\nthat no header may hold');
  vi.stubEnv('LOOM_HOOKS_TIMEOUT_MS', '50');
  const unsent = await run(url);
  expect(unsent).toMatchObject({ code: 0, stdout: '' });
  expect(unsent.stderr.trim().split('\n')).toEqual([expect.stringContaining('is not reachable')]);
});
