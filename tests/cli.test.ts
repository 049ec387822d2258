/**
 * Goal: the program a person starts does what its pages say: words on one stream and data on the other,
 * stable exit codes, and an agent's files that come back as they were.
 * Method: bin/loom as its own process, against a real server process and real repositories.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';

const BIN = join(import.meta.dirname, '../bin/loom');
const folder = temporaryFolder('cli');
let server: ServerProcess;
let repository: string;

beforeAll(async () => {
  server = await startServer({ data: join(folder.path, 'data') });
  repository = join(folder.path, 'shop');
  mkdirSync(join(repository, 'src'), { recursive: true });
  git('init', '-q', '-b', 'main');
  writeFileSync(join(repository, 'src/totals.js'), 'export const total = 1;\n');
  commit('Start the shop');
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

function git(...args: string[]): void {
  execFileSync('git', args, { cwd: repository, stdio: 'ignore' });
}

function commit(message: string): void {
  git('add', '-A');
  git('-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', 'commit', '-qm', message);
}

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function loom(
  args: string[],
  {
    cwd = repository,
    env = {},
    input = '',
    bin = BIN,
  }: Partial<{
    cwd: string;
    env: Record<string, string>;
    input: string;
    bin: string;
  }> = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [bin, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: folder.path, LOOM_DATA: server.data, ...env },
  });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.on('data', (chunk: Buffer) => (ended.out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (ended.err += chunk.toString()));
  child.stdin.end(input);
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ ...ended, code }));
  });
}

test('an empty server answers every list with what to do next, and as JSON with an empty page', async () => {
  for (const list of ['changes', 'runs', 'sessions', 'claims', 'work', 'repositories']) {
    const words = await loom([list]);
    const data = await loom([list, '--json']);

    expect({ list, ...words }).toMatchObject({ code: 0, err: '' });
    expect(words.out).toMatch(/\.\n$/);
    expect({ list, ...data }).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(data.out)).toMatchObject({ items: [] });
  }
});

test.each([
  [['chagnes'], 2, 'cli.usage', 'loom changes'],
  [['changes', 'lst'], 2, 'cli.usage', 'loom changes list'],
  [['changes', '--stat', 'open'], 2, 'cli.usage', '--state'],
  [['changes', '--state', 'opne'], 2, 'cli.usage', '--help'],
  [['token', 'create', 'x', '--days', '900'], 2, 'cli.usage', '--help'],
  [['changes', 'show', 'chg_01a2034f336479abb8b2ab4972bf00e7'], 3, 'http.not_found', ''],
  [['policy', 'validate', 'nowhere.yaml'], 3, 'cli.no_such_file', ''],
  [['changes', '--token', 'wrong'], 4, 'governance.bad_token', 'loom token create'],
  [['changes', '--url', 'nonsense'], 2, 'cli.bad_address', 'http://'],
  [['changes', '--url', 'http://127.0.0.1:1'], 6, 'cli.server_unreachable', 'npm start'],
  [['why', 'totals'], 2, 'cli.not_a_place', 'loom why'],
])('%j ends with %i and says %s, for people and programs', async (args, code, name, hint) => {
  const words = await loom(args);
  const data = await loom(['--json', ...args]);

  expect(words).toMatchObject({ code, out: '' });
  expect(words.err).toContain(`(${name})`);
  expect(words.err).toContain(hint);
  expect(data).toMatchObject({ code, out: '' });
  expect(JSON.parse(data.err)).toMatchObject({ error: { code: name } });
});

test('the program runs through a link and without anything of ours in the environment', async () => {
  const link = join(folder.path, 'loom');
  symlinkSync(BIN, link);

  expect(await loom(['--version'], { bin: link, cwd: '/' })).toMatchObject({ code: 0, err: '' });
});

test('a reader that goes away is no failure', async () => {
  const text = execFileSync(
    'bash',
    ['-c', `"${process.execPath}" "${BIN}" --help | head -1; echo "\${PIPESTATUS[0]}"`],
    {
      encoding: 'utf8',
    },
  );

  expect(text).toBe('Usage: loom [options] [command]\n0\n');
});

test('a branch is judged before any push, from any folder of the repository', async () => {
  mkdirSync(join(repository, '.loom'), { recursive: true });
  writeFileSync(
    join(repository, '.loom/policy.yaml'),
    'version: 1\ndefault: { lane: one-reviewer }\nautonomy:\n  docs: { paths: ["docs/**"], max_score: 60, agents: true, because: Docs may ship. }\ntests:\n  - { name: docs ship, change: { paths: [docs/a.md], author: agent, checks: passed }, expect: { lane: ship } }\n',
  );
  commit('Add the rules');
  git('switch', '-qc', 'words');
  mkdirSync(join(repository, 'docs'));
  writeFileSync(join(repository, 'docs/a.md'), '# Words\n');
  commit('Add words');
  const src = { cwd: join(repository, 'src') };

  const docs = await loom(['check', '--tests', 'passed', '--json'], src);
  writeFileSync(join(repository, 'src/totals.js'), 'export const total = 2;\n');
  commit('Change the total');
  const code = await loom(['check', '--tests', 'passed'], src);

  expect(docs).toMatchObject({ code: 0, err: '' });
  expect(JSON.parse(docs.out)).toMatchObject({ outcome: 'ship', lane: 'ship' });
  expect(code.code).toBe(10);
  expect(code.out).toContain('verdict: one-reviewer (escalate)');
  expect(await loom(['policy', 'test'], src)).toMatchObject({
    code: 0,
    out: expect.stringContaining('1 test, 0 failed'),
  });
});

test('attaching writes what it shows, twice is once, and detaching gives every byte back', async () => {
  const settings = join(repository, '.claude/settings.json');
  const before = '{"permissions":{"allow":["Bash(ls)"]},\n   "hooks": {}}';
  mkdirSync(join(repository, '.claude'));
  writeFileSync(settings, before);

  const shown = await loom(['attach', '--agent', 'claude-code', '--dry-run']);
  const untouched = readFileSync(settings, 'utf8');
  const attached = await loom(['attach', '--agent', 'claude-code']);
  const after = readFileSync(settings, 'utf8');
  const again = await loom(['attach', '--agent', 'claude-code']);
  const detached = await loom(['detach', '--json']);

  expect(shown).toMatchObject({ code: 0, out: expect.stringContaining('+++ b/.mcp.json') });
  expect(untouched).toBe(before);
  expect(attached.code).toBe(0);
  expect(after).toContain('"Bash(ls)"');
  expect(after).toContain('hook claude-code PreToolUse');
  expect(again.out).toContain('nothing to change');
  expect(JSON.parse(detached.out)).toMatchObject({
    changed: ['.claude/settings.json', '.mcp.json', '.git/hooks/commit-msg'],
  });
  expect(readFileSync(settings, 'utf8')).toBe(before);
  expect(() => readFileSync(join(repository, '.mcp.json'))).toThrow('ENOENT');
});

test('the doctor runs the very calls the files hold, and says what is wrong and what to do', async () => {
  const settings = join(repository, '.claude/settings.json');
  const doctor = async (options: { cwd?: string; env?: Record<string, string> } = {}) => {
    const { code, out, err } = await loom(['doctor', '--agent', 'claude-code', '--json'], options);
    expect(err).toBe('');
    const findings = (JSON.parse(out) as { findings: Record<string, string | null>[] }).findings;
    return {
      code,
      of: (what: string) => findings.find((it) => it['what'] === `claude-code ${what}`),
    };
  };
  await loom(['attach', '--agent', 'claude-code']);
  const attached = readFileSync(settings, 'utf8');

  const healthy = await doctor();
  const stranger = await doctor({ env: { LOOM_TOKEN: 'loom_of_nobody' } });
  git('worktree', 'add', '-q', '--detach', join(folder.path, 'tree'));
  const elsewhere = await doctor({ cwd: join(folder.path, 'tree') });
  const broken = attached
    .replace('hook claude-code Stop"', 'gone"')
    .replaceAll('/loom hook', '/loom --url http://127.0.0.1:1 hook')
    .replace('{', '{ "disableAllHooks": true,');
  writeFileSync(settings, broken);
  const sick = await doctor();
  writeFileSync(settings, attached);
  await loom(['detach']);

  expect(healthy.code).toBe(0);
  expect(healthy.of('call')).toMatchObject({ state: 'ok' });
  expect(stranger.code).toBe(12);
  expect(stranger.of('call')!['next']).toContain('loom token create');
  expect(elsewhere.of('files')!['detail']).toMatch(/attached in .*shop, and not in this work tree/);
  expect(sick.of('call')).toMatchObject({
    state: 'failed',
    detail: expect.stringContaining('not reachable at http://127.0.0.1:1'),
  });
  expect(sick.of('files')!['detail']).toContain('.claude/settings.json lacks Stop');
  expect(sick.of('settings')!['next']).toBe('take disableAllHooks out');
});

test('a commit of what another session holds is refused with the holder, and any other passes', async () => {
  await server.post('/v1/repositories', { url: repository });
  const place = { repository: 'local/shop' };
  const { id } = await server.post<{ id: string }>('/v1/sessions', {
    ...place,
    agent: 'codex',
    externalId: 'the-holder',
    cwd: '/elsewhere',
  });
  await server.post('/v1/claims', {
    ...place,
    sessionId: id,
    paths: ['src/totals.js'],
    intent: 'rounding',
  });
  await loom(['attach', '--agent', 'claude-code']);
  const commitOf = (file: string, message: string) => {
    writeFileSync(join(repository, file), `${message}\n`);
    git('add', file);
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
    const { status, stderr } = spawnSync('git', [...who, 'commit', '-m', message], {
      cwd: repository,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: folder.path, LOOM_DATA: server.data },
    });
    return { status, said: stderr };
  };

  const free = commitOf('src/free.js', 'Free');
  const held = commitOf('src/totals.js', 'Held');
  const own = commitOf('src/totals.js', `Its own\n\nLoom-Session: ${id}`);
  await loom(['detach']);

  expect(free.status).toBe(0);
  expect(held.status).not.toBe(0);
  expect(held.said).toContain(`src/totals.js: held by codex (session ${id}) for rounding.`);
  expect(own.status).toBe(0);
});

test('the hook as an agent calls it registers a session, and stops nobody while the server is down', async () => {
  const input = JSON.stringify({ session_id: 'from-the-test', cwd: repository });

  const up = await loom(['hook', 'claude-code', 'SessionStart'], { input });
  const down = await loom(['--url', 'http://127.0.0.1:1', 'hook', 'claude-code', 'SessionStart'], {
    input,
  });
  const sessions = await loom(['sessions', '--json']);

  expect(up.code).toBe(0);
  expect(JSON.parse(sessions.out).items).toContainEqual(
    expect.objectContaining({ externalId: 'from-the-test' }),
  );
  expect(down).toMatchObject({ code: 0, err: expect.stringContaining('is not reachable') });
});

test.each(['2025-06-18', '2025-11-25'])(
  'the MCP bridge carries a handshake of %s and the tools, and answers garbage',
  async (protocolVersion) => {
    const messages = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } },
      },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/list' },
    ].map((message) => JSON.stringify({ jsonrpc: '2.0', ...message }));

    const { code, out } = await loom(['mcp'], {
      input: [...messages, 'garbage', 'null', ''].join('\n'),
    });

    const answers = out
      .trim()
      .split('\n')
      .map(
        (line) =>
          JSON.parse(line) as { id: number | null; result?: unknown; error?: { code: number } },
      );
    const of = (id: number) => answers.find((answer) => answer.id === id);
    expect(code).toBe(0);
    expect(of(1)?.result).toMatchObject({ protocolVersion });
    expect(JSON.stringify(of(2)?.result)).toContain('next_work');
    expect(
      answers
        .filter(({ id }) => id === null)
        .map(({ error }) => error?.code)
        .sort(),
    ).toEqual([-32_600, -32_700]);
  },
);

test('the MCP bridge of the modern era needs no handshake', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const input = `${JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } })}\n`;

  const { out } = await loom(['mcp'], { input });

  expect(JSON.parse(out)).toMatchObject({ id: 1 });
  expect(out).toContain('get_context');
});

test('the log verifies, leaves as files, proves an entry, and a tampered export is caught', async () => {
  const dir = join(folder.path, 'export');

  const live = await loom(['audit', 'verify']);
  const written = await loom(['audit', 'export', dir]);
  const proof = await loom(['audit', 'proof', '0']);
  const entries = join(dir, 'entries.ndjson');
  writeFileSync(entries, readFileSync(entries, 'utf8').replace('person', 'nobody'));
  const tampered = await loom(['audit', 'verify', dir]);

  expect(live).toMatchObject({ code: 0, out: expect.stringContaining('is sound') });
  expect(written.code).toBe(0);
  expect(proof.out).toMatch(/^c2sp\.org\/tlog-proof@v1\nindex 0\n/);
  expect(tampered).toMatchObject({ code: 12, out: expect.stringContaining('NOT sound') });
});

test('a second server on the same folder is told which one is there', async () => {
  const { code, out, err } = await loom(['serve', '--data', server.data, '--port', '0']);

  expect(code).not.toBe(0);
  expect(out + err).toContain(`process ${server.pid}`);
});

test('what an agent would be told is shown where one stands, in words and as JSON, and searched', async () => {
  await loom(['import', '.']);

  const words = await loom(['context', 'pack', 'Change the total of the cart']);
  const made = await loom(['context', 'pack', 'Change the total of the cart', '--json']);
  const pack = JSON.parse(made.out) as { id: string; text: string; items: { id: string }[] };
  const shown = await loom(['context', 'show', pack.id, '--json']);
  const item = await loom(['context', 'show', pack.id, '--item', pack.items[0]!.id]);
  const preview = await loom([
    'context',
    'pack',
    'Change the total',
    '--budget',
    '300',
    '--preview',
  ]);
  const hits = await loom(['context', 'search', 'total', '--json']);
  const wrong = await loom(['context', 'show', `ctx_${'0'.repeat(32)}`]);

  expect(words).toMatchObject({ code: 0, err: '' });
  expect(words.out).toContain('src/totals.js');
  expect(words.out).toMatch(/\(ctx_\w+, \d+ of 4000 tokens, sha256 [0-9a-f]{12}\)/);
  expect(JSON.parse(shown.out)).toEqual(JSON.parse(made.out));
  expect(item).toMatchObject({ code: 0, err: '' });
  expect(preview.out).toContain('kept nowhere');
  expect(JSON.parse(hits.out)).toMatchObject({ items: [{ path: 'src/totals.js' }] });
  expect(wrong).toMatchObject({ code: 3, out: '' });
});

test('a lesson is listed while it waits, and decided by a person', async () => {
  await loom(['import', '.']);
  const { items } = await server.get<{ items: { name: string }[] }>('/v1/repositories');
  const text = 'Totals are integers of cents.';
  const { id } = await server.post<{ id: string }>('/v1/lessons', {
    repository: items.find(({ name }) => name.startsWith('local/'))!.name,
    text,
  });

  const waiting = await loom(['context', 'lessons', '--state', 'candidate']);
  const approved = await loom(['context', 'decide', id, 'approve']);
  const again = await loom(['context', 'decide', id, 'reject']);
  const unknown = await loom(['context', 'decide', id, 'burn']);

  expect(waiting.out).toContain(text);
  expect(approved.out).toBe(`${id} is approved: ${text}\n`);
  expect(again.err).toContain('context.lesson_decided');
  expect(unknown).toMatchObject({ code: 2, out: '' });
});
