/** What must hold before anything starts, each failure with the one thing to do about it. */
import { spawnSync } from 'node:child_process';
import { AppError } from '#kernel';

const MINIMUM_GIT: readonly [number, number] = [2, 38];

/** @throws AppError `startup.node_too_old`, `startup.no_git` or `startup.git_too_old`. */
export function checkMachine(): { node: string; git: string } {
  const node = process.versions.node;
  if (Number(node.split('.')[0]) < 24) {
    throw new AppError('unavailable', 'startup.node_too_old', {
      message: `Node 24 is needed to run; this is ${node}.`,
      hint: 'Start with `npm start` or bin/loom: both use the Node 24 that came along. If install scripts were skipped, run `npm rebuild node`.',
    });
  }
  const asked = spawnSync('git', ['--version'], { encoding: 'utf8' });
  if (asked.status !== 0) {
    throw new AppError('unavailable', 'startup.no_git', {
      message: 'The program git was not found.',
      hint: `Install git ${MINIMUM_GIT.join('.')} or newer with your package manager.`,
    });
  }
  const git = /\d+\.\d+(\.\d+)?/.exec(asked.stdout)?.[0] ?? '0.0';
  const [major = 0, minor = 0] = git.split('.').map(Number);
  if (major < MINIMUM_GIT[0] || (major === MINIMUM_GIT[0] && minor < MINIMUM_GIT[1])) {
    throw new AppError('unavailable', 'startup.git_too_old', {
      message: `git ${MINIMUM_GIT.join('.')} or newer is needed to merge without a work tree; this is ${git}.`,
      hint: 'Install a newer git with your package manager.',
    });
  }
  return { node, git };
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

/** @throws AppError `startup.remote_not_allowed` for an address beyond loopback without the setting. */
export function checkAddress(host: string, allowRemote: boolean): void {
  if (allowRemote || LOOPBACK.has(host) || host.startsWith('127.')) return;
  throw new AppError('invalid', 'startup.remote_not_allowed', {
    message: `Listening on ${host} would open the server to other machines.`,
    hint: 'Put TLS in front of it and set allowRemote: true (LOOM_ALLOW_REMOTE=1), or leave host at 127.0.0.1.',
  });
}
