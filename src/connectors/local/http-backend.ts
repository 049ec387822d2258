/**
 * Serves one request through `git http-backend`, git's own CGI program. Bodies are streamed both ways
 * with back pressure; a client that goes away takes the program with it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex, Readable, Writable } from 'node:stream';
import { AppError } from '#kernel';
import { forcedSettings, gitEnvironment } from './git-process.ts';
import { cgiHeaders, type GitRequest } from './http-request.ts';

const MAX_HEADER_BYTES = 16_000;
const MAX_STDERR_CHARACTERS = 4_000;
/** How long the program may take to end after it was asked to. */
const KILL_AFTER_MS = 5_000;

type Program = ChildProcessByStdio<Writable, Readable, Readable>;

export interface ServeOptions {
  folder: string;
  dir: string;
  git: GitRequest;
  /** Undefined for anonymous reading. */
  user: { name: string; email: string } | undefined;
  request: IncomingMessage;
  response: ServerResponse;
  /** Speaks with the pre-receive hook of a push. */
  answerHook?: ((line: Duplex) => void) | undefined;
}

/**
 * Resolves when the program has ended, whatever became of the client, with what it wrote to its error
 * output. The response is written but left open, so that the caller can finish its own work before
 * the client believes the push is over. @throws AppError `local.backend_failed`
 */
export async function serveWithGit(options: ServeOptions): Promise<{ stderr: string }> {
  const { folder, dir, git, user, request, response, answerHook } = options;
  const program = spawn('git', ['http-backend'], {
    env: gitEnvironment({
      // Git and the programs it starts leave the descriptor open; nobody but the hook knows of it.
      ...(answerHook === undefined ? {} : { LOOM_PUSH_GATE: '3' }),
      ...forcedSettings(dir),
      ...cgiHeaders(request),
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: `/${git.repository}.git/${git.endpoint}`,
      QUERY_STRING: git.endpoint === 'info/refs' ? `service=${git.service}` : '',
      REQUEST_METHOD: request.method ?? 'GET',
      REMOTE_ADDR: request.socket.remoteAddress ?? '',
      ...(user === undefined
        ? {}
        : {
            REMOTE_USER: user.name,
            // The reflog names the pusher; we read it when we tell of the push.
            GIT_COMMITTER_NAME: user.name,
            GIT_COMMITTER_EMAIL: user.email,
          }),
    }),
    stdio: ['pipe', 'pipe', 'pipe', ...(answerHook === undefined ? [] : (['pipe'] as const))],
  }) as Program;
  answerHook?.(program.stdio[3] as Duplex);

  let stderr = '';
  program.stderr.on('data', (chunk: Buffer) => {
    stderr = `${stderr}${chunk.toString()}`.slice(0, MAX_STDERR_CHARACTERS);
  });

  const stopWatching = endWithClient(program, request, response);
  // The program may end before it has read everything; that is its answer, not an error of ours.
  program.stdin.on('error', () => undefined);
  request.pipe(program.stdin);
  try {
    const [exitCode, hasAnswered] = await Promise.all([
      ended(program),
      answer(program.stdout, response),
    ]);
    if (!hasAnswered && !response.destroyed) throw failed(exitCode, stderr);
    return { stderr };
  } finally {
    stopWatching();
    request.unpipe(program.stdin);
    // What the program did not care to read is let through, so that the connection can go on.
    request.resume();
  }
}

/** Turns the CGI answer into an HTTP one. False when the program ended without a sound header. */
async function answer(output: Readable, response: ServerResponse): Promise<boolean> {
  let head = Buffer.alloc(0);
  let isBody = false;
  try {
    for await (const chunk of output as AsyncIterable<Buffer>) {
      let body = chunk;
      if (!isBody) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) {
          if (head.length > MAX_HEADER_BYTES) return false;
          continue;
        }
        if (response.destroyed) return true;
        writeHead(head.subarray(0, end).toString('latin1'), response);
        isBody = true;
        body = head.subarray(end + 4);
      }
      if (response.destroyed) return true;
      if (body.length > 0 && !response.write(body)) await drained(response);
    }
  } catch {
    // The pipe broke because the program was stopped; how it ended says the rest.
  }
  return isBody;
}

function writeHead(text: string, response: ServerResponse): void {
  let status = 200;
  const headers: [string, string][] = [];
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10) || 500;
    else headers.push([name, value]);
  }
  for (const [name, value] of headers) response.setHeader(name, value);
  response.writeHead(status);
}

/** Resolves when more may be written, or when nobody is there to read it. */
async function drained(response: ServerResponse): Promise<void> {
  await new Promise<void>((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
    if (response.destroyed) done();
  });
}

/** Asks the program to end when the client is gone, and makes it end when it does not. */
function endWithClient(
  program: Program,
  request: IncomingMessage,
  response: ServerResponse,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    if (response.writableFinished || timer !== undefined) return;
    program.stdin.destroy();
    program.stdout.destroy();
    program.kill('SIGTERM');
    timer = setTimeout(() => program.kill('SIGKILL'), KILL_AFTER_MS);
  };
  response.on('close', stop);
  request.on('error', stop);
  if (response.destroyed) stop();
  return () => {
    response.off('close', stop);
    request.off('error', stop);
    clearTimeout(timer);
  };
}

async function ended(program: Program): Promise<number | null> {
  return await new Promise((resolve, reject) => {
    program.on('close', resolve);
    program.on('error', (cause) => {
      reject(
        new AppError('unavailable', 'local.git_missing', {
          message: 'The git program could not be started.',
          hint: 'Install git 2.38 or newer on this machine and see that it is in PATH.',
          cause,
        }),
      );
    });
  });
}

function failed(exitCode: number | null, stderr: string): AppError {
  return new AppError('internal', 'local.backend_failed', {
    message: 'Git ended without an answer.',
    hint: 'The server log has what git said.',
    cause: new Error(`git http-backend ended with ${exitCode ?? 'a signal'}: ${stderr}`),
  });
}
