/**
 * Goal: real git clients can clone and push, main is safe from all of them, and every push is told
 * once, whatever breaks in between.
 * Method: the git program against a real HTTP server over bare repositories in a temporary folder.
 */
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AppError, findProcess } from '#kernel';
import { waitFor } from '#testing';
import { DEVELOPER, git, READER, startTestForge, type TestForge } from './test-forge.ts';

let fixture: TestForge;
beforeAll(async () => {
  fixture = await startTestForge();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});

let count = 0;
/** A repository of its own for each test. */
async function newRepository(): Promise<string> {
  count += 1;
  const repository = `acme/shop-${count}`;
  await fixture.createRepository(repository);
  return repository;
}

function signalsOf(repository: string) {
  return fixture.signals().filter((signal) => {
    if ('repository' in signal) return signal.repository === repository;
    return 'change' in signal && signal.change.repository === repository;
  });
}

async function tipOf(repository: string, branch: string): Promise<string> {
  const dir = join(fixture.folder, `${repository}.git`);
  return (await git(dir, ['rev-parse', `refs/heads/${branch}`])).trim();
}

describe('pushing', () => {
  test('a pushed branch opens a change, a later push updates it, deletion closes it', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('agent/total');

    const first = await copy.commit({ 'a.txt': '1' }, 'Add a total\n\nLoom-Session: ses_1');
    await copy.git('push', '--quiet', 'origin', 'agent/total');
    const second = await copy.commit({ 'a.txt': '2' }, 'Round the total');
    await copy.git('push', '--quiet', 'origin', 'agent/total');
    await copy.git('push', '--quiet', 'origin', ':agent/total');

    const signals = signalsOf(repository).slice(1);
    expect(signals.map(({ type }) => type)).toEqual([
      'branch.pushed',
      'change.opened',
      'branch.pushed',
      'change.updated',
      'branch.pushed',
      'change.closed',
    ]);
    expect(signals[0]).toMatchObject({
      branch: 'agent/total',
      beforeSha: null,
      afterSha: first,
      isForced: false,
      pusher: { login: 'ada', email: 'ada@acme.test' },
    });
    expect(signals[1]).toMatchObject({
      change: {
        branch: 'agent/total',
        baseBranch: 'main',
        baseSha: await tipOf(repository, 'main'),
        headSha: first,
        title: 'Add a total',
        text: 'Loom-Session: ses_1',
        author: { name: 'Ada', email: 'ada@acme.test' },
      },
    });
    expect(signals[3]).toMatchObject({ change: { headSha: second, title: 'Add a total' } });
    expect(signals[4]).toMatchObject({ beforeSha: second, afterSha: null });
    expect(signals[5]).toMatchObject({ isMerged: false, change: { headSha: second } });
  });

  test('whoever pushed is told by our id of them, and none is lost when two pushes are told as one', async () => {
    await using own = await startTestForge({
      authenticate: (username) => ({
        id: `usr_${username}`,
        name: 'Ada',
        identities: [],
        mayPush: true,
      }),
    });
    await own.createRepository('acme/pushers');
    const copy = await own.clone('acme/pushers');
    await copy.branch('forged');
    await copy.git('config', 'user.email', 'innocent@acme.test');
    own.refuseDeliveries(true);
    for (const user of ['mallory', 'trent']) {
      await copy.commit({ 'a.txt': user }, `Work of ${user}`);
      const url = own.url('acme/pushers', { name: user, secret: 'any' });
      await copy.git('push', '--quiet', url, 'forged');
    }
    own.refuseDeliveries(false);

    await own.restart().sweep();

    const told = own.signals().flatMap((signal) => ('change' in signal ? [signal.change] : []));
    const pushers = told.flatMap((change) => change.pushers ?? []).map(({ id }) => id);
    expect(new Set(pushers)).toEqual(new Set(['usr_mallory', 'usr_trent']));
  });

  test.each(['HEAD', `${'a'.repeat(200)}/${'b'.repeat(60)}`])(
    'a branch that could not be named later on is refused: %s',
    async (branch) => {
      const repository = await newRepository();
      const copy = await fixture.clone(repository);
      await copy.branch('fine');
      await copy.commit({ 'a.txt': '1' }, 'Try');

      const push = copy.git('push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);

      await expect(push).rejects.toThrow(/LoomStack: (?:No branch may be called|The name of)/);
    },
  );

  test('a branch without commits of its own is no change until it has some', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('idea');

    await copy.git('push', '--quiet', 'origin', 'idea');
    await copy.commit({ 'idea.txt': '1' }, 'Have an idea');
    await copy.git('push', '--quiet', 'origin', 'idea');

    expect(
      signalsOf(repository)
        .slice(1)
        .map(({ type }) => type),
    ).toEqual(['branch.pushed', 'branch.pushed', 'change.opened']);
  });

  test('a branch that is set back to its base closes its change', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('given-up');
    const sha = await copy.commit({ 'a.txt': '1' }, 'Try');
    await copy.git('push', '--quiet', 'origin', 'given-up');

    await copy.git('push', '--quiet', '--force', 'origin', 'origin/main:refs/heads/given-up');

    expect(signalsOf(repository).at(-1)).toMatchObject({
      type: 'change.closed',
      isMerged: false,
      change: { headSha: sha },
    });
  });

  test('a forced push is told as forced', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('rework');
    await copy.commit({ 'a.txt': '1' }, 'First try');
    await copy.git('push', '--quiet', 'origin', 'rework');
    await copy.git('commit', '--quiet', '--amend', '--message', 'Second try');

    await copy.git('push', '--quiet', '--force', 'origin', 'rework');

    const pushes = signalsOf(repository).filter(({ type }) => type === 'branch.pushed');
    expect(pushes.map((push) => 'isForced' in push && push.isForced)).toEqual([false, false, true]);
  });

  test('five branches pushed at the same moment by five clients are told once each', async () => {
    const repository = await newRepository();
    const branches = ['one', 'two', 'three', 'four', 'five'];
    const copies = await Promise.all(branches.map(async () => await fixture.clone(repository)));
    await Promise.all(
      branches.map(async (branch, index) => {
        await copies[index]!.branch(branch);
        await copies[index]!.commit({ [`${branch}.txt`]: branch }, `Work on ${branch}`);
      }),
    );

    await Promise.all(
      branches.map(
        async (branch, index) => await copies[index]!.git('push', '--quiet', 'origin', branch),
      ),
    );

    const opened = signalsOf(repository).flatMap((signal) =>
      signal.type === 'change.opened' ? [signal.change.branch] : [],
    );
    expect(opened.sort()).toEqual([...branches].sort());
    const ids = fixture.deliveries.map((delivery) => fixture.forge.source.deliveryId(delivery));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('a branch that goes back and forth gives a new delivery each time', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('wave');
    const low = await copy.commit({ 'a.txt': '1' }, 'Low');
    const high = await copy.commit({ 'a.txt': '2' }, 'High');

    for (const sha of [low, high, low, high]) {
      await copy.git('push', '--quiet', '--force', 'origin', `${sha}:refs/heads/wave`);
    }

    const keys = signalsOf(repository).map(({ dedupeKey }) => dedupeKey);
    expect(keys).toHaveLength(1 + 8);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test('ten megabytes arrive whole, and so do hundreds of small files', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    await copy.branch('big');
    await writeFile(join(copy.dir, 'big.bin'), randomBytes(10_000_000));
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`many/${index}.txt`, String(index)]),
    );
    const sha = await copy.commit(files, 'Add much');

    // Two ways on the wire: one request with a length, and a chunked stream.
    await copy.git('-c', 'http.postBuffer=50000000', 'push', '--quiet', 'origin', 'big');
    await copy.git('push', '--quiet', 'origin', ':big');
    await copy.git('-c', 'http.postBuffer=65536', 'push', '--quiet', 'origin', 'big');

    expect(await tipOf(repository, 'big')).toBe(sha);
    const other = await fixture.clone(repository);
    expect((await other.git('rev-parse', 'origin/big')).trim()).toBe(sha);
  });

  test('a compressed request in the newer protocol is understood', async () => {
    const repository = await newRepository();
    const credentials = Buffer.from(`${READER.name}:${READER.secret}`).toString('base64');

    const response = await fetch(`${fixture.origin}/git/${repository}.git/git-upload-pack`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${credentials}`,
        'content-type': 'application/x-git-upload-pack-request',
        'content-encoding': 'gzip',
        'git-protocol': 'version=2',
      },
      body: new Uint8Array(gzipSync('0014command=ls-refs\n0000')),
    });

    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/x-git-upload-pack-result');
    expect(await response.text()).toContain(`${await tipOf(repository, 'main')} refs/heads/main`);
  });

  test('a tag is taken and means nothing to us', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    const before = fixture.deliveries.length;

    await copy.git('tag', 'v1.0.0');
    await copy.git('push', '--quiet', 'origin', 'v1.0.0');

    expect(fixture.deliveries).toHaveLength(before);
  });

  test('an object that git finds broken is refused', async () => {
    const repository = await newRepository();
    const copy = await fixture.clone(repository);
    const blob = (await copy.git('hash-object', '-w', 'README.md')).trim();
    await writeFile(join(copy.dir, 'tree.txt'), `100644 blob ${blob}\t.git\n`);
    // mktree makes a tree with a file called .git, with which a careless client could be attacked.
    const tree = (
      await copy.git(
        '-c',
        'core.protectHFS=false',
        'hash-object',
        '-w',
        '-t',
        'tree',
        '--literally',
        await treeFile(copy.dir, blob),
      )
    ).trim();
    const commit = (await copy.git('commit-tree', tree, '-m', 'Attack')).trim();

    await expect(copy.git('push', 'origin', `${commit}:refs/heads/attack`)).rejects.toThrow(
      /hasDotgit|fsck/,
    );
  });
});

/** A raw tree object with one entry named .git. */
async function treeFile(dir: string, blob: string): Promise<string> {
  const path = join(dir, 'tree.bin');
  await writeFile(path, Buffer.concat([Buffer.from('100644 .git\0'), Buffer.from(blob, 'hex')]));
  return path;
}

describe('protection', () => {
  const repository = 'acme/guarded';
  beforeAll(async () => {
    await fixture.createRepository(repository);
  });

  test.each([
    ['a commit on top of it', /main is protected/, ['HEAD:refs/heads/main']],
    ['a forced one', /main is protected/, ['--force', 'HEAD:refs/heads/main']],
    ['its deletion', /main is protected and cannot be deleted/, [':main']],
    ['push options', /push options/, ['--push-option=override=true', 'HEAD:refs/heads/main']],
    ['another spelling', /Main is protected/, ['HEAD:refs/heads/Main']],
    ['a ref that is neither branch nor tag', /cannot be pushed/, ['HEAD:refs/notes/x']],
    ['a ref of our own', /hidden|denied|cannot be pushed/, ['HEAD:refs/loom/heads']],
  ])('main refuses %s', async (_what, message, args) => {
    const copy = await fixture.clone(repository);
    const before = await tipOf(repository, 'main');
    const told = fixture.deliveries.length;
    await copy.commit({ 'a.txt': '1' }, 'Go round the rules');

    await expect(copy.git('push', 'origin', ...args)).rejects.toThrow(message);

    expect(await tipOf(repository, 'main')).toBe(before);
    expect(fixture.deliveries).toHaveLength(told);
  });

  test('the refusal says what to do instead', async () => {
    const copy = await fixture.clone(repository);
    await copy.commit({ 'a.txt': '1' }, 'Go round the rules');

    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(
      /main is protected[\s\S]*git push origin HEAD:refs\/heads\/<your-branch>/,
    );
  });

  test('a hook that was removed or changed is put back before the next push', async () => {
    const hook = join(fixture.folder, `${repository}.git`, 'hooks', 'pre-receive');
    const copy = await fixture.clone(repository);
    await copy.commit({ 'a.txt': '1' }, 'Go round the rules');

    await rm(hook);
    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(/main is protected/);
    await writeFile(hook, '#!/bin/sh\nexit 0\n');
    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(/main is protected/);
    await chmod(hook, 0o644);
    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(/main is protected/);
  });

  test("hooks of the repository's own settings are not ours and do not count", async () => {
    const dir = join(fixture.folder, `${repository}.git`);
    await git(dir, ['config', 'core.hooksPath', '/nowhere']);
    const copy = await fixture.clone(repository);
    await copy.commit({ 'a.txt': '1' }, 'Go round the rules');

    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(/main is protected/);
  });

  test('one refused ref takes the whole push with it', async () => {
    const copy = await fixture.clone(repository);
    await copy.commit({ 'a.txt': '1' }, 'Go round the rules');

    await expect(copy.git('push', 'origin', 'HEAD:main', 'HEAD:side')).rejects.toThrow(
      /main is protected/,
    );

    await expect(tipOf(repository, 'side')).rejects.toThrow(/unknown revision/);
  });

  test('a default branch with another name is as safe', async () => {
    await fixture.forge.createRepository('acme/old-school', { defaultBranch: 'trunk' });
    const copy = await fixture.clone('acme/old-school');
    await copy.commit({ 'a.txt': '1' }, 'Begin');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/trunk');
    await copy.commit({ 'a.txt': '2' }, 'Go on');

    await expect(copy.git('push', 'origin', 'HEAD:trunk')).rejects.toThrow(/trunk is protected/);
    await expect(copy.git('push', 'origin', 'HEAD:main')).rejects.toThrow(/cannot be created/);
  });
});

describe('access', () => {
  const repository = 'acme/private';
  beforeAll(async () => {
    await fixture.createRepository(repository);
  });

  test('a stranger may neither read nor push', async () => {
    const stranger = { name: 'mallory', secret: 'guess' };

    await expect(git('/tmp', ['ls-remote', fixture.url(repository, stranger)])).rejects.toThrow(
      /Authentication failed/,
    );
    await expect(
      git('/tmp', ['ls-remote', `${fixture.origin}/git/${repository}.git`]),
    ).rejects.toThrow(/could not read Username|Authentication failed/);
  });

  test('a reader may clone but not push', async () => {
    const copy = await fixture.clone(repository, READER);
    await copy.branch('side');
    await copy.commit({ 'a.txt': '1' }, 'Try');

    await expect(copy.git('push', 'origin', 'side')).rejects.toThrow(/403/);
  });

  test('anyone may read where that is wished, and still not push', async () => {
    await using open = await startTestForge({ isReadableByAnyone: true });
    await open.createRepository('acme/open');
    const url = `${open.origin}/git/acme/open.git`;

    expect(await git('/tmp', ['ls-remote', url])).toContain('refs/heads/main');
    const copy = await open.clone('acme/open');
    await expect(copy.git('push', url, 'HEAD:refs/heads/x')).rejects.toThrow(
      /could not read Username/,
    );
  });

  test.each([
    ['GET', '/git/acme/private.git/config'],
    ['GET', '/git/acme/private.git/HEAD'],
    ['GET', '/git/acme/private.git/objects/info/packs'],
    ['GET', '/git/acme/private.git/info/refs'],
    ['GET', '/git/acme/private.git/info/refs?service=git-upload-archive'],
    ['GET', '/git/acme/../acme/private.git/info/refs?service=git-upload-pack'],
    ['GET', '/git/acme/%2e%2e/shop-1.git/info/refs?service=git-upload-pack'],
    ['GET', '/git/../../etc.git/info/refs?service=git-upload-pack'],
    ['GET', '/git/.unfinished/x.git/info/refs?service=git-upload-pack'],
    ['GET', '/git/acme/none.git/info/refs?service=git-upload-pack'],
    ['PUT', '/git/acme/private.git/git-receive-pack'],
    ['GET', `/git/acme/${'x'.repeat(5_000)}.git/info/refs?service=git-upload-pack`],
  ])('%s %s is not found', async (method, path) => {
    const status = await statusOf(method, path);

    expect(status).toBe(404);
  });

  async function statusOf(method: string, path: string): Promise<number | undefined> {
    const auth = `${DEVELOPER.name}:${DEVELOPER.secret}`;
    return await new Promise((resolve, reject) => {
      // node:http sends the path as it is; fetch would tidy it up first.
      const { hostname, port } = new URL(fixture.origin);
      request({ hostname, port, method, path, auth }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  }
});

describe('what breaks in between', () => {
  test('a push that could not be told is told by the next sweep, the same way', async () => {
    await using own = await startTestForge();
    await own.createRepository('acme/shop');
    const copy = await own.clone('acme/shop');
    await copy.branch('side');
    const sha = await copy.commit({ 'a.txt': '1' }, 'Work');

    own.refuseDeliveries(true);
    await copy.git('push', '--quiet', 'origin', 'side');
    const told = own.deliveries.length;
    own.refuseDeliveries(false);
    await own.restart().sweep();
    await own.forge.sweep();

    expect(own.deliveries).toHaveLength(told + 1);
    expect(own.signals().at(-1)).toMatchObject({ type: 'change.opened', change: { headSha: sha } });
    own.forge.source.verify(own.deliveries.at(-1)!);
  });

  test('a delivery that was taken but not marked so comes again with the same bytes', async () => {
    await using own = await startTestForge();
    await own.createRepository('acme/shop');
    const journal = join(own.folder, 'acme/shop.git/loomstack/deliveries.json');
    const copy = await own.clone('acme/shop');
    await copy.branch('side');
    await copy.commit({ 'a.txt': '1' }, 'Work');
    own.refuseDeliveries(true);
    await copy.git('push', '--quiet', 'origin', 'side');
    const pending = await readFile(journal);
    own.refuseDeliveries(false);

    await own.forge.sweep();
    await writeFile(journal, pending);
    await own.restart().sweep();

    const [first, second] = own.deliveries.slice(-2);
    expect(second).toEqual(first);
  });

  test('a push that git took while nobody listened is told by the sweep', async () => {
    await using own = await startTestForge();
    await own.createRepository('acme/shop');
    const dir = join(own.folder, 'acme/shop.git');
    await git(dir, ['branch', 'by-hand', 'main']);
    const tree = (await git(dir, ['rev-parse', 'main^{tree}'])).trim();
    const sha = (await git(dir, ['commit-tree', tree, '-p', 'main', '-m', 'By hand'])).trim();
    await git(dir, ['update-ref', 'refs/heads/by-hand', sha]);

    await own.forge.sweep();

    expect(own.signals().at(-1)).toMatchObject({ type: 'change.opened', change: { headSha: sha } });
  });

  test('what is refused as unreadable does not hold up what follows', async () => {
    const taken: string[] = [];
    await using own = await startTestForge({
      async onDelivery(delivery) {
        const text = Buffer.from(delivery.body).toString();
        if (text.includes('"poison"')) throw new AppError('invalid', 'test.no', { message: 'No.' });
        taken.push(text);
      },
    });
    await own.createRepository('acme/shop');
    const copy = await own.clone('acme/shop');
    await copy.commit({ 'a.txt': '1' }, 'Work');

    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/poison');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/sound');

    expect(taken.at(-1)).toContain('"sound"');
  });

  test.runIf(process.platform === 'linux')(
    'a client that goes away in the middle leaves no program behind',
    async () => {
      const repository = await newRepository();
      const { hostname, port } = new URL(fixture.origin);
      const before = await backends();
      const upload = request({
        hostname,
        port,
        method: 'POST',
        path: `/git/${repository}.git/git-receive-pack`,
        auth: `${DEVELOPER.name}:${DEVELOPER.secret}`,
        headers: { 'content-type': 'application/x-git-receive-pack-request' },
      });
      upload.on('error', () => undefined);
      upload.write('00');
      await waitFor(
        'git to serve the upload',
        async () => (await backends()).length > before.length,
      );

      upload.destroy();

      await waitFor('git to be gone', async () => (await backends()).length <= before.length);
    },
  );

  /** Programs this process has started for the forge and that still run. */
  async function backends(): Promise<string[]> {
    const children = await readFile(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
    return children.split(' ').filter((pid) => pid.trim() !== '' && findProcess(Number(pid)));
  }
});

describe('repositories', () => {
  test('one made from another has its branches and tags, and its history is no news', async () => {
    const origin = await newRepository();
    const copy = await fixture.clone(origin);
    await copy.git('tag', 'v1');
    await copy.git('push', '--quiet', 'origin', 'v1');
    const before = fixture.deliveries.length;

    const { cloneUrl } = await fixture.forge.createRepository('acme/fork', { from: copy.dir });
    await fixture.forge.sweep();

    expect(cloneUrl).toBe(`${fixture.origin}/git/acme/fork.git`);
    expect(await tipOf('acme/fork', 'main')).toBe(await tipOf(origin, 'main'));
    expect((await (await fixture.clone('acme/fork')).git('tag')).trim()).toBe('v1');
    expect(fixture.deliveries).toHaveLength(before);
  });

  test('the default branch of the source is taken where it has another name', async () => {
    await fixture.forge.createRepository('acme/trunk', { defaultBranch: 'trunk' });
    const copy = await fixture.clone('acme/trunk');
    await copy.commit({ 'a.txt': '1' }, 'Begin');
    await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/trunk');

    const from = join(fixture.folder, 'acme/trunk.git');
    await fixture.forge.createRepository('acme/trunk-copy', { from });

    const head = await git(join(fixture.folder, 'acme/trunk-copy.git'), ['symbolic-ref', 'HEAD']);
    expect(head.trim()).toBe('refs/heads/trunk');
  });

  test.runIf(process.getuid?.() === 0)('one of another user can be copied', async () => {
    const origin = await newRepository();
    const copy = await fixture.clone(origin);
    await chown(copy.dir, 12_345, 12_345);
    await chown(join(copy.dir, '.git'), 12_345, 12_345);

    await fixture.forge.createRepository('acme/foreign', { from: copy.dir });

    expect(await tipOf('acme/foreign', 'main')).toBe(await tipOf(origin, 'main'));
  });

  test('a name that is taken is refused, and is free again after removal', async () => {
    await fixture.forge.createRepository('acme/twice');

    await expect(fixture.forge.createRepository('acme/twice')).rejects.toMatchObject({
      code: 'local.repository_exists',
    });
    await fixture.forge.removeRepository('acme/twice');
    await fixture.forge.createRepository('acme/twice');

    expect(await fixture.forge.listRepositories()).toContain('acme/twice');
  });

  test('what cannot be copied leaves nothing behind', async () => {
    await expect(
      fixture.forge.createRepository('acme/nowhere', { from: '/nowhere/at/all' }),
    ).rejects.toMatchObject({ code: 'local.import_failed' });

    expect(await fixture.forge.listRepositories()).not.toContain('acme/nowhere');
  });

  test('what a crash left half-made is removed after a day, and nothing younger', async () => {
    const workshop = join(fixture.folder, '.unfinished');
    const [old, young] = [join(workshop, 'old.git'), join(workshop, 'young.git')];
    await mkdir(old);
    await mkdir(young);
    await utimes(old, new Date(0), new Date(0));

    await fixture.forge.sweep();

    expect(await readdir(workshop)).toEqual(['young.git']);
  });

  test.each(['', 'shop', 'a/b/c', '../etc', 'acme/..', 'acme/.git', 'acme/x.git', '-x/y', 'a/b\0'])(
    'the name %j is refused',
    async (name) => {
      await expect(fixture.forge.createRepository(name)).rejects.toMatchObject({
        code: 'local.bad_repository_name',
      });
    },
  );
});
