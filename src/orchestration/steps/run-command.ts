/**
 * Runs one command of a repository: in a process group of its own, with a clean environment, for a
 * limited time, keeping the end of what it says. A command that fails is an answer, not an error.
 */
import { spawn } from 'node:child_process';
import type { CheckUser } from './check-user.ts';
import { maskSecrets } from './mask-secrets.ts';

export interface CommandResult {
  exitCode: number | null;
  /** Why it did not end by itself. */
  stopped: 'timeout' | 'aborted' | 'not-started' | null;
  durationMs: number;
  /** The last of standard output and error together, with what looks like a secret hidden. */
  output: string;
  isCut: boolean;
}

const KEPT_BYTES = 64 * 1024;
/** After the group was killed: a grandchild that left it may still hold the pipes. */
const GRACE_MS = 2_000;

/**
 * For a user that has nothing else running: how many processes there may be, no core files, and what
 * is made is its own. Shells differ in the letter for processes.
 */
export const LIMITED = [
  '/bin/sh',
  '-c',
  'umask 077; ulimit -c 0; ulimit -p 4096 2>/dev/null || ulimit -u 4096 2>/dev/null; exec "$@"',
  'check',
];

/** All a check needs of our environment. Everything else may hold secrets of ours. */
const PASSED_ON = ['PATH', 'LANG', 'TZ', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

export function commandEnvironment(folders: {
  home: string;
  temporary: string;
}): Record<string, string> {
  const passedOn = PASSED_ON.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    LANG: 'C.UTF-8',
    ...Object.fromEntries(passedOn),
    HOME: folders.home,
    TMPDIR: folders.temporary,
    CI: 'true',
    LOOMSTACK: 'true',
    GIT_TERMINAL_PROMPT: '0',
  };
}

export async function runCommand(options: {
  /** A text goes to the shell; a list is run as it is. */
  command: string | readonly string[];
  folder: string;
  environment: Readonly<Record<string, string>>;
  /** Whom it runs as; our own user where it is left out. */
  user?: CheckUser | null;
  timeoutMs: number;
  signal: AbortSignal;
  nowMs(): number;
  /** Told the leader of the command's process group once it runs. */
  onStart?(pid: number): void;
}): Promise<CommandResult> {
  const { command, folder, environment, user = null, timeoutMs, signal, nowMs, onStart } = options;
  const words = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
  const [program = '', ...args] = user === null ? words : [...LIMITED, ...words];
  const startedAt = nowMs();
  const tail = new Tail();
  let stopped: CommandResult['stopped'] = null;
  // Detached: the child leads a group, so that everything it started dies with it.
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...environment },
    detached: true,
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid !== undefined) onStart?.(child.pid);
  const killGroup = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // The group is gone already.
    }
  };
  const stop = (why: 'timeout' | 'aborted') => {
    stopped ??= why;
    killGroup();
  };
  const timer = setTimeout(() => stop('timeout'), timeoutMs);
  const onAbort = () => stop('aborted');
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => tail.add(chunk));
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));

  const exitCode = await new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      stopped ??= 'not-started';
      tail.add(Buffer.from(`${error.message}\n`));
      resolve(null);
    });
    child.on('close', (code) => resolve(code));
    child.on('exit', (code) => {
      // What the command left running in the background ends with it.
      killGroup();
      setTimeout(() => resolve(code), GRACE_MS).unref();
    });
  });
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  child.stdout.destroy();
  child.stderr.destroy();
  return {
    exitCode,
    stopped,
    // A clock that is corrected meanwhile gives no time less than none.
    durationMs: Math.max(0, nowMs() - startedAt),
    output: maskSecrets(tail.text()),
    isCut: tail.isCut,
  };
}

/** Keeps the end of a stream. */
export class Tail {
  #chunks: Buffer[] = [];
  #size = 0;
  isCut = false;

  add(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    if (this.#size <= 2 * KEPT_BYTES) return;
    this.#chunks = [this.#end()];
    this.#size = KEPT_BYTES;
    this.isCut = true;
  }

  text(): string {
    if (this.#size > KEPT_BYTES) this.isCut = true;
    // Zero bytes have no place in PostgreSQL's text.
    return this.#end().toString('utf8').replaceAll('\0', '');
  }

  #end(): Buffer {
    return Buffer.concat(this.#chunks).subarray(-KEPT_BYTES);
  }
}
