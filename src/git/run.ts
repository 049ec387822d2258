/**
 * One git process: a clean environment, limits on time and output, and failures in our own words.
 * Nothing a repository or a user configures is executed: no hooks, pagers, filters or prompts.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { AppError } from '#kernel';

export interface RunOptions {
  input?: Uint8Array | string | undefined;
  /** Output beyond this ends the process: an error, or a cut answer where `mayCut` is set. */
  maxBytes?: number;
  mayCut?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
  /** Added to the environment; the place for secrets, which must never be in `arguments`. */
  environment?: Readonly<Record<string, string>>;
  /** Exit codes that are an answer. */
  okCodes?: readonly number[];
  /** Called with each piece of what git says on the side. */
  onStderr?: ((text: string) => void) | undefined;
  /** Whom git runs as; our own user unless given. For repositories that somebody else writes to. */
  user?: { uid: number; gid: number } | undefined;
}

export interface RunResult {
  stdout: Buffer;
  exitCode: number;
  isCut: boolean;
}

const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 5 * 60_000;
const STDERR_KEPT = 16 * 1024;

/** What a child needs of our environment to find programs, proxies, certificates and keys. */
const PASSED_ON = [
  'PATH',
  'HOME',
  'TMPDIR',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
];

/** On the command line, because there it outranks the configuration of the repository itself. */
const SETTINGS = [
  'safe.directory=*',
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.quotePath=true',
  'core.pager=cat',
  'log.showSignature=false',
  'log.showRoot=true',
  'i18n.logOutputEncoding=UTF-8',
  'diff.noprefix=false',
  'diff.mnemonicPrefix=false',
  'diff.renameLimit=1000',
  'diff.ignoreSubmodules=none',
  'commit.gpgSign=false',
  'credential.helper=',
].flatMap((setting) => ['-c', setting]);

/** The environment of every git process of ours. */
export function gitEnvironment(added: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(passedOn),
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(import.meta.dirname, 'gitconfig'),
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_ALLOW_PROTOCOL: 'file:git:http:https:ssh',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_NO_LAZY_FETCH: '1',
    GIT_OPTIONAL_LOCKS: '0',
    ...added,
  };
}

/** What runs now. A clone of hours must not go on for nobody when the program ends. */
const living = new Set<ChildProcessWithoutNullStreams>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts git on a repository (undefined: on none). The caller reads its pipes and reaps it. */
export function startGit(
  dir: string | undefined,
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
  user?: { uid: number; gid: number },
): ChildProcessWithoutNullStreams {
  const where = dir === undefined ? [] : [`--git-dir=${dir}`];
  const child = spawn('git', [...where, ...SETTINGS, ...args], {
    ...(dir === undefined ? {} : { cwd: dir }),
    env: gitEnvironment(environment),
    ...user,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  living.add(child);
  for (const event of ['close', 'error']) child.once(event, () => living.delete(child));
  // A process that ends before it read its input breaks the pipe; its exit code tells the story.
  child.stdin.on('error', () => {});
  return child;
}

/** Runs git to its end and hands out what it wrote. */
export async function runGit(
  dir: string | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  const { maxBytes = MAX_BYTES, mayCut = false, okCodes = [0] } = options;
  const chunks: Buffer[] = [];
  let size = 0;
  let exitCode = 0;
  for await (const chunk of streamGit(dir, args, {
    ...options,
    okCodes,
    onExit: (code) => {
      exitCode = code;
    },
  })) {
    size += chunk.length;
    if (size > maxBytes) {
      if (!mayCut) throw tooLarge(args, maxBytes);
      chunks.push(chunk.subarray(0, chunk.length - (size - maxBytes)));
      return { stdout: Buffer.concat(chunks), exitCode: 0, isCut: true };
    }
    chunks.push(chunk);
  }
  return { stdout: Buffer.concat(chunks), exitCode, isCut: false };
}

/** What a single-line answer holds, without its line end. */
export async function runGitText(
  dir: string | undefined,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const { stdout } = await runGit(dir, args, options);
  return stdout.toString('utf8').trimEnd();
}

/** Runs git and hands out its output as it comes. Leaving the loop early ends the process. */
export async function* streamGit(
  dir: string | undefined,
  args: readonly string[],
  options: RunOptions & { onExit?: (exitCode: number) => void } = {},
): AsyncGenerator<Buffer, void, undefined> {
  const { timeoutMs = TIMEOUT_MS, signal, okCodes = [0], onStderr } = options;
  signal?.throwIfAborted();
  const child = startGit(dir, args, options.environment, options.user);
  let stderr = '';
  let stopped: Error | undefined;
  const stop = (reason: Error) => {
    stopped ??= reason;
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(timedOut(args, timeoutMs)), timeoutMs);
  const onAbort = () => stop(signal?.reason as Error);
  signal?.addEventListener('abort', onAbort, { once: true });
  // Also when the reader never comes back for the rest: a timer of a process that is gone would keep ours.
  child.once('close', () => clearTimeout(timer));
  child.on('error', (error) => {
    stopped ??= spawnFailure(error, dir);
  });
  child.stderr.on('data', (chunk: Buffer) => {
    const text = chunk.toString('utf8');
    stderr = (stderr + text).slice(-STDERR_KEPT);
    onStderr?.(text);
  });
  const ended = once(child, 'close').catch(() => [null]);
  child.stdin.end(options.input);

  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    const [exitCode] = (await ended) as [number | null];
    if (stopped !== undefined) throw stopped;
    if (exitCode === null || !okCodes.includes(exitCode)) throw failure(args, exitCode, stderr);
    options.onExit?.(exitCode);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await ended;
    }
  }
}

