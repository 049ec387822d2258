/**
 * Goal: a mirror follows its source, keeps no secret, and a wrong source is named as such.
 * Method: real repositories on disk and a small HTTP server that answers like a host that refuses.
 */
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { testRepository } from '#testing';
import { cloneMirror } from './repository.ts';

const root = mkdtempSync(join(tmpdir(), 'loom-mirror-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
const newFolder = () => join(root, `${(count += 1)}.git`);

test('a mirror has the branches and tags of its source and follows them', async () => {
  await using made = await testRepository();
  const first = await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.git('tag', 'v1');
  await made.branch('topic');
  await made.switchTo('main');
  const phases = new Set<string>();

  const git = await cloneMirror({
    url: made.dir,
    dir: newFolder(),
    onProgress: ({ phase }) => phases.add(phase),
  });

  expect(await git.defaultBranch()).toBe('main');
  expect((await git.branches()).map(({ name }) => name)).toEqual(['main', 'topic']);
  const second = await made.commit({ files: { 'a.txt': 'b\n' } });
  await made.git('branch', '-D', 'topic');
  await made.git('tag', '-f', 'v1', second);
  await git.fetch();
  expect(await git.resolve('main')).toBe(second);
  expect(await git.resolve('topic')).toBeUndefined();
  expect(await git.resolve('refs/tags/v1')).toBe(second);
  // History that was rewritten is followed, not merged.
  await made.git('reset', '--hard', '--quiet', first);
  const other = await made.commit({ files: { 'a.txt': 'c\n' } });
  await made.git('branch', '-m', 'main', 'trunk');
  await git.fetch();
  expect(await git.defaultBranch()).toBe('trunk');
  expect(await git.resolve('trunk')).toBe(other);
});

test('an empty repository can be mirrored and fills up later', async () => {
  await using made = await testRepository({ branch: 'trunk' });

  const git = await cloneMirror({ url: made.dir, dir: newFolder() });

  expect(await git.resolve('HEAD')).toBeUndefined();
  const sha = await made.commit({ files: { 'a.txt': 'a\n' } });
  await git.fetch();
  expect(await git.defaultBranch()).toBe('trunk');
  expect(await git.resolve('HEAD')).toBe(sha);
});

test('a shallow source is mirrored as far as it goes and followed when deepened', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.commit({ files: { 'a.txt': 'b\n' } });
  const shallow = newFolder();
  execFileSync('git', ['clone', '-q', '--depth', '1', `file://${made.dir}`, shallow]);

  const git = await cloneMirror({ url: shallow, dir: newFolder() });
  expect(await git.countCommits({ to: 'HEAD' })).toBe(1);

  execFileSync('git', ['-C', shallow, 'fetch', '-q', '--unshallow']);
  await git.fetch();
  expect(await git.resolve('HEAD')).toBeDefined();
});

test('nothing configured in the source runs while it is mirrored', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  const mark = join(root, 'was-run');
  const script = join(root, 'script.sh');
  writeFileSync(script, `#!/bin/sh\ntouch ${mark}\n`);
  chmodSync(script, 0o755);
  for (const name of ['core.fsmonitor', 'core.sshCommand', 'uploadpack.packObjectsHook'])
    await made.git('config', name, script);
  await made.git('config', 'core.hooksPath', root);
  writeFileSync(join(root, 'reference-transaction'), `#!/bin/sh\ntouch ${mark}\n`, { mode: 0o755 });

  const git = await cloneMirror({ url: made.dir, dir: newFolder() });
  await made.commit();
  rmSync(mark, { force: true });
  await git.fetch();

  expect(existsSync(mark)).toBe(false);
});

test('a local source is linked, not copied', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.git('repack', '-adq');
  const dir = newFolder();

  await cloneMirror({ url: made.dir, dir });

  const [pack] = execFileSync('sh', ['-c', `ls ${dir}/objects/pack/*.pack`])
    .toString()
    .split('\n');
  expect(statSync(pack!).nlink).toBe(2);
});

test('a path without a repository is named, and nothing is left behind', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'sub/a.txt': 'a\n' } });
  for (const url of [root, join(root, 'absent'), join(made.dir, 'sub'), `file://${root}`]) {
    const dir = newFolder();
    await expect(cloneMirror({ url, dir })).rejects.toMatchObject({
      code: 'git.not_a_repository',
      hint: expect.stringContaining('bare repository'),
    });
    expect(existsSync(dir)).toBe(false);
  }
});

test('an option in place of a URL is not obeyed', async () => {
  await expect(
    cloneMirror({ url: '--upload-pack=touch /tmp/x', dir: newFolder() }),
  ).rejects.toMatchObject({ code: 'git.not_a_repository' });
  for (const url of ['ext::sh -c id', 'ssh://-oProxyCommand=id/x', 'ssh://host/-x']) {
    await expect(cloneMirror({ url, dir: newFolder() })).rejects.toMatchObject({
      code: expect.stringMatching(/^git\.(?:bad_url|unreachable)$/),
    });
  }
});

test('a host that refuses, knows nothing, or is not there is told apart', async () => {
  const asked: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers.authorization);
    response.statusCode = request.url?.startsWith('/private') === true ? 403 : 404;
    response.end();
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  try {
    const headers = { Authorization: 'Bearer secret-1' };
    await expect(
      cloneMirror({ url: `http://127.0.0.1:${port}/private.git`, dir: newFolder(), headers }),
    ).rejects.toMatchObject({ code: 'git.access_denied' });
    await expect(
      cloneMirror({ url: `http://me:pass@127.0.0.1:${port}/none.git`, dir: newFolder() }),
    ).rejects.toMatchObject({
      code: 'git.not_a_repository',
      message: expect.not.stringContaining('pass'),
    });
    expect(asked[0]).toBe('Bearer secret-1');
    expect(asked.at(-1)).toBe(`Basic ${Buffer.from('me:pass').toString('base64')}`);
  } finally {
    server.close();
  }
  await expect(
    cloneMirror({ url: `http://127.0.0.1:${port}/gone.git`, dir: newFolder() }),
  ).rejects.toMatchObject({ code: 'git.unreachable' });
});

test('credentials in a URL are used and not stored', async () => {
  await using made = await testRepository();
  await made.commit({ files: { 'a.txt': 'a\n' } });
  await made.git('update-server-info');
  const server = createServer((request, response) => {
    try {
      response.end(
        readFileSync(join(made.dir, '.git', request.url!.replace(/^\/r\.git|\?.*$/g, ''))),
      );
    } catch {
      response.statusCode = 404;
      response.end();
    }
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  const dir = newFolder();
  try {
    await cloneMirror({ url: `http://me:pass@127.0.0.1:${port}/r.git`, dir });
  } finally {
    server.close();
  }

  const config = readFileSync(join(dir, 'config'), 'utf8');
  expect(config).toContain(`http://127.0.0.1:${port}/r.git`);
  expect(config).not.toContain('pass');
});
