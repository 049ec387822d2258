/**
 * Goal: what is wrong is refused in clear words and harms nothing: starts, tokens, bodies, webhooks,
 * policy and workflow files, repositories of every odd kind, and a disk that is full.
 * Method: a real server fed with all of it; each refusal is read as a caller reads it.
 */
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signBody } from '#connectors/contract';
import { openDatabase } from '#kernel';
import { testRepository, waitFor } from '#testing';
import { temporaryFolder } from './support/folder.ts';
import { type ServerProcess, startServer } from './support/server.ts';
import { findChange, openShop, POLICY, type Shop, waitForChange } from './support/shop.ts';

// Never the waiting kind: a test that holds its breath loses its connections meanwhile.
const execute = promisify(execFile);
const MAIN = join(import.meta.dirname, '../src/app/main.ts');
const SECRET = 'shared with the forge';
const env = { LOOM_FORGE_WEBHOOK_SECRET: SECRET, LOOM_LIMITS_BODY_BYTES: '200000' };

const folder = temporaryFolder('bad-input');
let server: ServerProcess;
let shop: Shop;
beforeAll(async () => {
  server = await startServer({ data: folder.path, env });
  shop = await openShop(() => server);
});
afterAll(async () => {
  await shop[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Problem {
  status: number;
  code: string;
  detail: string;
  hint: string;
}

async function ask(
  path: string,
  options: { method?: string; token?: string | null; body?: string; headers?: object } = {},
): Promise<{ status: number; body: Problem & Record<string, unknown> }> {
  const { method = 'GET', token = server.token, body, headers } = options;
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text === '' ? '{}' : text) as never };
}

async function refusedStart(
  args: string[],
  environment: Record<string, string> = {},
): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: folder.path, ...environment },
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

describe('a start that cannot be', () => {
  test('names the server that has the data folder', async () => {
    const { code, output } = await refusedStart(['--data', folder.path, 'serve', '--port', '0']);

    expect(code).toBeGreaterThan(0);
    expect(output).toContain(`process ${server.pid}`);
    expect(output).not.toContain('    at ');
  });

  test('says that the port is taken', async () => {
    using other = temporaryFolder('other');
    const { port } = new URL(server.url);

    const { code, output } = await refusedStart(['--data', other.path, 'serve', '--port', port]);

    expect(code).toBeGreaterThan(0);
    expect(output).toContain(`Port ${port}`);
    expect(output).toContain('--port');
  });

  test('says once that no database answers at DATABASE_URL, and shows no password', async () => {
    using other = temporaryFolder('other');

    const { code, output } = await refusedStart(['--data', other.path, 'serve', '--port', '0'], {
      DATABASE_URL: 'postgres://loom:s3cret@127.0.0.1:1/nowhere',
    });

    expect(code).toBeGreaterThan(0);
    expect(output.match(/cannot be reached/g)).toHaveLength(1);
    expect(output).not.toContain('s3cret');
    expect(output).not.toContain('    at ');
  });
});

describe('a caller', () => {
  test('with an expired, revoked or invented token is not known', async () => {
    const make = (name: string) =>
      server.post<{ token: { id: string }; secret: string }>('/v1/tokens', {
        name,
        expiresInDays: 1,
      });
    const [expired, revoked] = [await make('expired'), await make('revoked')];
    expect((await ask('/v1/me', { token: expired.secret })).status).toBe(200);
    await ask(`/v1/tokens/${revoked.token.id}`, { method: 'DELETE' });
    const socket = encodeURIComponent(join(folder.path, 'database/socket'));
    await using db = openDatabase({ url: `postgres://loom@localhost/postgres?host=${socket}` });
    await db.query(
      `update loom.tokens set expires_at = now() - interval '1 second' where id = $1`,
      [expired.token.id],
    );

    for (const token of [expired.secret, revoked.secret, `${expired.secret.slice(0, -4)}AAAA`]) {
      expect(await ask('/v1/me', { token })).toMatchObject({ status: 401 });
    }
    expect(await ask('/v1/me', { token: null })).toMatchObject({ status: 401 });
  });

  test('with a body over the limit is told the limit, declared or not', async () => {
    const body = JSON.stringify({ text: 'x'.repeat(300_000) });

    const answer = await ask('/v1/policy/validate', { method: 'POST', body });

    expect(answer.body).toMatchObject({ code: 'http.body_too_large' });
    expect(answer.body.hint).toContain('limits.bodyBytes');
  });
});

