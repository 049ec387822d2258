/** Programs the sample's people and agents run: git, tests and the hook command. */
import { spawn } from 'node:child_process';
import { AppError } from '#kernel';

export interface RunOptions {
  cwd: string;
  env?: Record<string, string>;
  input?: string;
  timeoutMs?: number;
}

/** Runs a program to its end and gives what it printed. @throws AppError `sample.command_failed`. */
export async function run(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<string> {
  const { status, stdout, stderr } = await attempt(program, args, options);
  if (status === 0) return stdout;
  throw new AppError('internal', 'sample.command_failed', {
    message: `${program} ${args[0] ?? ''} ended with ${status}: ${stderr.slice(-500) || stdout.slice(-500)}`,
  });
}

export function attempt(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      cwd: options.cwd,
      env: { ...process.env, GIT_TERMINAL_PROMPT: '0', ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 120_000,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) => resolve({ status: code ?? 1, stdout, stderr }));
    // A program that ends without reading its input is no failure of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(options.input ?? '');
  });
}

/** Credentials for git over HTTP, given by the environment so that no file or process list shows them. */
export function gitCredentials(token: string): Record<string, string> {
  const basic = Buffer.from(`loom:${token}`).toString('base64');
  return {
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'http.extraHeader',
    GIT_CONFIG_VALUE_0: `Authorization: Basic ${basic}`,
  };
}
