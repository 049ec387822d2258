/**
 * Goal: what a change makes a check do stays in the room of the check.
 * Method: rooms for real; commands that try what a hostile change would. Only root can become somebody
 * else, so most of it is asked where the tests run as root.
 */
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findProcess } from '#kernel';
import { waitFor } from '#testing';
import { openCheckRoom } from './check-user.ts';
import { commandEnvironment, runCommand } from './run-command.ts';

const isRoot = process.getuid?.() === 0;

async function withParent<Result>(work: (parent: string) => Promise<Result>): Promise<Result> {
  const parent = await mkdtemp(join(tmpdir(), 'loom-rooms-'));
  try {
    return await work(parent);
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function runIn(parent: string, command: string, before?: (folder: string) => Promise<void>) {
  await using room = await openCheckRoom(parent, 'stp_test');
  const { folder, user } = room;
  await before?.(folder);
  await room.handOver();
  return await runCommand({
    command,
    folder,
    user,
    environment: commandEnvironment({ home: folder, temporary: folder }),
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    nowMs: () => Date.now(),
  });
}

test('a check works in its room, which is gone afterwards', async () => {
  await withParent(async (parent) => {
    const result = await runIn(parent, 'cat given && echo made > made && cat made', (folder) =>
      writeFile(join(folder, 'given'), 'given\n'),
    );

    expect(result).toMatchObject({ exitCode: 0, output: 'given\nmade\n' });
    await expect(readFile(join(parent, 'stp_test/made'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

test.skipIf(!isRoot)('a check of a server that is root is nobody in particular', async () => {
  await withParent(async (parent) => {
    const command = 'id -u; id -G; ls ..; kill -0 $PPID; kill -0 1';

    const first = await runIn(parent, command);
    const second = await runIn(parent, command);

    const [uid, groups, ...rest] = first.output.split('\n');
    expect(Number(uid)).toBeGreaterThanOrEqual(60_578);
    expect(groups).toBe(uid);
    expect(second.output.split('\n')[0]).not.toBe(uid);
    expect(rest.join('\n')).not.toContain('stp_test');
    expect(first.exitCode).not.toBe(0);
  });
});

test.skipIf(!isRoot)('a check reads neither our files nor through links it brought', async () => {
  await withParent(async (parent) => {
    const secret = join(parent, 'cli.json');
    await writeFile(secret, 'the secret', { mode: 0o600 });

    const result = await runIn(parent, `cat ${secret} link; echo bad > ${secret}`, (folder) =>
      symlink(secret, join(folder, 'link')),
    );

    expect(result.exitCode).not.toBe(0);
    expect(result.output).not.toContain('the secret');
    // Handing over the room has not handed over what its links point to.
    expect(await readFile(secret, 'utf8')).toBe('the secret');
  });
});

test.skipIf(!isRoot)('what left the process group of its check ends with the room', async () => {
  await withParent(async (parent) => {
    const result = await runIn(
      parent,
      "setsid sh -c 'echo $$; exec >/dev/null 2>&1; sleep 600' & sleep 0.3",
    );

    const pid = Number(result.output.trim());
    expect(pid).toBeGreaterThan(1);
    await waitFor('the process is gone', () => {
      const found = findProcess(pid);
      return found === undefined || found.state === 'Z';
    });
  });
});

test.skipIf(!isRoot)(
  'a room is found elsewhere when the folder of the server is closed',
  async () => {
    await withParent(async (parent) => {
      await chmod(parent, 0o700);

      const result = await runIn(join(parent, 'checkouts'), 'pwd');

      expect(result.exitCode).toBe(0);
      expect(result.output).not.toContain(parent);
    });
  },
);