interface Push {
  branch: string;
  before: string | null;
  after: string | null;
  kind: 'opened' | 'updated' | 'closed';
  head: string;
  at: Date;
}

function deliver(
  { branch, before, after, kind, head, at }: Push,
  options: { id?: string; signature?: string | null } = {},
) {
  const { id = randomUUID(), signature } = options;
  const change = {
    repository: shop.repository,
    branch,
    baseBranch: 'main',
    headSha: head,
    title: branch,
    text: '',
    author: {},
    isDraft: false,
  };
  const body = JSON.stringify({
    id,
    repository: shop.repository,
    branch,
    before,
    after,
    isForced: false,
    occurredAt: at.toISOString(),
    pusher: {},
    changes: [{ kind, key: `${branch}-${kind}-${head}-${at.getTime()}`, change, isMerged: false }],
  });
  return ask('/webhooks/local', {
    method: 'POST',
    token: null,
    body,
    headers: {
      'x-loom-event': 'push',
      'x-loom-delivery': id,
      ...(signature === null
        ? {}
        : { 'x-loom-signature-256': signature ?? signBody(SECRET, Buffer.from(body)) }),
    },
  });
}

describe('a webhook', () => {
  const push: Push = {
    branch: 'invented',
    before: null,
    after: 'a'.repeat(40),
    kind: 'opened',
    head: 'a'.repeat(40),
    at: new Date(),
  };

  test('that is not signed, or not by the sender, is refused and leaves nothing', async () => {
    const signatures = [
      null,
      'sha256=00',
      `sha256=${'0'.repeat(64)}`,
      signBody('other', Buffer.from('')),
    ];
    for (const signature of signatures) {
      expect(await deliver(push, { signature })).toMatchObject({ status: 401 });
    }

    expect(await findChange(server, shop, 'invented')).toBeUndefined();
  });

  test('that comes again is acknowledged and has no second effect', async () => {
    const id = randomUUID();
    const first = await deliver({ ...push, branch: 'twice' }, { id });
    const second = await deliver({ ...push, branch: 'twice' }, { id });

    expect([first.status, second.status]).toEqual([202, 200]);
    const { items } = await server.get<{ items: { data: { deliveryId: string } }[] }>(
      '/v1/events?type=signal.received&limit=200',
    );
    // One push is two signals: the branch moved, and a change was opened.
    expect(items.filter(({ data }) => data.deliveryId === id)).toHaveLength(2);
  });

  test('that comes late or early ends in the newest word', async () => {
    shop.holdChecks();
    const old = await shop.push('disorder');
    const head = await shop.push('disorder');
    const at = (second: number) => new Date(Date.UTC(2026, 0, 5, 9, 0, second));
    const common = { before: null, after: head };
    const news: Push[] = [
      { ...common, branch: 'early', kind: 'closed', head, at: at(3) },
      { ...common, branch: 'early', kind: 'updated', head, at: at(2) },
      { ...common, branch: 'early', kind: 'opened', head: old, at: at(1) },
      { ...common, branch: 'late', kind: 'updated', head, at: at(2) },
      { ...common, branch: 'late', kind: 'opened', head: old, at: at(1) },
    ];
    for (const one of news) expect(await deliver(one)).toMatchObject({ status: 202 });

    const late = await waitForChange(server, shop, 'late', ({ headSha }) => headSha === head);
    await waitFor(
      'all news to be acted upon',
      async () => {
        const socket = encodeURIComponent(join(folder.path, 'database/socket'));
        await using db = openDatabase({ url: `postgres://loom@localhost/postgres?host=${socket}` });
        const rows = await db.query(`select 1 from loom.inbox_signals where state <> 'done'`);
        return rows.length === 0;
      },
      { timeoutMs: 60_000 },
    );

    expect(late).toMatchObject({ state: 'open' });
    expect(await findChange(server, shop, 'late')).toMatchObject({ headSha: head, state: 'open' });
    expect(await findChange(server, shop, 'early')).toMatchObject({ state: 'closed' });
    shop.letChecksGo();
  });
});

