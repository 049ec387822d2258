/** For tests: a forge behind a real HTTP server, and a real git client to use it with. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile, mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Delivery, Signal } from '#connectors/contract';
import { createLogger, systemClock } from '#kernel';
import { createLocalForge, type LocalForge, type LocalForgeDeps } from './forge.ts';

const run = promisify(execFile);

export const SECRET = 'secret of the test forge';
export const DEVELOPER = { name: 'ada', secret: 'loom_developer' };
export const READER = { name: 'grace', secret: 'loom_reader' };

export interface TestForge extends AsyncDisposable {
  forge: LocalForge;
  folder: string;
  origin: string;
  /** Deliveries that were taken, in order. */
  deliveries: Delivery[];
  signals(): Signal[];
  /** Makes `onDelivery` reject until it is called with false. */
  refuseDeliveries(isRefusing: boolean): void;
  /** A forge over the same folder, as after a restart. */
  restart(): LocalForge;
  url(repository: string, user?: { name: string; secret: string }): string;
  /** A clone in a folder of its own; the repository is created when it is not there. */
  clone(repository: string, user?: { name: string; secret: string }): Promise<WorkingCopy>;
  createRepository(repository: string): Promise<void>;
}

export interface WorkingCopy {
  dir: string;
  git(...args: string[]): Promise<string>;
  commit(files: Record<string, string>, message: string): Promise<string>;
  /** Begins a branch at the remote's default branch. */
  branch(name: string, from?: string): Promise<void>;
}

export async function startTestForge(options: Partial<LocalForgeDeps> = {}): Promise<TestForge> {
  const folder = await mkdtemp(join(tmpdir(), 'loom-forge-'));
  const deliveries: Delivery[] = [];
  let isRefusing = false;
  let copies = 0;
  let forge: LocalForge;
  const server = createServer((request, response) => void forge.handle(request, response));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const make = (): LocalForge =>
    createLocalForge({
      folder: join(folder, 'repositories'),
      webhookSecret: SECRET,
      publicUrl: origin,
      authenticate(_username, secret) {
        const email = `${DEVELOPER.name}@acme.test`;
        if (secret === DEVELOPER.secret) {
          return { name: DEVELOPER.name, identities: ['gh:ada', email], mayPush: true };
        }
        if (secret === READER.secret) return { name: 'grace', identities: [], mayPush: false };
        return undefined;
      },
      async onDelivery(delivery) {
        if (isRefusing) throw new Error('the listener is down');
        deliveries.push(delivery);
      },
      clock: systemClock,
      log: createLogger({ level: 'silent' }),
      ...options,
    });
  forge = make();

  function url(repository: string, user = DEVELOPER): string {
    const credentials = `${user.name}:${user.secret}@`;
    return `${origin.replace('//', `//${credentials}`)}/git/${repository}.git`;
  }

  async function clone(repository: string, user = DEVELOPER): Promise<WorkingCopy> {
    copies += 1;
    const dir = join(folder, `copy-${copies}`);
    await git(folder, ['clone', '--quiet', url(repository, user), dir]);
    return workingCopy(dir);
  }

  return {
    forge,
    folder: join(folder, 'repositories'),
    origin,
    deliveries,
    signals: () => deliveries.flatMap((delivery) => forge.source.toSignals(delivery)),
    refuseDeliveries(value) {
      isRefusing = value;
    },
    restart() {
      forge = make();
      return forge;
    },
    url,
    clone,
    async createRepository(repository) {
      await forge.createRepository(repository);
      const copy = await clone(repository);
      await copy.commit({ 'README.md': '# Shop\n', 'src/total.js': 'export {};\n' }, 'Begin');
      await copy.git('push', '--quiet', 'origin', 'HEAD:refs/heads/main');
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function workingCopy(dir: string): WorkingCopy {
  return {
    dir,
    git: async (...args) => await git(dir, args),
    async commit(files, message) {
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(dir, path)), { recursive: true });
        await writeFile(join(dir, path), text);
      }
      await git(dir, ['add', '--all']);
      await git(dir, ['commit', '--quiet', '--allow-empty', '--message', message]);
      return (await git(dir, ['rev-parse', 'HEAD'])).trim();
    },
    async branch(name, from = 'origin/main') {
      await git(dir, ['fetch', '--quiet', 'origin']);
      await git(dir, ['switch', '--quiet', '--no-track', '--create', name, from]);
    },
  };
}

/** The git client, untouched by the settings of whoever runs the tests. Rejects with its error output. */
export async function git(cwd: string, args: string[]): Promise<string> {
  const { stdout } = await run('git', args, {
    cwd,
    maxBuffer: 100_000_000,
    env: {
      PATH: process.env['PATH'],
      LC_ALL: 'C.UTF-8',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      GIT_AUTHOR_NAME: 'Ada',
      GIT_AUTHOR_EMAIL: 'ada@acme.test',
      GIT_COMMITTER_NAME: 'Ada',
      GIT_COMMITTER_EMAIL: 'ada@acme.test',
    },
  });
  return stdout;
}
