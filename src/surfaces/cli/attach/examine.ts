/**
 * Proves that one agent is wired where one stands: its files, its program, what may keep its hooks from
 * running, and the events that really arrived. What cannot be seen from here is said to be so.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SEEN_VERSIONS } from '../../agents/status.ts';
import { tableOf } from '../../hooks/dialect-tables.ts';
import type { ApiClient } from '../client.ts';
import type { GlobalFlags } from '../program.ts';
import { ago } from '../output.ts';
import type { Wiring } from './agents.ts';
import { findProgram, openFolder, type WiredFolder } from './folder.ts';
import { readJson } from './json-text.ts';
import { readToml, tomlAt } from './toml-text.ts';

export interface Finding {
  what: string;
  state: 'ok' | 'warning' | 'failed';
  detail: string;
  /** What to do about it; null when there is nothing to do. */
  next: string | null;
}

interface Heard {
  items: { agent: string; lastEvent: { event: string; at: string } | null; missing: string[] }[];
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
  findings.push(...obstacles(wiring, folders));
  if (options.run) findings.push(await runFinding(wiring, program));
  const isWaiting = options.run || options.waitSeconds > 0;
  const waitMs = options.run ? 5_000 : options.waitSeconds * 1_000;
  findings.push(await eventFinding(wiring, client, isWaiting ? { since, waitMs } : undefined));
  return findings;
}

function filesFinding(wiring: Wiring, folders: readonly WiredFolder[]): Finding {
  const what = `${wiring.agent} files`;
  try {
    const where = folders.filter((folder) => folder.isAttached(wiring)).map(({ scope }) => scope);
    return where.length > 0
      ? { what, state: 'ok', detail: `attached for the ${where.join(' and the ')}`, next: null }
      : {
          what,
          state: 'failed',
          detail: 'not attached here',
          next: `run \`loom attach --agent ${wiring.agent}\``,
        };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { what, state: 'failed', detail, next: 'correct the file, then attach again' };
  }
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

/** What is known to keep hooks from running although the files are right. */
function obstacles(wiring: Wiring, folders: readonly WiredFolder[]): Finding[] {
  const repository = folders.find(({ scope }) => scope === 'repository');
  const user = folders.find(({ scope }) => scope === 'user');
  if (wiring.agent === 'claude-code') return claudeObstacles(repository, user);
  if (wiring.agent === 'codex' && repository !== undefined && user !== undefined) {
    return codexObstacles(wiring, repository, user);
  }
  return [];
}

function claudeObstacles(...folders: (WiredFolder | undefined)[]): Finding[] {
  const managed = [
    '/etc/claude-code/managed-settings.json',
    '/Library/Application Support/ClaudeCode/managed-settings.json',
  ];
  const own = folders.flatMap((folder) =>
    folder === undefined
      ? []
      : ['settings.json', 'settings.local.json'].map((name) => join(folder.root, '.claude', name)),
  );
  return [...managed, ...own].flatMap((path) => {
    const settings = readObject(path);
    const key = ['disableAllHooks', 'allowManagedHooksOnly'].find(
      (name) => settings[name] === true,
    );
    return key === undefined
      ? []
      : [
          {
            what: 'claude-code settings',
            state: 'failed' as const,
            detail: `${path} says ${key}: our hooks do not run`,
            next: managed.includes(path)
              ? 'ask whoever manages these machines to allow them, or to add them there'
              : `take ${key} out`,
          },
        ];
  });
}

function codexObstacles(wiring: Wiring, repository: WiredFolder, user: WiredFolder): Finding[] {
  const [, config] = user.plans(wiring);
  const read = readToml(user.read(config!.path) ?? '');
  const value = 'value' in read ? read.value : {};
  const projects = (value['projects'] ?? {}) as Record<string, { trust_level?: unknown }>;
  const isTrusted = projects[repository.root]?.trust_level === 'trusted';
  const approved = JSON.stringify(tomlAt(value, 'hooks') ?? {}).includes('trusted_hash');
  return [
    ...(isTrusted || !repository.isAttached(wiring)
      ? []
      : [
          {
            what: 'codex trust',
            state: 'warning' as const,
            detail: `${repository.root} is not among the projects Codex trusts`,
            next: 'start `codex` here once and trust the folder',
          },
        ]),
    ...(approved
      ? []
      : [
          {
            what: 'codex hooks',
            state: 'warning' as const,
            detail: 'no hook has been approved in Codex; it skips them without a word',
            next: 'start `codex`, open /hooks and approve those of loom',
          },
        ]),
  ];
}

function readObject(path: string): Record<string, unknown> {
  if (!existsSync(path)) return {};
  const read = readJson(readFileSync(path, 'utf8'));
  return 'value' in read && typeof read.value === 'object' && read.value !== null
    ? (read.value as Record<string, unknown>)
    : {};
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

/** The newest event; with `wait`, one that came after its start. */
async function eventFinding(
  wiring: Wiring,
  client: ApiClient,
  wait: { since: number; waitMs: number } | undefined,
): Promise<Finding> {
  const what = `${wiring.agent} events`;
  if (tableOf(wiring.agent) === undefined) {
    return { what, state: 'ok', detail: 'it has no hooks; its tools are all there is', next: null };
  }
  const end = Date.now() + (wait?.waitMs ?? 0);
  for (;;) {
    const { items } = await client.get<Heard>('/v1/agents');
    const own = items.filter(
      ({ agent, lastEvent }) => agent === wiring.agent && lastEvent !== null,
    );
    const fresh = own.find(
      ({ lastEvent }) => wait === undefined || Date.parse(lastEvent!.at) >= wait.since,
    );
    if (fresh !== undefined) {
      const { event, at } = fresh.lastEvent!;
      const missing = fresh.missing.join(' ');
      return {
        what,
        state: missing === '' ? 'ok' : 'warning',
        detail: `connected, last event ${event} ${ago(at)}`,
        next: missing === '' ? null : missing,
      };
    }
    if (Date.now() >= end) {
      return {
        what,
        state: wait === undefined ? 'warning' : 'failed',
        detail: wait === undefined ? 'none has arrived yet' : 'none arrived in this time',
        next: `start it here and give it a prompt: \`loom doctor --agent ${wiring.agent} --wait 60\` shows when one comes, --run starts it for you`,
      };
    }
    await new Promise((resolve) => {
      setTimeout(resolve, POLL_MS);
    });
  }
}