describe('a file of rules', () => {
  const typo = POLICY.replace('max_score', 'max_scor');

  async function landOnMain(files: Record<string, string>): Promise<void> {
    await using work = await testRepository();
    await work.git('fetch', '--quiet', shop.bare, 'main');
    await work.git('checkout', '--quiet', '-B', 'main', 'FETCH_HEAD');
    const sha = await work.commit({ message: 'Past everybody', files, at: new Date() });
    await work.git('push', '--quiet', shop.bare, `${sha}:refs/heads/carrier`);
    await shop.git('update-ref', 'refs/heads/main', sha);
    await shop.git('update-ref', '-d', 'refs/heads/carrier');
    const { id } = await server.get<{ id: string }>(
      `/v1/repositories/${encodeURIComponent(shop.repository)}`,
    );
    await server.post(`/v1/repositories/${id}/refresh`, {});
  }

  test('with a typo is refused with line and suggestion', async () => {
    const { body } = await ask('/v1/policy/validate', {
      method: 'POST',
      body: JSON.stringify({ text: typo }),
    });

    const line = typo.split('\n').findIndex((text) => text.includes('max_scor')) + 1;
    expect((body['problems'] as object[])[0]).toMatchObject({ line, suggestion: 'max_score' });
  });

  test('with a typo on the protected base leaves the last good one in force and says so', async () => {
    await server.get(`/v1/policy?repository=${encodeURIComponent(shop.repository)}`);
    await shop.push('before-the-typo');
    await waitForChange(server, shop, 'before-the-typo', ({ state }) => state === 'merged');

    await landOnMain({
      '.loom/policy.yaml': typo,
      '.loom/workflows/change.yaml': 'name: change\nstepz: []\n',
    });

    const policy = await server.get<{ refused: { problems: object[] }; rules: object[] }>(
      `/v1/policy?repository=${encodeURIComponent(shop.repository)}`,
    );
    expect(policy.refused.problems[0]).toMatchObject({ suggestion: 'max_score' });
    expect(policy.rules.length).toBeGreaterThan(0);
    await shop.push('after-the-typo');
    const merged = await waitForChange(
      server,
      shop,
      'after-the-typo',
      ({ state }) => state === 'merged',
    );
    expect(merged.lane).toBe('ship');
    const { items } = await server.get<{ items: { data: { problems: object[] } }[] }>(
      '/v1/events?type=workflow.refused',
    );
    expect(JSON.stringify(items[0]?.data.problems)).toContain('stepz');
  });
});

describe('a repository', () => {
  const root = temporaryFolder('repositories');
  afterAll(() => root[Symbol.dispose]());
  const git = (dir: string, ...args: string[]) =>
    execute(
      'git',
      ['-c', 'protocol.file.allow=always', '-c', 'user.name=A', '-c', 'user.email=a@b.c', ...args],
      { cwd: dir },
    );

  async function start(name: string): Promise<string> {
    const dir = join(root.path, name);
    mkdirSync(dir);
    await git(dir, 'init', '--quiet', '--initial-branch=main');
    return dir;
  }

  async function commitAll(dir: string, ...options: string[]): Promise<void> {
    await git(dir, 'add', '--all');
    await git(dir, ...options, 'commit', '--quiet', '--message', 'Add');
  }

  const makers: Record<string, () => Promise<string>> = {
    empty: () => start('empty'),
    async shallow() {
      const dir = await start('deep');
      for (const text of ['1', '2', '3']) {
        writeFileSync(join(dir, 'a.js'), text);
        await commitAll(dir);
      }
      await git(root.path, 'clone', '--quiet', '--depth=1', `file://${dir}`, 'shallow');
      return join(root.path, 'shallow');
    },
    async 'with a submodule'() {
      const dir = await start('outer');
      await git(dir, 'submodule', '--quiet', 'add', shop.bare, 'vendor/shop');
      await commitAll(dir);
      return dir;
    },
    async 'with links out of itself and in circles'() {
      const dir = await start('links');
      symlinkSync('/etc/passwd', join(dir, 'README.md'));
      symlinkSync('loop', join(dir, 'loop'));
      symlinkSync('../../..', join(dir, 'up'));
      await commitAll(dir);
      return dir;
    },
    async 'in latin1, names and words'() {
      const dir = await start('latin1');
      writeFileSync(
        Buffer.concat([Buffer.from(`${dir}/caf`), Buffer.from([0xe9]), Buffer.from('.js')]),
        'x',
      );
      writeFileSync(join(dir, 'a.js'), Buffer.from([0x2f, 0x2f, 0xe9, 0x0a]));
      await git(dir, 'add', '--all');
      const message = join(root.path, 'message');
      writeFileSync(message, Buffer.concat([Buffer.from('Caf'), Buffer.from([0xe9])]));
      await git(
        dir,
        '-c',
        'i18n.commitEncoding=ISO-8859-1',
        'commit',
        '--quiet',
        '--file',
        message,
      );
      return dir;
    },
    async 'with a file of 200 MB'() {
      const dir = await start('large');
      writeFileSync(join(dir, 'hole.bin'), '');
      truncateSync(join(dir, 'hole.bin'), 200_000_000);
      await commitAll(dir, '-c', 'core.bigFileThreshold=1m', '-c', 'core.compression=0');
      return dir;
    },
    async 'with thousands of files'() {
      const dir = await start('many');
      for (let index = 0; index < 4_000; index += 1) {
        const part = join(dir, `part-${index % 40}`);
        mkdirSync(part, { recursive: true });
        writeFileSync(join(part, `file-${index}.js`), `export const value${index} = ${index};\n`);
      }
      await commitAll(dir);
      return dir;
    },
  };

  test.each(Object.keys(makers))('%s is read, and a pack for it can be had', async (kind) => {
    const dir = await makers[kind]!();

    const name = `odd/${kind.replaceAll(/\W+/g, '-')}`;
    const repository = await server.post<{ state: string; fileCount: number }>('/v1/repositories', {
      url: dir,
      name,
    });

    expect(repository.state).toBe(kind === 'empty' ? 'empty' : 'ready');
    const pack = await server.post<{ text: string }>('/v1/context-packs', {
      repository: name,
      title: 'Change the value',
    });
    expect(pack.text).not.toContain('root:x:0');
    rmSync(dir, { recursive: true, force: true });
  });
});

