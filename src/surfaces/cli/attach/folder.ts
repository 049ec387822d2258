/** The folder agents are wired in, on disk: their files, what those were before, and who is wired. */
import { execFileSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { findCredentials } from '../credentials.ts';
import { findRoot } from '../here.ts';
import type { GlobalFlags } from '../program.ts';
import { type Caller, type Homes, WIRINGS, type Wiring } from './agents.ts';
import { type Originals, readOriginals } from './originals.ts';
import { telemetryNotes, telemetryPlans } from './telemetry.ts';
import { detachFile, type FilePlan, isWired, type Scope, type WiredFile } from './wiring.ts';

const BIN = join(import.meta.dirname, '../../../../bin/loom');

export interface WiredFolder {
  readonly scope: Scope;
  /** Top of the repository, or the person's home. */
  readonly root: string;
  /** How agents and git call us. */
  readonly caller: Caller;
  plans(wiring: Wiring): FilePlan[];
  /** Only what sends an agent's telemetry to us. */
  telemetryPlans(wiring: Wiring): FilePlan[];
  /** What attaching cannot do about telemetry and a person must. */
  telemetryNotes(wiring: Wiring): string[];
  read(path: string): string | undefined;
  /** As people name it: below the repository, or from `~`. */
  nameOf(path: string): string;
  write(file: WiredFile): void;
  /** Every file of the agent holds what wires it. @throws AppError `attach.unreadable_file`. */
  isAttached(wiring: Wiring): boolean;
  /** Nothing of ours is in the text of this file. */
  isClean(path: string, text: string | undefined): boolean;
  readonly originals: Originals;
  keep(originals: Originals): void;
}

export function openFolder(scope: Scope, flags: GlobalFlags): WiredFolder {
  const homes = findHomes();
  const root =
    scope === 'user'
      ? homes.home
      : findRoot(
          'Go to the repository your agent works in, then run it again; or wire all you do with --user.',
        );
  const caller = findCaller(flags);
  const full = (path: string) => (isAbsolute(path) ? path : join(root, path));
  const read = (path: string) =>
    existsSync(full(path)) ? readFileSync(full(path), 'utf8') : undefined;
  const wired = (wiring: Wiring) =>
    wiring.files({ scope, homes, caller, exists: (path) => existsSync(full(path)) });
  const url = findCredentials(flags).url.replace(/\/+$/, '');
  const reported = (wiring: Wiring) => telemetryPlans(wiring.agent, { scope, homes, caller, url });
  const plans = (wiring: Wiring) => [...wired(wiring), ...reported(wiring)];
  const memory = scope === 'user' ? ownMemory(flags, homes) : memoryOfClone(root);

  return {
    scope,
    root,
    caller,
    plans,
    telemetryPlans: reported,
    telemetryNotes: (wiring) => telemetryNotes(wiring.agent, { scope, homes, caller, url }),
    read,
    nameOf: (path) =>
      path.startsWith(`${homes.home}/`) ? `~/${path.slice(homes.home.length + 1)}` : path,
    write({ path, after }) {
      const target = full(path);
      if (after !== undefined) {
        mkdirSync(dirname(target), { recursive: true });
        // Through a link, as people who keep such files elsewhere want it.
        writeFileSync(target, after);
        return;
      }
      rmSync(target, { force: true });
      for (let folder = dirname(target); isBelow(folder, root); folder = dirname(folder)) {
        if (!existsSync(folder) || readdirSync(folder).length > 0) break;
        rmdirSync(folder);
      }
    },
    isAttached: (wiring) => wired(wiring).every((plan) => isWired(plan, read(plan.path))),
    isClean: (path, text) =>
      WIRINGS.flatMap(plans)
        .filter((plan) => plan.path === path && plan.format !== 'own')
        .every((plan) => detachFile(plan, text).after === text),
    originals: readOriginals(existsSync(memory) ? readFileSync(memory, 'utf8') : undefined),
    keep(originals) {
      if (Object.keys(originals).length === 0) {
        rmSync(dirname(memory), { recursive: true, force: true });
        return;
      }
      mkdirSync(dirname(memory), { recursive: true });
      writeFileSync(memory, JSON.stringify(originals));
    },
  };
}

/** Agents whose program the shell would find. */
export function findAgentsHere(): Wiring[] {
  return WIRINGS.filter(({ programs }) => programs.some((name) => findProgram(name) !== undefined));
}

export function findProgram(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => isExecutable(path));
}

/** git draws the diff: the reader knows how to read it, and so do their tools. */
export function showDiff(file: WiredFile, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'loom-diff-'));
  try {
    const sides = (['before', 'after'] as const).map((side) => {
      const path = join(folder, side);
      writeFileSync(path, file[side] ?? '');
      return path;
    });
    const before = file.before === undefined ? '/dev/null' : `a/${name}`;
    const after = file.after === undefined ? '/dev/null' : `b/${name}`;
    return `--- ${before}\n+++ ${after}\n${diffOf(sides)}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function diffOf(sides: string[]): string {
  try {
    execFileSync('git', ['diff', '--no-index', '--no-color', '--', ...sides], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return '';
  } catch (error) {
    // git answers 1 when the two differ, which is why we are here.
    const text = (error as { stdout?: string }).stdout ?? '';
    const start = text.indexOf('@@');
    return start === -1 ? '' : text.slice(start);
  }
}

function findHomes(): Homes {
  const { env } = process;
  const home = env['HOME'] ?? homedir();
  return {
    home,
    claude: env['CLAUDE_CONFIG_DIR'] ?? join(home, '.claude'),
    codex: env['CODEX_HOME'] ?? join(home, '.codex'),
    copilot: env['COPILOT_HOME'] ?? join(home, '.copilot'),
    config: env['XDG_CONFIG_HOME'] ?? join(home, '.config'),
  };
}

/**
 * `loom` where the shell would find this very program, else its full path. A server or data folder
 * named while attaching is the one the agent's calls must find; a token never goes into a file.
 */
function findCaller({ url, data }: GlobalFlags): Caller {
  const onPath = findProgram('loom');
  const isUs = onPath !== undefined && realpathSync(onPath) === realpathSync(BIN);
  const args = [
    ...(url === undefined ? [] : ['--url', url]),
    ...(data === undefined ? [] : ['--data', resolve(data)]),
  ];
  return { command: isUs ? 'loom' : realpathSync(BIN), args };
}

/** In the folder git keeps for this clone or work tree: never committed, gone with it. */
function memoryOfClone(root: string): string {
  const path = execFileSync('git', ['rev-parse', '--git-path', 'loom/originals.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  return resolve(root, path.trim());
}

function ownMemory({ data }: GlobalFlags, { home }: Homes): string {
  const folder = data ?? process.env['LOOM_DATA'] ?? join(home, '.loomstack');
  return join(folder, 'attach', 'originals.json');
}

function isBelow(folder: string, root: string): boolean {
  return folder.startsWith(`${root}/`);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
