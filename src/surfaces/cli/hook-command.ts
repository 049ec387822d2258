/**
 * `loom hook AGENT EVENT`: run by the agent on each of its events, so it starts fast and loads no
 * library. It hands the agent's words to the server and prints the server's answer. While the server
 * is down the agent goes on, with one clear line, unless LOOM_HOOKS_FAIL_CLOSED says otherwise.
 */
import { execFile } from 'node:child_process';
import { findCredentials } from './credentials.ts';

export interface HookStreams {
  stdin: AsyncIterable<Uint8Array>;
  out: (text: string) => void;
  err: (text: string) => void;
}

interface HookInput {
  cwd?: unknown;
  tool_name?: unknown;
}

const EDITS = new Set(['Edit', 'Write', 'MultiEdit', 'NotebookEdit']);
const MAX_INPUT_BYTES = 4_000_000;

/** Always 0: an agent must never stop because of us, and a denial travels in the answer. */
export async function runHook(agent: string, event: string, streams: HookStreams): Promise<number> {
  const text = await readAll(streams.stdin);
  const input = parse(text);
  const { url, token, hooks } = findCredentials({});
  try {
    const git = await readGit(typeof input.cwd === 'string' ? input.cwd : process.cwd());
    const response = await fetch(
      new URL(`/hooks/${encodeURIComponent(agent)}/${encodeURIComponent(event)}`, url),
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ input, git }),
        signal: AbortSignal.timeout(hooks.timeoutMs),
      },
    );
    const answer = await response.text();
    if (!response.ok) {
      const problem = parse(answer) as { detail?: unknown; hint?: unknown };
      const detail =
        typeof problem.detail === 'string' ? problem.detail : `status ${response.status}`;
      const hint = typeof problem.hint === 'string' ? ` ${problem.hint}` : '';
      return goOnWithout(
        hooks.failClosed,
        event,
        input,
        `LoomStack refused this hook: ${detail}${hint}`,
        streams,
      );
    }
    const { output, note } = parse(answer) as { output?: unknown; note?: unknown };
    if (isFilled(output)) streams.out(JSON.stringify(output));
    if (typeof note === 'string') streams.err(`${note}\n`);
    return 0;
  } catch {
    return goOnWithout(
      hooks.failClosed,
      event,
      input,
      `LoomStack is not reachable at ${url}: this ${event} was not coordinated. Start it with \`npm start\`, or run \`loom doctor\`.`,
      streams,
    );
  }
}

function isFilled(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function goOnWithout(
  failClosed: boolean,
  event: string,
  input: HookInput,
  line: string,
  streams: HookStreams,
): number {
  const isEdit =
    event === 'PreToolUse' && typeof input.tool_name === 'string' && EDITS.has(input.tool_name);
  if (isEdit && failClosed) {
    streams.out(
      JSON.stringify({
        hookSpecificOutput: {
          hookEventName: 'PreToolUse',
          permissionDecision: 'deny',
          permissionDecisionReason: `${line} Edits are denied meanwhile (hooks.failClosed is set).`,
        },
      }),
    );
    return 0;
  }
  if (isEdit || event === 'SessionStart') streams.err(`${line}\n`);
  if (event === 'SessionStart') {
    streams.out(JSON.stringify({ systemMessage: line }));
  }
  return 0;
}

async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string): HookInput {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Where the agent works. Outside a repository there is simply nothing to say. */
async function readGit(cwd: string): Promise<Record<string, string>> {
  const [place, remote] = await Promise.all([
    git(cwd, ['rev-parse', '--show-toplevel', '--abbrev-ref', 'HEAD']),
    git(cwd, ['config', '--get', 'remote.origin.url']),
  ]);
  const head = await git(cwd, ['rev-parse', '--verify', '--quiet', 'HEAD']);
  const [toplevel, branch] = place.split('\n');
  return {
    ...(toplevel ? { toplevel } : {}),
    ...(branch ? { branch } : {}),
    ...(head ? { head } : {}),
    ...(remote ? { remoteUrl: withoutPassword(remote) } : {}),
  };
}

function git(cwd: string, args: string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile('git', args, { cwd, timeout: 2_000 }, (error, stdout) => {
      resolve(error === null ? stdout.trim() : '');
    });
  });
}

function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/)[^@/]*@/i, '$1');
}
