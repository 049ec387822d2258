/**
 * `loom hook AGENT EVENT`: run by the agent on each of its events, so it starts fast and loads no
 * library. It hands the agent's words to the server and prints the server's answer. While the server
 * is down the agent goes on, with one clear line, unless LOOM_HOOKS_FAIL_CLOSED says otherwise.
 */
import { fill, guestOf, PROBE_EVENT, tableOf } from '../hooks/dialect-tables.ts';
import { ask, findCredentials, type Outcome, readAnswer, readInput } from './hook-client.cjs';

export interface HookStreams {
  stdin: AsyncIterable<Uint8Array>;
  out: (text: string) => void;
  err: (text: string) => void;
}

const MAX_INPUT_BYTES = 64_000_000;

/** Always 0: an agent must never stop because of us, and a denial travels in the answer. */
export async function runHook(
  agent: string,
  event: string,
  { stdin, out, err }: HookStreams,
  flags: { url?: string | undefined; data?: string | undefined } = {},
): Promise<number> {
  const { url, token, hooks } = findCredentials(flags);
  const input = readInput((await readAll(stdin)) ?? '');
  const outcome: Outcome =
    input === undefined
      ? { kind: 'unreadable' }
      : await ask({ agent, event, input, url, token, timeoutMs: hooks.timeoutMs });
  const answer = readAnswer(outcome);
  if (answer !== undefined) {
    if (answer.out !== '') out(answer.out);
    if (answer.err !== '') err(answer.err);
  } else {
    goOnWithout({ agent, event, input, outcome, url, hooks }, { write: out }, { write: err });
  }
  return 0;
}

/** What happened, in a line for the person and the agent. */
function describe(outcome: Outcome, event: string, url: string, timeoutMs: number): string {
  switch (outcome.kind) {
    case 'unreadable':
      return `LoomStack cannot read the input of this ${event}: it is not a JSON object.`;
    case 'answered': {
      const answer = readInput(outcome.text);
      if (outcome.status >= 200 && outcome.status <= 299) {
        return `What answers at ${url} is not LoomStack: this ${event} was not coordinated. Check LOOM_URL.`;
      }
      const { detail, hint } = answer ?? {};
      const why = typeof detail === 'string' ? detail : `status ${outcome.status}`;
      return `LoomStack refused this hook: ${why}${typeof hint === 'string' ? ` ${hint}` : ''}`;
    }
    case 'late':
      return `LoomStack at ${url} did not answer within ${timeoutMs} ms: ${NOT_COORDINATED(event)}`;
    case 'unreachable':
      return `LoomStack is not reachable at ${url}: ${NOT_COORDINATED(event)}`;
  }
}

const NOT_COORDINATED = (event: string) =>
  `this ${event} was not coordinated. Start it with \`npm start\`, or run \`loom doctor\`.`;

interface Sink {
  write(text: string): unknown;
}

/**
 * The agent goes on without us, with one line in its own words where it has words for it. Edits are
 * denied instead where `hooks.failClosed` says so.
 */
export function goOnWithout(
  call: {
    agent: string;
    event: string;
    input: Record<string, unknown> | undefined;
    outcome: Outcome;
    url: string;
    hooks: { failClosed: boolean; timeoutMs: number };
  },
  out: Sink,
  err: Sink,
): void {
  const { agent, event, input, outcome, url, hooks } = call;
  const table = tableOf(agent);
  const rule = table?.events[event];
  const isStart = rule?.kind === 'session-started';
  const guest = guestOf(agent, input);
  if (guest !== undefined) {
    if (isStart) err.write(`${guest}\n`);
    return;
  }
  const line = describe(outcome, event, url, hooks.timeoutMs);
  const tool = table?.fields.tool.map((name) => input?.[name]).find((name) => name !== undefined);
  // Which tool it is for may be unreadable too; closed means closed.
  const isEdit =
    rule?.kind === 'tool-starting' &&
    (typeof tool !== 'string' || Object.hasOwn(table!.edits, tool));
  if (isEdit && hooks.failClosed) {
    const reason = `${line} Edits are denied meanwhile (hooks.failClosed is set).`;
    out.write(JSON.stringify(fill(rule.denied, reason)));
    return;
  }
  const isProbe = event === PROBE_EVENT;
  if (isEdit || isStart || isProbe || input === undefined) err.write(`${line}\n`);
  if (isStart && rule.notice !== undefined) out.write(JSON.stringify(fill(rule.notice, line)));
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
