/**
 * Proves that one agent is wired where one stands: its files, its program, what may keep its hooks from
 * running, and the events that really arrived. What cannot be seen from here is said to be so.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, isAbsolute, join } from 'node:path';
import { toAppError } from '#kernel';
import { SEEN_VERSIONS, TELLS_TELEMETRY } from '../../agents/status.ts';
import { tableOf } from '../../hooks/dialect-tables.ts';
import { likelyNames } from '../../hooks/work-tree.ts';
import type { ApiClient } from '../client.ts';
import { remoteOf, workTreesOf } from '../here.ts';
import type { GlobalFlags } from '../program.ts';
import { ago } from '../output.ts';
import type { Wiring } from './agents.ts';
import { findProgram, openFolder, type WiredFolder } from './folder.ts';
import { type Finding, obstacles } from './obstacles.ts';
import { callsIn, eventsIn, runProbe } from './probe.ts';

interface Heard {
  items: {
    agent: string;
    person: { id: string };
    repository: string | null;
    lastEvent: { event: string; at: string } | null;
    telemetryLastAt: string | null;
    missing: string[];
  }[];
}

/** How each agent runs one prompt and ends; it asks the person's own model, so only on request. */
const HEADLESS: Readonly<Record<string, readonly string[]>> = {
  'claude-code': ['-p'],
  codex: ['exec'],
  'gemini-cli': ['-p'],
  copilot: ['-p'],
  opencode: ['run'],
  cursor: ['-p'],
};
const PROMPT = 'Answer with the single word ok.';
const POLL_MS = 500;
const RUN_MS = 120_000;

export async function examineAgent(
  wiring: Wiring,
  options: { waitSeconds: number; run: boolean },
  { client, flags }: { client: ApiClient; flags: GlobalFlags },
): Promise<Finding[]> {
  const since = Date.now();
  const program = wiring.programs.map(findProgram).find((path) => path !== undefined);
  const folders = (['repository', 'user'] as const).flatMap((scope) => {
    try {
      return [openFolder(scope, flags)];
    } catch {
      return [];
    }
  });
  const findings = [filesFinding(wiring, folders), await programFinding(wiring, program)];
  findings.push(...(await callFindings(wiring, folders)));
  findings.push(...obstacles(wiring, folders));
  if (options.run) findings.push(await runFinding(wiring, program));
  const isWaiting = options.run || options.waitSeconds > 0;
  const waitMs = options.run ? 5_000 : options.waitSeconds * 1_000;
  try {
    const wait = isWaiting ? { since, waitMs } : undefined;
    findings.push(...(await eventFindings(wiring, client, placesOf(folders), wait)));
  } catch (error) {
    // Also with no server everything else is said.
    const { message, hint } = toAppError(error);
    const what = `${wiring.agent} events`;
    findings.push({ what, state: 'failed', detail: message, next: hint ?? null });
  }
  return findings;
}

/** Names the server may know the repository here by. */
function placesOf(folders: readonly WiredFolder[]): string[] {
  const here = folders.find(({ scope }) => scope === 'repository');
  return here === undefined
    ? []
    : likelyNames({ remoteUrl: remoteOf(here.root), toplevel: here.root });
}

function filesFinding(wiring: Wiring, folders: readonly WiredFolder[]): Finding {
  const what = `${wiring.agent} files`;
  const again = `run \`loom attach --agent ${wiring.agent}\``;
  try {
    const where = folders.filter((folder) => folder.isAttached(wiring)).map(({ scope }) => scope);
    if (where.length > 0) {
      return {
        what,
        state: 'ok',
        detail: `attached for the ${where.join(' and the ')}`,
        next: null,
      };
    }
    const lacking = folders.flatMap((folder) => missingEvents(wiring, folder));
    if (lacking.length > 0) {
      return {
        what,
        state: 'failed',
        detail: `attached in part: ${lacking.join('; ')}`,
        next: again,
      };
    }
    const tree = otherTreeOf(wiring, folders);
    return tree === undefined
      ? { what, state: 'failed', detail: 'not attached here', next: again }
      : {
          what,
          state: 'failed',
          detail: `attached in ${tree}, and not in this work tree, which has files of its own`,
          next: `${again} here too, or commit its files`,
        };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { what, state: 'failed', detail, next: 'correct the file, then attach again' };
  }
}

