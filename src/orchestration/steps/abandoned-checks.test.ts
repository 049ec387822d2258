/**
 * Goal: nothing of a killed node's checks goes on or stays on disk, and nobody else's process is hurt.
 * Method: a real process in a group of its own, noted as a check notes it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createLogger, findProcess, isRunning } from '#kernel';
import { clearAbandonedChecks, noteCheck } from './abandoned-checks.ts';

const log = createLogger({ level: 'silent' });
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'loom-checks-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function abandonedRoom(): string {
  const room = join(folder, 'stp_1');
  mkdirSync(join(room, 'tree'), { recursive: true });
  return room;
}

test('the command of an abandoned check ends with all it started, and its checkout goes', async () => {
  const room = abandonedRoom();
  const child = spawn('/bin/sh', ['-c', 'sleep 600 & wait'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  noteCheck(folder, 'stp_1', { pid: child.pid!, folder: room, user: null });
  const ended = once(child, 'exit');

  await clearAbandonedChecks(folder, log);
  await ended;

  expect(readdirSync(folder)).toEqual([]);
});

test.runIf(process.getuid?.() === 0)(
  'what left the process group of an abandoned check is found by its user',
  async () => {
    const user = { uid: 1_990_000_000 + process.pid, gid: 1_990_000_000 + process.pid };
    const leader = spawn('true', { detached: true, stdio: 'ignore', ...user });
    await once(leader, 'exit');
    const escaped = spawn('sleep', ['600'], { detached: true, stdio: 'ignore', cwd: '/', ...user });
    await once(escaped, 'spawn');
    noteCheck(folder, 'stp_1', { pid: leader.pid!, folder: abandonedRoom(), user });
    const ended = once(escaped, 'exit');

    await clearAbandonedChecks(folder, log);
    await ended;

    expect(readdirSync(folder)).toEqual([]);
  },
);

test('a process that only got the number of a former check is left alone', async () => {
  const room = abandonedRoom();
  const { startedAt } = findProcess(process.pid)!;
  const note = { pid: process.pid, startedAt: `${startedAt} not`, folder: room, user: null };
  writeFileSync(join(folder, 'stp_1.json'), JSON.stringify(note));

  await clearAbandonedChecks(folder, log);

  expect(isRunning(process.pid)).toBe(true);
  expect(readdirSync(folder)).toEqual([]);
});

test('a damaged note and a missing folder keep no server from starting', async () => {
  abandonedRoom();
  writeFileSync(join(folder, 'stp_1.json'), '{ half');

  await clearAbandonedChecks(folder, log);
  await clearAbandonedChecks(join(folder, 'missing'), log);

  expect(readdirSync(folder)).toEqual([]);
});
