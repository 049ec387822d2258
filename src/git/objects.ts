/**
 * Objects by name, through one git process that stays while it is used. Asking costs a pipe round trip
 * instead of a process start, which is what makes reading thousands of files bearable.
 */
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { AppError } from '#kernel';
import { notARepository, startGit, streamGit } from './run.ts';

export interface ObjectInfo {
  sha: string;
  type: string;
  size: number;
}

export interface ObjectReader {
  /** Undefined when the name means nothing or more than one thing. */
  info(name: Buffer): Promise<ObjectInfo | undefined>;
  contents(sha: string): Promise<Buffer | undefined>;
}

/** After this long without a question the process ends; the next question starts another. */
const IDLE_MS = 2_000;

interface Question {
  line: Buffer;
  /** The object's name as git repeats it when it has no such object. */
  name: Buffer;
  withContents: boolean;
  resolve(answer: { info: ObjectInfo; data: Buffer } | undefined): void;
  reject(error: Error): void;
}

export function createObjectReader(dir: string): ObjectReader {
  let child: ChildProcessWithoutNullStreams | undefined;
  let asked: Question[] = [];
  let received: Buffer = Buffer.alloc(0);
  /** Chunks of a large answer wait here, so that it is joined once and not chunk by chunk. */
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let neededBytes = 0;
  let idle: NodeJS.Timeout | undefined;

  function start(): ChildProcessWithoutNullStreams {
    const started = startGit(dir, ['cat-file', '--batch-command', '-z']);
    let stderr = '';
    // A waiting reader must not keep the program alive; questions do, through their timers and callers.
    started.stderr.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString('utf8')).slice(-4_096);
    });
    started.stdout.on('data', (chunk: Buffer) => {
      if (child !== started) return;
      pending.push(chunk);
      pendingBytes += chunk.length;
      if (pendingBytes >= neededBytes) answer();
    });
    started.on('error', (error) => end(started, error));
    started.on('close', () => end(started, new Error(`git cat-file ended: ${stderr.trim()}`)));
    return started;
  }

  function end(which: ChildProcessWithoutNullStreams, cause: Error): void {
    if (child !== which) return;
    child = undefined;
    const open = asked;
    asked = [];
    received = Buffer.alloc(0);
    pending = [];
    pendingBytes = 0;
    neededBytes = 0;
    const isMissing =
      /not a git repository/i.test(cause.message) ||
      (cause as NodeJS.ErrnoException).code === 'ENOENT';
    for (const question of open) {
      question.reject(
        isMissing
          ? notARepository(dir, cause)
          : new AppError('internal', 'git.failed', { message: 'git cat-file failed.', cause }),
      );
    }
  }

  function answer(): void {
    received = Buffer.concat([received, ...pending]);
    pending = [];
    pendingBytes = 0;
    neededBytes = 0;
    for (;;) {
      const question = asked[0];
      if (question === undefined) break;
      const taken = take(question);
      if (taken === undefined) break;
      asked.shift();
      question.resolve(taken.answer);
    }
    if (asked.length === 0) rest();
  }

  function take(
    question: Question,
  ): { answer: { info: ObjectInfo; data: Buffer } | undefined } | undefined {
    // The name may itself hold line ends, so the refusal is compared whole before lines are read.
    for (const word of [' missing\n', ' ambiguous\n']) {
      const refusal = Buffer.concat([question.name, Buffer.from(word)]);
      if (received.subarray(0, refusal.length).equals(refusal)) {
        received = received.subarray(refusal.length);
        return { answer: undefined };
      }
    }
    const lineEnd = received.indexOf(0x0a);
    if (lineEnd === -1) return undefined;
    const header = received.toString('latin1', 0, lineEnd);
    const match = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(header);
    if (match === null) {
      // Newer versions answer `<sha> submodule` for a commit that lives elsewhere.
      if (!/^[0-9a-f]{40,64} \w+$/.test(header)) return undefined;
      received = received.subarray(lineEnd + 1);
      return { answer: undefined };
    }
    const info = { sha: match[1]!, type: match[2]!, size: Number(match[3]) };
    const start = lineEnd + 1;
    if (!question.withContents) {
      received = received.subarray(start);
      return { answer: { info, data: Buffer.alloc(0) } };
    }
    const missingBytes = start + info.size + 1 - received.length;
    if (missingBytes > 0) {
      neededBytes = missingBytes;
      return undefined;
    }
    const data = Buffer.from(received.subarray(start, start + info.size));
    received = received.subarray(start + info.size + 1);
    return { answer: { info, data } };
  }

  function rest(): void {
    clearTimeout(idle);
    idle = setTimeout(() => {
      // Ends by itself when its input ends; a question asked meanwhile starts another.
      const resting = child;
      child = undefined;
      resting?.stdin.end();
    }, IDLE_MS);
    idle.unref();
    setReferenced(false);
  }

  /** Only a process with an open question may keep ours from ending. */
  function setReferenced(isReferenced: boolean): void {
    if (child === undefined) return;
    for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
      const { ref, unref } = handle as { ref?: () => void; unref?: () => void };
      (isReferenced ? ref : unref)?.call(handle);
    }
  }

  function ask(
    command: 'info' | 'contents',
    name: Buffer,
  ): Promise<{ info: ObjectInfo; data: Buffer } | undefined> {
    if (name.includes(0) || name.length === 0) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => {
      clearTimeout(idle);
      child ??= start();
      setReferenced(true);
      const line = Buffer.concat([Buffer.from(`${command} `), name, Buffer.from([0])]);
      asked.push({ line, name, withContents: command === 'contents', resolve, reject });
      child.stdin.write(line);
    });
  }

  return {
    info: async (name) => (await ask('info', name))?.info,
    contents: async (sha) => (await ask('contents', Buffer.from(sha)))?.data,
  };
}

/** The same as `readBlobs` through the standing process: one question after the other. */
export async function* readFewBlobs(
  objects: Pick<ReturnType<typeof createObjectReader>, 'contents'>,
  shas: readonly string[],
): AsyncGenerator<{ sha: string; data: Buffer }, void, undefined> {
  const answers = shas.map((sha) => objects.contents(sha));
  for (const [index, sha] of shas.entries()) {
    const data = await answers[index];
    if (data !== undefined) yield { sha, data };
  }
}

/** Contents of many blobs by full sha, in order, through one process. Unknown ones are left out. */
export async function* readBlobs(
  dir: string,
  shas: readonly string[],
): AsyncGenerator<{ sha: string; data: Buffer }, void, undefined> {
  if (shas.length === 0) return;
  let received: Buffer = Buffer.alloc(0);
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let needed = 0;
  for await (const chunk of streamGit(dir, ['cat-file', '--batch', '--buffer'], {
    input: `${shas.join('\n')}\n`,
  })) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < needed) continue;
    received = Buffer.concat([received, ...waiting]);
    waiting = [];
    waitingBytes = 0;
    needed = 0;
    for (;;) {
      const lineEnd = received.indexOf(0x0a);
      if (lineEnd === -1) break;
      const [sha = '', type = '', size] = received.toString('latin1', 0, lineEnd).split(' ');
      if (size === undefined) {
        received = received.subarray(lineEnd + 1);
        continue;
      }
      const end = lineEnd + 1 + Number(size);
      if (received.length < end + 1) {
        needed = end + 1 - received.length;
        break;
      }
      const data = Buffer.from(received.subarray(lineEnd + 1, end));
      received = received.subarray(end + 1);
      if (type === 'blob') yield { sha, data };
    }
  }
}