/** Files that call us for some of the agent's events, each with those it leaves out. */
function missingEvents(wiring: Wiring, folder: WiredFolder): string[] {
  return folder.plans(wiring).flatMap((plan) => {
    if (plan.format !== 'json') return [];
    const wanted = plan.entries.flatMap((entry) =>
      entry.kind === 'hook' ? [entry.at.at(-1)!] : [],
    );
    const known = eventsIn(folder.read(plan.path) ?? '', wiring.agent);
    const missing = wanted.filter((event) => !known.includes(event));
    return known.length > 0 && missing.length > 0
      ? [`${folder.nameOf(plan.path)} lacks ${missing.join(', ')}`]
      : [];
  });
}

/** Another work tree of the same clone in which the agent is attached. */
function otherTreeOf(wiring: Wiring, folders: readonly WiredFolder[]): string | undefined {
  const here = folders.find(({ scope }) => scope === 'repository');
  if (here === undefined) return undefined;
  const plans = here.plans(wiring).filter(({ path }) => !isAbsolute(path));
  return workTreesOf(here.root).find(
    (root) =>
      root !== here.root &&
      plans.some(({ path }) => {
        const file = join(root, path);
        return existsSync(file) && callsIn(readFileSync(file, 'utf8'), wiring.agent).length > 0;
      }),
  );
}

/** Runs each call the files hold: path, address, token and server are proven in one. */
async function callFindings(wiring: Wiring, folders: readonly WiredFolder[]): Promise<Finding[]> {
  const what = `${wiring.agent} call`;
  const calls = new Set(
    folders.flatMap((folder) =>
      folder.plans(wiring).flatMap(({ path }) => callsIn(folder.read(path) ?? '', wiring.agent)),
    ),
  );
  const cwd = folders[0]?.root ?? process.cwd();
  const probes = await Promise.all([...calls].map((call) => runProbe(call, cwd)));
  return probes.map((probe) =>
    probe.state === 'answered'
      ? { what, state: 'ok', detail: `the server answered in ${probe.ms} ms`, next: null }
      : {
          what,
          state: 'failed',
          detail: `\`${probe.call}\`: ${probe.why}`,
          next: nextOf(probe.why, wiring.agent),
        },
  );
}

function nextOf(why: string, agent: string): string {
  if (/token|sign in|who calls/i.test(why)) {
    return 'make a token with `loom token create NAME` and set LOOM_TOKEN where the agent runs';
  }
  if (/not reachable|did not answer/.test(why)) {
    return 'start the server with `npm start`, or attach again with the right --url';
  }
  if (/not LoomStack/.test(why)) return 'attach again with the right --url';
  return `attach again: \`loom attach --agent ${agent}\``;
}

async function programFinding(wiring: Wiring, program: string | undefined): Promise<Finding> {
  const what = `${wiring.agent} program`;
  if (program === undefined) {
    const next = `install it, or look for ${wiring.programs.join(' or ')} on the PATH`;
    return { what, state: 'warning', detail: 'not found on the PATH', next };
  }
  const version = await versionOf(program);
  const seen = SEEN_VERSIONS[wiring.agent];
  const isOther = version !== null && seen !== undefined && minorOf(version) !== minorOf(seen);
  return {
    what,
    state: 'ok',
    detail: `${version ?? 'of unknown version'} at ${program}${isOther ? `; seen working with ${seen}` : ''}`,
    next: isOther ? 'let the events below tell whether this version works as well' : null,
  };
}

