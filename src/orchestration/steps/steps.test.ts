/**
 * Goal: what steps compute is right without a server: results, words, and commands that are held in
 * check.
 * Method: values in, values out; commands are run for real in a temporary folder.
 */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Decision } from '#policy';
import { waitFor } from '#testing';
import { describeMissing, loginsOf } from './approve.ts';
import { npmCommand } from './default-command.ts';
import { checksOf } from './checks.ts';
import { maskSecrets } from './mask-secrets.ts';
import { toResult } from './merge.ts';
import { fillIn } from './notify.ts';
import { renderVerdict } from './render-verdict.ts';
import { commandEnvironment, runCommand } from './run-command.ts';
import { matches } from './wait.ts';

const decision: Decision = {
  id: 'dec_019abc00000070008000000000000001',
  changeId: 'chg_019abc00000070008000000000000001',
  repository: 'acme/shop',
  baseSha: 'a'.repeat(40),
  headSha: 'b'.repeat(40),
  policyVersion: '0123456789abcdef',
  policySource: '.loom/policy.yaml@aaaa',
  lane: 'one-reviewer',
  outcome: 'escalate',
  rules: [
    {
      id: 'payments',
      file: '.loom/policy.yaml',
      line: 12,
      because: 'money | moves @here',
      kind: 'requirement',
      reviewers: 1,
      from: ['team:payments'],
      isMet: false,
    },
  ],
  score: 40,
  factors: [{ name: 'size', value: 200, points: 40, explanation: '200 lines' }],
  missing: [{ rule: 'payments', what: 'one consent', who: ['team:payments', '@ada'] }],
  facts: {},
  decidedAt: new Date(0),
};

async function inFolder<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'loom-command-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function run(
  command: string | string[],
  folder: string,
  options: { timeoutMs?: number; signal?: AbortSignal } = {},
) {
  return runCommand({
    command,
    folder,
    environment: commandEnvironment({ home: folder, temporary: folder }),
    timeoutMs: options.timeoutMs ?? 60_000,
    signal: options.signal ?? new AbortController().signal,
    nowMs: () => Date.now(),
  });
}

test('one failed check fails all; without any, nothing is known', () => {
  expect(checksOf({})).toBe('unknown');
  expect(checksOf({ pack: { packId: 'x' } })).toBe('unknown');
  expect(checksOf({ a: { checks: 'passed' }, pack: {} })).toBe('passed');
  expect(checksOf({ a: { checks: 'passed' }, b: { checks: 'failed' } })).toBe('failed');
  expect(checksOf({ a: { checks: 'passed' }, b: { checks: 'unknown' } })).toBe('unknown');
});

test('a verdict names its rule, the line, the words, and who can give what is missing', () => {
  const { title, summary, conclusion } = renderVerdict(decision, {
    title: 'Round *refunds* for [@everyone](http://evil)',
    authorKind: 'agent',
  });

  expect([title, conclusion]).toEqual(['Needs one reviewer', 'action-required']);
  expect(summary).toContain('- one consent: `team:payments`, `@ada`');
  expect(summary).toContain('| open | `payments` |');
  expect(summary).toContain('.loom/policy.yaml:12');
  expect(summary).toContain('Risk: 40 of 100');
  // What people wrote stays text: no link, no mention, no table cell of its own.
  expect(summary).not.toContain('[@everyone](');
  expect(summary).not.toContain('@everyone');
  expect(summary).toContain(String.raw`money \| moves`);
});

test('a reviewed change is green under whatever lane it took', () => {
  const { title, conclusion } = renderVerdict(
    { ...decision, outcome: 'ship', missing: [] },
    { title: 't', authorKind: 'human' },
  );

  expect([title, conclusion]).toEqual(['Reviewed: may merge', 'success']);
});

test('a waiting step says what is missing and asks only accounts of the host', () => {
  expect(describeMissing(decision)).toBe('Waits for: one consent (team:payments, @ada)');
  expect(loginsOf(['@ada', 'github:bob', 'team:x', 'person:ada@x.org', '@ada'], 'github')).toEqual([
    'ada',
    'bob',
  ]);
});

test('a merge ends the step, a conflict fails it for good with its paths', () => {
  expect(toResult({ outcome: 'merged', mergeSha: 'c' })).toMatchObject({
    outcome: 'done',
    output: { mergeSha: 'c' },
  });
  expect(toResult({ outcome: 'conflict', paths: ['a.ts'] })).toMatchObject({
    outcome: 'failed',
    isPermanent: true,
    message: expect.stringContaining('a.ts') as string,
  });
  expect(toResult({ outcome: 'refused', reason: 'locked' })).toMatchObject({
    message: expect.stringContaining('locked') as string,
  });
  expect(toResult({})).toMatchObject({ outcome: 'failed', isPermanent: true });
});

