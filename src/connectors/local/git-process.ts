/**
 * Runs git for the forge's own needs. Its environment is built from nothing: neither the settings of
 * whoever started the server (GIT_DIR, GIT_CONFIG_*) nor a client's headers may steer it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Programs are found and home is looked up as everywhere; the rest of the environment is left out. */
const INHERITED = ['PATH', 'HOME', 'TMPDIR', 'SSH_AUTH_SOCK', 'SSL_CERT_FILE', 'SystemRoot'];

export function gitEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    LC_ALL: 'C.UTF-8',
    GIT_TERMINAL_PROMPT: '0',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(import.meta.dirname, 'gitconfig'),
    ...extra,
  };
}

/** Settings that must hold whatever a repository's own settings have come to say. */
export function forcedSettings(dir: string): Record<string, string> {
  const settings = [
    ['core.hooksPath', join(dir, 'hooks')],
    ['receive.advertisePushOptions', 'false'],
  ] as const;
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(settings.length)],
    ...settings.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key] as const,
      [`GIT_CONFIG_VALUE_${index}`, value] as const,
    ]),
  ]);
}

/** A git command that ended with another exit code than 0. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(command: string, exitCode: number | null, stderr: string) {
    super(`git ${command} ended with ${exitCode ?? 'a signal'}: ${stderr.trim()}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

const MAX_OUTPUT_BYTES = 64_000_000;

/** Runs git and gives what it printed. @throws GitFailure */
export async function runGit(
  args: readonly string[],
  options: { dir?: string; timeoutMs?: number; environment?: Record<string, string> } = {},
): Promise<string> {
  const { dir, timeoutMs = 120_000 } = options;
  const child = spawn('git', dir === undefined ? args : ['--git-dir', dir, ...args], {
    env: gitEnvironment({
      ...(dir === undefined ? {} : forcedSettings(dir)),
      ...options.environment,
    }),
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  const output: Buffer[] = [];
  let size = 0;
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) child.kill();
    else output.push(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(-4_000);
  });

  const [exitCode] = (await once(child, 'close')) as [number | null];
  if (exitCode !== 0) throw new GitFailure(args[0] ?? '', exitCode, stderr);
  return Buffer.concat(output).toString();
}