/** The subcommand, for messages; its arguments may hold a user's paths and stay out. */
function nameOf(args: readonly string[]): string {
  return `git ${args[0] ?? ''}`;
}

function tooLarge(args: readonly string[], maxBytes: number): AppError {
  return new AppError('limit_exceeded', 'git.output_too_large', {
    message: `${nameOf(args)} answered with more than ${Math.round(maxBytes / 1024)} KiB.`,
    hint: 'Ask for less: fewer paths, a shorter range, or a cut patch.',
  });
}

function timedOut(args: readonly string[], timeoutMs: number): AppError {
  return new AppError('unavailable', 'git.timed_out', {
    message: `${nameOf(args)} was stopped after ${Math.round(timeoutMs / 1000)} seconds.`,
    hint: 'Try again; if it stays slow, look at the load of the machine and the size of the repository.',
  });
}

function spawnFailure(error: Error, dir: string | undefined): AppError {
  const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
  // A working folder that is gone gives the same ENOENT as a program that is not there.
  if (isMissing && dir !== undefined) return notARepository(dir, error);
  return new AppError('unavailable', isMissing ? 'git.not_installed' : 'git.not_started', {
    message: isMissing ? 'The git program was not found.' : 'The git program could not be started.',
    hint: 'Install git 2.38 or newer and make sure that it is in PATH.',
    cause: error,
  });
}

/** The error for a folder without a repository in it. */
export function notARepository(what: string, cause?: unknown): AppError {
  return new AppError('not_found', 'git.not_a_repository', {
    message: `${what} is not a git repository.`,
    hint: 'Give the top folder of a clone or a bare repository, or the URL you would pass to git clone.',
    cause,
  });
}

/** The error for a name that points to no commit. */
export function unknownRevision(revision: string, cause?: unknown): AppError {
  return new AppError('not_found', 'git.unknown_revision', {
    message: `There is no commit "${revision.slice(0, 200)}" in this repository.`,
    hint: 'Check the name; if it was pushed just now, refresh the repository first.',
    cause,
  });
}

/** Git's own words, kept as the cause and never shown. */
export class GitFailure extends Error {
  override readonly name = 'GitFailure';
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(what: string, exitCode: number | null, stderr: string) {
    super(`${what} ended with ${exitCode ?? 'a signal'}: ${stderr.trim().slice(-2_000)}`);
    this.exitCode = exitCode;
    this.stderr = stderr;
  }
}

function failure(args: readonly string[], exitCode: number | null, stderr: string): AppError {
  const cause = new GitFailure(nameOf(args), exitCode, stderr);
  if (/not a git repository/i.test(stderr)) return notARepository('The folder', cause);
  const missing =
    /(?:bad object|bad revision|unknown revision|not a valid object name|not a tree object|invalid object name|not something we can merge)[: ]+'?(?<name>[^'\n]*)/i.exec(
      stderr,
    );
  if (missing !== null) return unknownRevision(missing.groups?.['name'] ?? '', cause);
  return new AppError('internal', 'git.failed', {
    message: `${nameOf(args)} failed.`,
    hint: 'The server log holds what git said.',
    cause,
  });
}
