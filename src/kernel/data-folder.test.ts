/**
 * Goal: one server per data folder, and a folder whose server died is free at once.
 * Method: a second process that really holds the folder, and lock files a dead one leaves.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDataFolder } from './data-folder.ts';
import { findProcess } from './process-table.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loom-data-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Starts a process that takes the folder and holds it. */
async function holdElsewhere() {
  const script = `const { lockDataFolder } = await import(${JSON.stringify(join(import.meta.dirname, 'data-folder.ts'))});
    lockDataFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script]);
  await once(child.stdout, 'data');
  return child;
}

const inUse = expect.objectContaining({ kind: 'conflict', code: 'data.in_use' }) as unknown;
const lockFile = () => join(folder, 'loom.lock');
const writeLock = (pid: number, startedAt: string) =>
  writeFileSync(lockFile(), JSON.stringify({ pid, startedAt, since: '2026-01-01T00:00:00.000Z' }));

test('a second server on the folder is refused, told who holds it, and free when that one is killed', async () => {
  const child = await holdElsewhere();

  expect(() => lockDataFolder(folder)).toThrow(
    expect.objectContaining({
      code: 'data.in_use',
      message: expect.stringContaining(`process ${child.pid}`),
    }),
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  using lock = lockDataFolder(folder);

  expect(lock).toBeDefined();
});

test('the same process cannot take the folder twice, but again after it gave it back', () => {
  const lock = lockDataFolder(folder);
  expect(() => lockDataFolder(folder)).toThrow(inUse);
  lock[Symbol.dispose]();

  expect(existsSync(lockFile())).toBe(false);
  using again = lockDataFolder(folder);
  expect(again).toBeDefined();
});

test('a missing folder is made', () => {
  const deep = join(folder, 'a', 'b');

  using _lock = lockDataFolder(deep);

  expect(readdirSync(deep)).toEqual(['loom.lock']);
});

test.each([
  ['a process that is gone', () => writeLock(2 ** 30, 'then')],
  ['a number that went to another process', () => writeLock(process.pid, 'then')],
  ['a crash while writing', () => writeFileSync(lockFile(), '{"pid":')],
])('the lock of %s is taken over', (_what, leave) => {
  leave();

  using _lock = lockDataFolder(folder);

  expect(() => lockDataFolder(folder)).toThrow(inUse);
  expect(readdirSync(folder)).toEqual(['loom.lock']);
});

test('giving the folder back leaves the lock of a later owner alone', () => {
  const lock = lockDataFolder(folder);
  writeLock(process.pid, findProcess(process.pid)!.startedAt);

  lock[Symbol.dispose]();

  expect(existsSync(lockFile())).toBe(true);
});

test('a folder that cannot be made is named', () => {
  writeFileSync(join(folder, 'file'), '');

  expect(() => lockDataFolder(join(folder, 'file', 'data'))).toThrow(
    expect.objectContaining({ kind: 'unavailable', code: 'data.not_writable' }),
  );
});

test('a new folder cannot be listed or written by other users of the machine', () => {
  const data = join(folder, 'data');

  using _lock = lockDataFolder(data);

  expect(statSync(data).mode & 0o066).toBe(0);
});
