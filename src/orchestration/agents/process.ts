/**
 * Runs an agent's program: in a process group of its own, as the user of its devbox, reading its stream
 * as it comes. Told to stop, it is asked first (SIGTERM) and killed when it does not listen; whatever it
 * forked ends with it.
 */
import { spawn } from 'node:child_process';
import { endAllOf } from '../steps/check-user.ts';
import { LIMITED, Tail } from '../steps/run-command.ts';
import { maskSecrets } from '../steps/mask-secrets.ts';
import { LineReader } from './line-reader.ts';

export interface ProcessEnd {
  exitCode: number | null;
  /** The signal that ended it, where nobody of ours sent one. */
  killedBy: string | null;
  /** It could not be started: there is no such program. */
  isMissing: boolean;
  /** The end of what it said, both streams together, secrets hidden. */
  output: string;
  isCut: boolean;
}

export interface AgentProcess {
  readonly ended: Promise<ProcessEnd>;
  /** Asks it to end, then makes it. Again, it changes nothing. */
  stop(): void;
  /** Ends it and all it started at once. */
  kill(): void;
}

/** How long a program that was asked to end may take to leave things in order. */
const TERM_GRACE_MS = 10_000;
/** After its end: a grandchild that left the group may still hold the pipes. */
const PIPE_GRACE_MS = 2_000;
const NOT_FOUND = 127;

export function startAgentProcess(options: {
  program: string;
  arguments: readonly string[];
  folder: string;
  environment: Readonly<Record<string, string>>;
  user: { uid: number; gid: number } | null;
  onLine(line: string): void;
  termGraceMs?: number | undefined;
}): AgentProcess & { readonly pid: number | undefined } {
  const { program, folder, environment, user, onLine, termGraceMs = TERM_GRACE_MS } = options;
  const words = [program, ...options.arguments];
  const [first = '', ...rest] = user === null ? words : [...LIMITED, ...words];
  const child = spawn(first, rest, {
    cwd: folder,
    env: { ...environment },
    detached: true,
    ...user,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const tail = new Tail();
  const lines = new LineReader(onLine);
  let isStopping = false;
  let killTimer: NodeJS.Timeout | undefined;

  const signalGroup = (name: NodeJS.Signals) => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch {
      // The group is gone already.
    }
  };

  child.stdout.on('data', (chunk: Buffer) => {
    tail.add(chunk);
    lines.add(chunk);
  });
  child.stderr.on('data', (chunk: Buffer) => tail.add(chunk));

  const { promise, resolve } = Promise.withResolvers<{
    exitCode: number | null;
    signal: string | null;
    isMissing: boolean;
  }>();
  child.on('error', (error: NodeJS.ErrnoException) => {
    tail.add(Buffer.from(`${error.message}\n`));
    resolve({ exitCode: null, signal: null, isMissing: error.code === 'ENOENT' });
  });
  child.on('close', (code, signal) =>
    resolve({ exitCode: code, signal, isMissing: code === NOT_FOUND }),
  );
  child.on('exit', (code, signal) => {
    // What it left running in the background ends with it.
    signalGroup('SIGKILL');
    const end = { exitCode: code, signal, isMissing: code === NOT_FOUND };
    setTimeout(() => resolve(end), PIPE_GRACE_MS).unref();
  });

  const ended = promise.then(async ({ exitCode, signal, isMissing }) => {
    clearTimeout(killTimer);
    if (user !== null) await endAllOf(user);
    child.stdout.destroy();
    child.stderr.destroy();
    lines.end();
    const output = maskSecrets(tail.text());
    return { exitCode, killedBy: isStopping ? null : signal, isMissing, output, isCut: tail.isCut };
  });

  return {
    pid: child.pid,
    ended,
    stop() {
      if (isStopping) return;
      isStopping = true;
      signalGroup('SIGTERM');
      killTimer = setTimeout(() => signalGroup('SIGKILL'), termGraceMs);
    },
    kill() {
      isStopping = true;
      signalGroup('SIGKILL');
    },
  };
}
