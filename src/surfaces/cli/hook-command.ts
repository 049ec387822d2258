/**
 * `loom hook AGENT EVENT`: run by the agent on each of its events, so it starts fast and loads no
 * library. It hands the agent's words to the server and prints the server's answer. While the server
 * is down the agent goes on, with one clear line, unless LOOM_HOOKS_FAIL_CLOSED says otherwise.
 */
import { execFile } from 'node:child_process';
import { fill, guestOf, tableOf } from '../hooks/dialect-tables.ts';
import { findCredentials } from './credentials.ts';

export interface HookStreams {
  stdin: AsyncIterable<Uint8Array>;
  out: (text: string) => void;
  err: (text: string) => void;
}

type HookInput = Record<string, unknown>;

const MAX_INPUT_BYTES = 64_000_000;
/** Longer texts are cut: the server needs names and the start of a prompt, never a whole file. */
const MAX_TEXT_LENGTH = 20_000;

/** Always 0: an agent must never stop because of us, and a denial travels in the answer. */
export async function runHook(
  agent: string,
  event: string,
  streams: HookStreams,
  flags: { url?: string | undefined; data?: string | undefined } = {},
): Promise<number> {
  const { url, token, hooks } = findCredentials(flags);
  const input = parse(await readAll(streams.stdin), MAX_TEXT_LENGTH);
  const goOn = (line: string) => goOnWithout(hooks.failClosed, agent, event, input, line, streams);
  if (input === undefined) {
    return goOn(`LoomStack cannot read the input of this ${event}: it is not a JSON object.`);
  }
  const guest = guestOf(agent, input);
  if (guest !== undefined) {
    if (tableOf(agent)?.events[event]?.kind === 'session-started') streams.err(`${guest}\n`);
    return 0;
  }
  const path = `/hooks/${encodeURIComponent(agent)}/${encodeURIComponent(event)}`;
  const patience = AbortSignal.timeout(hooks.timeoutMs);
  try {
    const git = await readGit(folderOf(input));
    const { status, text } = await post(
      new URL(path, url),
      token,
      JSON.stringify({ input, git }),
      patience,
    );
    const answer = parse(text) as
      | { detail?: unknown; hint?: unknown; output?: unknown; note?: unknown }
      | undefined;
    if (status < 200 || status > 299) {
      const detail = typeof answer?.detail === 'string' ? answer.detail : `status ${status}`;
      const hint = typeof answer?.hint === 'string' ? ` ${answer.hint}` : '';
      return goOn(`LoomStack refused this hook: ${detail}${hint}`);
    }
    if (answer === undefined || !('output' in answer)) {
      return goOn(
        `What answers at ${url} is not LoomStack: this ${event} was not coordinated. Check LOOM_URL.`,
      );
    }
    if (isFilled(answer.output)) streams.out(JSON.stringify(answer.output));
    if (typeof answer.note === 'string') streams.err(`${answer.note}\n`);
    return 0;
  } catch {
    const what = patience.aborted
      ? `LoomStack at ${url} did not answer within ${hooks.timeoutMs} ms`
      : `LoomStack is not reachable at ${url}`;
    return goOn(
      `${what}: this ${event} was not coordinated. Start it with \`npm start\`, or run \`loom doctor\`.`,
    );
  }
}

/** By node:http, because `fetch` takes several times as long to load. */
async function post(
  url: URL,
  token: string | undefined,
  body: string,
  signal: AbortSignal,
): Promise<{ status: number; text: string }> {
  const { request } =
    url.protocol === 'https:' ? await import('node:https') : await import('node:http');
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        signal,
        agent: false,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
      },
      (response) => {
        readAll(response).then(
          (text) => resolve({ status: response.statusCode ?? 0, text: text ?? '' }),
          reject,
        );
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

function isFilled(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

/** The line in the agent's own words, as far as it has words for it. */
function goOnWithout(
  failClosed: boolean,
  agent: string,
  event: string,
  input: HookInput | undefined,
  line: string,
  streams: HookStreams,
): number {
  const table = tableOf(agent);
  const rule = table?.events[event];
  const tool = table?.fields.tool.map((name) => input?.[name]).find((name) => name !== undefined);
  // Which tool it is for may be unreadable too; closed means closed.
  const isEdit =
    rule?.kind === 'tool-starting' &&
    (typeof tool !== 'string' || Object.hasOwn(table!.edits, tool));
  if (isEdit && failClosed) {
    const reason = `${line} Edits are denied meanwhile (hooks.failClosed is set).`;
    streams.out(JSON.stringify(fill(rule.denied, reason)));
    return 0;
  }
  const isStart = rule?.kind === 'session-started';
  if (isEdit || isStart || input === undefined) streams.err(`${line}\n`);
  if (isStart && rule.notice !== undefined) streams.out(JSON.stringify(fill(rule.notice, line)));
  return 0;
}

/** Where the agent works; some name several folders. */
function folderOf(input: HookInput): string {
  const roots = input['workspace_roots'];
  const folder = input['cwd'] ?? (Array.isArray(roots) ? (roots as unknown[])[0] : undefined);
  return typeof folder === 'string' && folder !== '' ? folder : process.cwd();
}

/** Undefined when it is larger than any hook input can be. */
async function readAll(stdin: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    size += chunk.length;
    if (size > MAX_INPUT_BYTES) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parse(text: string | undefined, longest = Infinity): HookInput | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '', (_key, part: unknown) =>
      typeof part === 'string' && part.length > longest ? part.slice(0, longest) : part,
    );
    return typeof value === 'object' && value !== null ? (value as HookInput) : undefined;
  } catch {
    return undefined;
  }
}

/** Where the agent works. Outside a repository there is simply nothing to say. */
async function readGit(cwd: string): Promise<Record<string, string>> {
  const [place, head, remote] = await Promise.all([
    git(cwd, ['rev-parse', '--show-toplevel', '--abbrev-ref', 'HEAD']),
    git(cwd, ['rev-parse', '--verify', '--quiet', 'HEAD']),
    git(cwd, ['config', '--get', 'remote.origin.url']),
  ]);
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