test('a signal is let in by the values of its body', () => {
  const wanted = { status: ['succeeded', 'failed'], environment: 'production' };

  expect(matches({ status: 'failed', environment: 'production' }, wanted)).toBe(true);
  expect(matches({ status: 'started', environment: 'production' }, wanted)).toBe(false);
  expect(matches({ status: 'failed' }, wanted)).toBe(false);
  expect(matches({}, {})).toBe(true);
});

test('names in braces are filled in once, and unknown ones stay', () => {
  expect(fillIn('{title} on {branch} {x}', { title: '{branch}', branch: 'b' })).toBe(
    '{branch} on b {x}',
  );
});

test.each([
  ['{"scripts":{"test":"vitest"}}', false, 'npm test --silent'],
  [
    '{"scripts":{"test":"vitest"},"devDependencies":{"vitest":"1"}}',
    true,
    'npm ci --no-audit --no-fund && npm test --silent',
  ],
  ['{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}', false, undefined],
  ['{"scripts":{}}', false, undefined],
  ['not json', false, undefined],
])('the check of package.json %s (lock: %s) is %s', (text, hasLock, command) => {
  expect(npmCommand(text, hasLock)).toBe(command);
});

test.each([
  ['token ghp_abcdefghijklmnopqrstuvwxyz0123456789', 'ghp_'],
  ['key loom_abcdefghijklmnopqrstuvwx', 'loom_abc'],
  ['https://ada:hunter22@host/x', 'hunter22'],
  ['PASSWORD=correct-horse', 'correct-horse'],
  ['Authorization: Bearer abcdef123456', 'abcdef123456'],
  ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----', 'MIIE'],
])('the secret in %j is hidden', (text, secret) => {
  expect(maskSecrets(text)).not.toContain(secret);
  expect(maskSecrets(text)).toContain('[hidden]');
});

test('a command that fails is an answer with the end of its words', async () => {
  await inFolder(async (folder) => {
    const result = await run('echo before; echo problem >&2; exit 3', folder);

    expect(result).toMatchObject({ exitCode: 3, stopped: null, isCut: false });
    expect(result.output).toContain('problem');
  });
});

test('a command sees a clean environment and none of our secrets', async () => {
  process.env['LOOM_DATABASE_URL'] = 'postgres://secret';
  await inFolder(async (folder) => {
    const { output } = await run(['env'], folder);

    expect(output).not.toContain('LOOM_DATABASE_URL');
    expect(output).toContain(`HOME=${folder}`);
    expect(output).toContain('CI=true');
  });
  delete process.env['LOOM_DATABASE_URL'];
});

test('a list is run as it is, without a shell', async () => {
  await inFolder(async (folder) => {
    const { output } = await run(['echo', '$HOME; touch here'], folder);

    expect(output.trim()).toBe('$HOME; touch here');
    expect(await readdir(folder)).toEqual([]);
  });
});

test('a program that is not there is an answer too', async () => {
  await inFolder(async (folder) => {
    expect(await run(['no-such-program-here'], folder)).toMatchObject({
      exitCode: null,
      stopped: 'not-started',
    });
  });
});

test('a command that takes too long is stopped with everything it started', async () => {
  await inFolder(async (folder) => {
    await writeFile(join(folder, 'child.sh'), 'echo $$ > pid; exec sleep 300\n');

    const result = await run('sh child.sh & while true; do sleep 1; done', folder, {
      timeoutMs: 1_500,
    });

    expect(result).toMatchObject({ stopped: 'timeout' });
    const pid = Number((await readFilePid(folder)).trim());
    await waitFor('the grandchild to be gone', () => !isAlive(pid));
  });
});

test('what a finished command left running in the background ends with it', async () => {
  await inFolder(async (folder) => {
    const result = await run(
      '(echo $BASHPID; sh -c "echo \\$\\$ > pid; exec sleep 300") & sleep 0.2; while [ ! -s pid ]; do sleep 0.05; done; exit 0',
      folder,
    );

    expect(result).toMatchObject({ exitCode: 0, stopped: null });
    const pid = Number((await readFilePid(folder)).trim());
    await waitFor('the background process to be gone', () => !isAlive(pid));
  });
});

test('a step that is told to stop stops its command', async () => {
  await inFolder(async (folder) => {
    const stopping = new AbortController();
    const running = run('echo $$ > pid; sleep 300', folder, { signal: stopping.signal });
    await waitFor('the command to have begun', async () => (await readdir(folder)).includes('pid'));
    stopping.abort();

    expect(await running).toMatchObject({ stopped: 'aborted' });
  });
});

test('only the end of a long output is kept', async () => {
  await inFolder(async (folder) => {
    const result = await run('yes line | head -c 1000000; echo the end', folder);

    expect(result.isCut).toBe(true);
    expect(result.output.length).toBeLessThanOrEqual(64 * 1024);
    expect(result.output.trimEnd().endsWith('the end')).toBe(true);
  });
});

async function readFilePid(folder: string): Promise<string> {
  return readFile(join(folder, 'pid'), 'utf8');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
