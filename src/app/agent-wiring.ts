/**
 * Hooks and MCP for agents that this node starts: the files of `loom attach --user` in the home of the
 * devbox, which is never committed, and a pass in the environment, which ends with the agent.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, link, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { GovernanceService } from '#governance';
import type { Config } from '#kernel';
import type { AgentDeps, Wired, WireRequest } from '#orchestration';
import { wireHome } from '#surfaces';

const ROOT = join(import.meta.dirname, '../..');
/** All that `loom hook` and `loom mcp` consist of, below the root of our program. */
export const HOOK_PROGRAM = [
  'bin/loom',
  'package.json',
  'src/app/main.ts',
  'src/surfaces/cli/credentials.ts',
  'src/surfaces/cli/hook-client.cjs',
  'src/surfaces/cli/hook-command.ts',
  'src/surfaces/cli/mcp-command.ts',
  'src/surfaces/hooks/dialect-tables.ts',
] as const;
const OPEN = 0o755;
const NODE = 'node_modules/node/bin/node';

export interface AgentWiring extends AsyncDisposable {
  wire: NonNullable<AgentDeps['wire']>;
}

/** `node` names this data folder among all nodes; passes it gave out before it started are ended. */
export async function createAgentWiring(deps: {
  governance: Pick<GovernanceService, 'issuePass' | 'revokePasses'>;
  config: Pick<Config, 'hooks' | 'host' | 'port'>;
  node: string;
}): Promise<AgentWiring> {
  const { governance, config, node } = deps;
  const environment = {
    LOOM_URL: localUrl(config),
    LOOM_HOOKS_FAIL_CLOSED: String(config.hooks.failClosed),
    LOOM_HOOKS_TIMEOUT_MS: String(config.hooks.timeoutMs),
  };
  let copy: Promise<string> | undefined;
  await governance.revokePasses({ node });

  /** Our program, where the user of a devbox can run it: root's own home is closed to others. */
  async function programFor(user: WireRequest['box']['place']['user']): Promise<string> {
    const ours = join(ROOT, 'bin/loom');
    if (user === null || (await canRun([ours, process.execPath], user))) return ours;
    copy ??= copyProgram();
    return join(await copy, 'bin/loom');
  }

  return {
    async wire({ agent, box, holder, assignment, lifeMs }: WireRequest): Promise<Wired> {
      const command = await programFor(box.place.user);
      // An earlier start of the step has ended, however it did.
      await governance.revokePasses({ node, holder });
      const { secret } = await governance.issuePass({ holder, assignment, node, lifeMs });
      return {
        home: wireHome(agent, box.place.home, { command, args: [] }),
        environment: { ...environment, LOOM_TOKEN: secret },
        async [Symbol.asyncDispose]() {
          await governance.revokePasses({ node, holder });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      const folder = await copy?.catch(() => undefined);
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Agents run on the machine of their node, whatever the world calls it. */
function localUrl({ host, port }: Pick<Config, 'host' | 'port'>): string {
  if (host === '0.0.0.0' || host === '::') return `http://127.0.0.1:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function canRun(
  programs: readonly string[],
  user: { uid: number; gid: number },
): Promise<boolean> {
  const script = 'for program; do [ -r "$program" ] && [ -x "$program" ] || exit 1; done';
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...programs], {
    ...user,
    cwd: '/',
    env: {},
    stdio: 'ignore',
  });
  const [exitCode] = (await once(child, 'exit').catch(() => [null])) as [number | null];
  return exitCode === 0;
}

/** A folder everybody may read, with the hook command and the Node that runs it. */
async function copyProgram(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'loom-hooks-'));
  await chmod(folder, OPEN);
  for (const path of HOOK_PROGRAM) {
    const target = join(folder, path);
    await mkdir(dirname(target), { recursive: true });
    await copyFile(join(ROOT, path), target);
    await chmod(target, OPEN);
  }
  const target = join(folder, NODE);
  await mkdir(dirname(target), { recursive: true });
  const { mode } = await stat(process.execPath);
  // A link where both are on one file system, for Node is large; its mode is not ours to change.
  const isLinked =
    (mode & 0o005) === 0o005 &&
    (await link(process.execPath, target).then(
      () => true,
      () => false,
    ));
  if (!isLinked) {
    await copyFile(process.execPath, target);
    await chmod(target, OPEN);
  }
  // Whatever files are made with here, others must pass through these.
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), OPEN);
  }
  return folder;
}