test.skipIf(!canMount())(
  'a full disk answers 503, acknowledges nothing it does not keep, and recovers',
  async () => {
    using small = temporaryFolder('full');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=711', 'tmpfs', small.path]);
    try {
      await using cramped = await startServer({ data: small.path, env });
      const report = async (key: string) => {
        const response = await fetch(new URL('/v1/incidents', cramped.url), {
          method: 'POST',
          headers: { authorization: `Bearer ${cramped.token}`, 'content-type': 'application/json' },
          body: JSON.stringify({
            title: `${key} ${'x'.repeat(400)}`,
            severity: 'high',
            externalKey: key,
            state: 'open',
          }),
        });
        await response.arrayBuffer();
        return response.status;
      };
      const kept: string[] = [];
      if ((await report('before')) === 201) kept.push('before');
      // Everything but a few blocks.
      await execute('dd', ['if=/dev/zero', `of=${join(small.path, 'ballast')}`, 'bs=64k']).catch(
        () => {},
      );

      const refusals = new Set<number>();
      await waitFor(
        'the disk to be noticed',
        async () => {
          for (let count = 0; count < 40; count += 1) {
            const key = randomUUID();
            const status = await report(key);
            if (status === 201) kept.push(key);
            else refusals.add(status);
          }
          return refusals.size > 0;
        },
        { timeoutMs: 90_000 },
      );
      rmSync(join(small.path, 'ballast'));
      await waitFor('the server to recover', async () => (await report('after')) === 201, {
        timeoutMs: 90_000,
        everyMs: 200,
      });

      expect([...refusals]).toEqual([503]);
      const keys = new Set<string>();
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
        const page: { items: { externalKey: string }[]; nextCursor: string | null } =
          await cramped.get(`/v1/incidents?limit=200${query}`);
        for (const { externalKey } of page.items) keys.add(externalKey);
        cursor = page.nextCursor;
      } while (cursor !== null);
      expect(kept.filter((key) => !keys.has(key))).toEqual([]);
      expect(await cramped.post('/v1/audit/verify', {})).toMatchObject({ isValid: true });
    } finally {
      execFileSync('umount', ['-l', small.path]);
    }
  },
);

/** Only root may mount, and not in every container. */
function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  using probe = temporaryFolder('mount');
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', probe.path], { stdio: 'ignore' })
      .status === 0;
  if (isMounted) execFileSync('umount', [probe.path]);
  return isMounted;
}
