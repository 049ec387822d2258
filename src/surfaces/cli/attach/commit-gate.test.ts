/**
 * Goal: git asks us before each commit, hooks that were there go on running and come back as they were,
 * and nothing is written that would reach other repositories.
 * Method: real repositories with hooks of others, and a program of the test's own in our place.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { planGate } from './commit-gate.ts';

let folder: string;
let root: string;
let log: string;
let caller: { command: string; args: string[] };

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'loom-gate-')));
  root = join(folder, 'shop');
  log = join(folder, 'log');
  git(folder, 'init', '-q', '-b', 'main', root);
  // In our place: notes what it was asked, and refuses messages that say so.
  const command = join(folder, 'a loom');
  writeFileSync(command, `#!/bin/sh\necho "gate $1" >> '${log}'\n! grep -q REFUSE "$2"\n`);
  chmodSync(command, 0o755);
  caller = { command, args: [] };
});
afterEach(() => rmSync(folder, { recursive: true }));

function git(cwd: string, ...args: string[]): string {
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com'];
  return execFileSync('git', [...who, ...args], { cwd, encoding: 'utf8', stdio: 'pipe' });
}

function commits(message: string, cwd = root): boolean {
  const args = ['-c', 'user.name=A', '-c', 'user.email=a@b', 'commit', '--allow-empty', '-qm'];
  return spawnSync('git', [...args, message], { cwd }).status === 0;
}
const attach = (at = root) => planGate('attach', at, caller).write();
const detach = (at = root) => planGate('detach', at, caller).write();
const logged = () => (existsSync(log) ? readFileSync(log, 'utf8') : '');
const put = (path: string, text: string) => {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
};

test('a clone without hooks gets one, attaching twice is once, and detaching leaves nothing', () => {
  const hook = join(root, '.git/hooks/commit-msg');

  attach();
  expect(planGate('attach', root, caller).files).toEqual([]);
  expect([commits('fine'), commits('REFUSE this')]).toEqual([true, false]);
  expect(logged()).toBe('gate commit-gate\ngate commit-gate\n');

  detach();
  expect([existsSync(hook), existsSync(join(root, '.git/loom'))]).toEqual([false, true]);
  expect(commits('REFUSE this')).toBe(true);
});

test('a hook that was there runs first and still refuses, and comes back with bytes, mode and link', () => {
  const hook = join(root, '.git/hooks/commit-msg');
  const script = join(folder, 'theirs');
  mkdirSync(join(root, '.git/hooks'), { recursive: true });
  put(script, `#!/bin/sh\necho theirs >> '${log}'\n! grep -q BAD "$1"`);
  chmodSync(script, 0o750);
  symlinkSync(script, hook);

  attach();
  expect([commits('fine'), commits('BAD'), commits('REFUSE')]).toEqual([true, false, false]);
  expect(logged()).toBe('theirs\ngate commit-gate\ntheirs\ntheirs\ngate commit-gate\n');

  detach();
  expect(lstatSync(hook).isSymbolicLink()).toBe(true);
  expect(statSync(hook).mode & 0o777).toBe(0o750);
  expect(readFileSync(hook, 'utf8')).toContain('! grep -q BAD "$1"');
  expect(existsSync(`${hook}.before-loom`)).toBe(false);
});

test.each(['#!/bin/sh\nnpx commitlint --edit "$1"', 'true\n', undefined])(
  'in a repository with husky our lines go into its own script, and out to the byte: %j',
  (before) => {
    const husky = join(root, '.husky');
    mkdirSync(join(husky, '_'), { recursive: true });
    git(root, 'config', 'core.hooksPath', '.husky/_');
    if (before !== undefined) writeFileSync(join(husky, 'commit-msg'), before);

    attach();
    expect(readFileSync(join(husky, 'commit-msg'), 'utf8')).toContain('commit-gate "$1"');
    expect(existsSync(join(husky, '_/commit-msg'))).toBe(false);

    detach();
    const path = join(husky, 'commit-msg');
    const after = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    expect(after).toBe(before);
  },
);

test('hooks that many repositories share are left alone, and the person is told the line to add', () => {
  const shared = join(folder, 'shared');
  mkdirSync(shared);
  git(root, 'config', 'core.hooksPath', shared);

  const plan = planGate('attach', root, caller);
  plan.write();

  expect(plan.files).toEqual([]);
  expect(plan.notes[0]).toContain("a loom' commit-gate");
  expect(existsSync(join(shared, 'commit-msg'))).toBe(false);
});

test('work trees share the hook: it stays until the last of them is detached', () => {
  commits('first');
  const tree = join(folder, 'tree');
  git(root, 'worktree', 'add', '-q', tree);
  attach();
  attach(tree);

  detach(tree);
  expect(commits('REFUSE', tree)).toBe(false);
  detach();
  expect(commits('REFUSE', tree)).toBe(true);
});

test('a hook of ours that somebody added to is not thrown away', () => {
  attach();
  const hook = join(root, '.git/hooks/commit-msg');
  writeFileSync(hook, `${readFileSync(hook, 'utf8')}echo mine\n`);

  expect(() => planGate('detach', root, caller)).toThrow(
    expect.objectContaining({ code: 'attach.edited_file' }),
  );
  expect(readFileSync(hook, 'utf8')).toContain('echo mine');
});

test('a program that is gone stops no commit', () => {
  attach();
  rmSync(caller.command);

  expect(commits('REFUSE')).toBe(true);
});