/** The version a program states, such as `0.169.0`; null where it states none in time. */
export function versionOf(program: string): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, ['--version'], { timeout: 10_000 }, (_error, stdout) => {
      resolve(/\d+\.\d+\.\d+[\w.-]*/.exec(stdout)?.[0].replace(/\.$/, '') ?? null);
    });
  });
}

function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

async function runFinding(wiring: Wiring, program: string | undefined): Promise<Finding> {
  const what = `${wiring.agent} run`;
  const args = HEADLESS[wiring.agent];
  if (program === undefined || args === undefined) {
    return {
      what,
      state: 'failed',
      detail: 'it cannot be started from here',
      next: 'start it by hand and use --wait',
    };
  }
  const code = await new Promise<number | null>((resolve) => {
    const child = spawn(program, [...args, PROMPT], { stdio: 'ignore', timeout: RUN_MS });
    child.on('error', () => resolve(null));
    child.on('close', resolve);
  });
  return {
    what,
    state: code === 0 ? 'ok' : 'warning',
    detail: `${basename(program)} ${args.join(' ')} ended with ${code ?? 'a signal'}`,
    next:
      code === 0 ? null : 'run it by hand to see why: it may need a login or trust in the folder',
  };
}

/** The newest event of the caller's agent; with `wait`, one that came after its start. And its telemetry. */
async function eventFindings(
  wiring: Wiring,
  client: ApiClient,
  places: readonly string[],
  wait: { since: number; waitMs: number } | undefined,
): Promise<Finding[]> {
  const what = `${wiring.agent} events`;
  if (tableOf(wiring.agent) === undefined) {
    return [
      { what, state: 'ok', detail: 'it has no hooks; its tools are all there is', next: null },
    ];
  }
  const me = (await client.get<{ principal: { id: string } }>('/v1/me')).principal.id;
  const end = Date.now() + (wait?.waitMs ?? 0);
  for (;;) {
    const { items } = await client.get<Heard>('/v1/agents');
    const own = items.filter(({ agent, person }) => agent === wiring.agent && person.id === me);
    const heard = own.filter(
      ({ lastEvent }) =>
        lastEvent !== null && (wait === undefined || Date.parse(lastEvent.at) >= wait.since),
    );
    const here = heard.find(({ repository }) => repository === null || places.includes(repository));
    const telemetry = TELLS_TELEMETRY.has(wiring.agent)
      ? [telemetryFinding(wiring.agent, own)]
      : [];
    if (here !== undefined) {
      const { event, at } = here.lastEvent!;
      const missing = here.missing.join(' ');
      return [
        {
          what,
          state: missing === '' ? 'ok' : 'warning',
          detail: `connected, last event ${event} ${ago(at)}`,
          next: missing === '' ? null : missing,
        },
        ...telemetry,
      ];
    }
    if (Date.now() >= end) {
      const [elsewhere] = heard;
      return [
        {
          what,
          state: wait === undefined ? 'warning' : 'failed',
          detail:
            elsewhere === undefined
              ? wait === undefined
                ? 'none has arrived yet'
                : 'none arrived in this time'
              : `none from here; the last came from ${elsewhere.repository ?? 'another place'} ${ago(elsewhere.lastEvent!.at)}`,
          next: `start it here and give it a prompt: \`loom doctor --agent ${wiring.agent} --wait 60\` shows when one comes, --run starts it for you`,
        },
        ...telemetry,
      ];
    }
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}

/** Nothing hangs on it, so its absence is said and is no fault. */
function telemetryFinding(agent: string, own: Heard['items']): Finding {
  const what = `${agent} telemetry`;
  const last = own
    .flatMap(({ telemetryLastAt }) => telemetryLastAt ?? [])
    .toSorted()
    .at(-1);
  return last === undefined
    ? {
        what,
        state: 'ok',
        detail: 'none arrived: tokens are estimates, and cost is not known',
        next: `\`loom attach --telemetry --agent ${agent}\` has it report both`,
      }
    : { what, state: 'ok', detail: `tokens and cost last told ${ago(last)}`, next: null };
}
