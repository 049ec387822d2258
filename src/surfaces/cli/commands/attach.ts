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
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { AppError } from '#kernel';
import {
  attachClaudeCode,
  detachClaudeCode,
  isAttached,
  MCP_PATH,
  SETTINGS_PATH,
  type WiredFile,
} from '../attach/claude-code.ts';
import { findRoot } from '../here.ts';
import {
  keepOriginals,
  type Originals,
  readOriginals,
  restoreOriginals,
} from '../attach/originals.ts';
import type { GlobalFlags, RegisterCommands } from '../program.ts';

/** Agents this release can wire. */
const AGENTS = ['claude-code'];
const BIN = join(import.meta.dirname, '../../../../bin/loom');

export const registerAttach: RegisterCommands = (program, context) => {
  for (const verb of ['attach', 'detach'] as const) {
    program
      .command(verb)
      .description(
        verb === 'attach'
          ? 'wire an agent into the repository you stand in: hooks and MCP, with the exact diff'
          : 'take out of the repository what attach put in, and nothing else',
      )
      .option('--agent <name>', `which agent: ${AGENTS.join(', ')}`, 'claude-code')
      .option('--dry-run', 'show the diff and change nothing')
      .addHelpText(
        'after',
        `\nExamples:\n  $ loom ${verb}\n  $ loom ${verb} --agent claude-code --dry-run\n`,
      )
      .action((options: { agent: string; dryRun?: boolean }) => {
        refuseUnknownAgent(options.agent);
        const root = findRoot('Go to the repository your agent works in, then run it again.');
        const files = {
          settings: readIfThere(join(root, SETTINGS_PATH)),
          mcp: readIfThere(join(root, MCP_PATH)),
        };
        const kept = readOriginals(readIfThere(originalsPath(root)));
        const wired =
          verb === 'attach'
            ? attachClaudeCode(files, findCommand(program.opts<GlobalFlags>()))
            : restoreOriginals(kept, detachClaudeCode(files));
        const changed = wired.filter(({ before, after }) => before !== after);
        const diff = changed.map(showDiff).join('');
        if (options.dryRun !== true) {
          if (verb === 'attach') writeOriginals(root, keepOriginals(kept, wired, isClean));
          else writeOriginals(root, {});
          for (const file of changed) write(root, file);
        }
        const done = {
          agent: options.agent,
          repository: root,
          changed: changed.map(({ path }) => path),
          written: options.dryRun !== true,
          diff,
        };
        context
          .output()
          .result(done, () => [diff, summary(verb, done)].filter((part) => part !== '').join('\n'));
      });
  }
};

/** Whether the repository around the current folder holds our hooks; false outside of one. */
export function isAttachedHere(): boolean {
  try {
    return isAttached(readIfThere(join(findRoot(), SETTINGS_PATH)));
  } catch {
    return false;
  }
}

function summary(
  verb: 'attach' | 'detach',
  done: { changed: string[]; written: boolean; agent: string },
): string {
  if (done.changed.length === 0) {
    return verb === 'attach'
      ? `${done.agent} is attached already; nothing to change.`
      : `${done.agent} is not attached; nothing to change.`;
  }
  if (!done.written) return 'Nothing was written (--dry-run).';
  return verb === 'attach'
    ? `Attached. Start ${done.agent} here; its session appears in the console. \`loom doctor\` shows when its hooks last fired, \`loom detach\` undoes this.`
    : 'Detached. What others wrote in these files is as it was.';
}

function refuseUnknownAgent(agent: string): void {
  if (AGENTS.includes(agent)) return;
  throw new AppError('invalid', 'attach.unknown_agent', {
    message: `${agent} cannot be attached.`,
    hint: `Known agents: ${AGENTS.join(', ')}. Any other that speaks MCP can use \`loom mcp\` as its server command.`,
  });
}

/** Nothing of ours is in it yet. */
function isClean({ path, before }: WiredFile): boolean {
  const detached = detachClaudeCode({ settings: undefined, mcp: undefined, [KEYS[path]!]: before });
  return detached.every((file) => file.before === file.after);
}

const KEYS: Record<string, 'settings' | 'mcp'> = { [SETTINGS_PATH]: 'settings', [MCP_PATH]: 'mcp' };

/** In the folder git keeps for this clone: never committed, gone with the clone. */
function originalsPath(root: string): string {
  const path = execFileSync('git', ['rev-parse', '--git-path', 'loom/originals.json'], {
    cwd: root,
    encoding: 'utf8',
  });
  return resolve(root, path.trim());
}

function writeOriginals(root: string, originals: Originals): void {
  const path = originalsPath(root);
  if (Object.keys(originals).length === 0) {
    rmSync(dirname(path), { recursive: true, force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(originals));
}

/**
 * `loom` where the shell would find this very program, else its full path. A server or data folder
 * named while attaching is the one the agent's calls must find; a token never goes into a file.
 */
function findCommand({ url, data }: GlobalFlags): { command: string; args: string[] } {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'loom'))
    .find((path) => isExecutable(path));
  const isUs = onPath !== undefined && realpathSync(onPath) === realpathSync(BIN);
  const args = [
    ...(url === undefined ? [] : ['--url', url]),
    ...(data === undefined ? [] : ['--data', resolve(data)]),
  ];
  return { command: isUs ? 'loom' : realpathSync(BIN), args };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function write(root: string, file: WiredFile): void {
  const path = join(root, file.path);
  if (file.after === undefined) {
    rmSync(path, { force: true });
    const folder = dirname(path);
    if (folder !== root && readdirSync(folder).length === 0) rmdirSync(folder);
    return;
  }
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.after);
}

/** git draws the diff: the reader knows how to read it, and so do their tools. */
function showDiff(file: WiredFile): string {
  const folder = mkdtempSync(join(tmpdir(), 'loom-diff-'));
  try {
    const before = join(folder, 'before');
    const after = join(folder, 'after');
    if (file.before !== undefined) writeFileSync(before, file.before);
    if (file.after !== undefined) writeFileSync(after, file.after);
    const sides = [
      file.before === undefined ? '/dev/null' : before,
      file.after === undefined ? '/dev/null' : after,
    ];
    try {
      execFileSync('git', ['diff', '--no-index', '--no-color', '--', ...sides], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      return '';
    } catch (error) {
      // git answers 1 when the two differ, which is why we are here.
      const text = (error as { stdout?: string }).stdout ?? '';
      const body = text.slice(text.indexOf('@@'));
      return `--- ${file.before === undefined ? '/dev/null' : `a/${file.path}`}\n+++ ${file.after === undefined ? '/dev/null' : `b/${file.path}`}\n${body}`;
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
