/** Documents made from the code they describe, so that they cannot say something else. */
import type { Command } from 'commander';
import { SETTINGS } from '#kernel';
import { createProgram, EXIT_CODES, type Streams } from '#surfaces';
import { VERSION } from './compose.ts';
import { registerAppCommands } from './loom.ts';

const NOTE = '<!-- Written by `node scripts/write-docs.ts`. Change the code, then run it. -->';
const SILENT: Streams = { out: () => {}, err: () => {}, isTerminal: false };

const EXIT_MEANINGS: Record<keyof typeof EXIT_CODES, string> = {
  ok: 'done; `loom check`: ships alone',
  failed: 'an unexpected failure; `loom policy test`: a test of the file failed',
  usage: 'the command line or a file it names is not valid',
  notFound: 'there is no such thing',
  notAllowed: 'no token, or one that may not do this',
  conflict: 'it conflicts with what is there',
  unavailable: 'no server answers, or it refuses more requests for now',
  escalate: '`loom check`: a person is needed',
  block: '`loom check`: on hold',
  unsound: '`loom audit verify`, `loom doctor`: something checked is wrong',
};

/** Every command with its help, as commander prints it. */
export function renderCliDocument(): string {
  const program = createProgram(SILENT, {
    version: VERSION,
    more: registerAppCommands(SILENT),
    setExitCode: () => {},
  });
  return [
    '# The command line',
    '',
    NOTE,
    '',
    '`bin/loom` runs from a checkout under any Node 20 or newer. Every command takes the options of `loom` itself, so `--json`',
    'works everywhere: the answer goes to standard output as JSON and nothing else does; a failure goes to standard error as',
    '`{ "error": { code, message, hint } }`. Nothing ever waits for an answer typed by a person.',
    '',
    'The server is found by `--url` and `--token`, else `LOOM_URL` and `LOOM_TOKEN`, else what the server on this machine left in',
    'its data folder for the user who started it. A token left for one address is never sent to another.',
    '',
    '| exit code | meaning |',
    '|---|---|',
    ...Object.entries(EXIT_CODES).map(
      ([name, code]) => `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT_CODES]} |`,
    ),
    '',
    section(program, 'loom', 2),
    ...leavesOf(program, 'loom').map(([command, name]) => section(command, name, 3)),
  ].join('\n');
}

/** Full names of all commands that do something. */
export function listCommands(): string[] {
  const program = createProgram(SILENT, {
    version: VERSION,
    more: registerAppCommands(SILENT),
    setExitCode: () => {},
  });
  return leavesOf(program, 'loom').map(([, name]) => name);
}

export function renderSettingsDocument(): string {
  return [
    '# Settings',
    '',
    NOTE,
    '',
    'Flags beat `LOOM_*` environment variables, which beat `loom.yaml` (in the current folder, else in the data folder, or named by',
    '`LOOM_CONFIG`), which beats the default. A name nobody knows is an error with a suggestion. `loom config show` prints what is in',
    'force, secrets redacted. `DATABASE_URL` is another name of `LOOM_DATABASE_URL`.',
    '',
    '| in loom.yaml | in the environment | default | meaning |',
    '|---|---|---|---|',
    ...SETTINGS.map(
      ({ path, env, defaultValue, description, isSecret }) =>
        `| \`${path}\` | \`${env}\` | ${defaultOf(path, defaultValue)} | ${description}${isSecret ? ' Secret: never shown.' : ''} |`,
    ),
    '',
    'For the command line alone: `LOOM_URL` and `LOOM_TOKEN` (the server to talk to), `LOOM_SESSION` (the session `loom mcp` speaks',
    'for), `LOOM_CONFIG` (another settings file).',
    '',
  ].join('\n');
}

function defaultOf(path: string, value: unknown): string {
  if (path === 'data') return '`~/.loomstack`';
  return value === undefined
    ? '-'
    : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function leavesOf(command: Command, name: string): [Command, string][] {
  return command.commands.flatMap((child): [Command, string][] => {
    const full = `${name} ${child.name()}`;
    return child.commands.length > 0 ? leavesOf(child, full) : [[child, full]];
  });
}

/** What they all share is said once, above. */
function section(command: Command, name: string, level: number): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => void (help += text),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.configureHelp({ showGlobalOptions: false });
  command.outputHelp();
  const text = help
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
  return `${'#'.repeat(level)} ${name}\n\n\`\`\`\n${text}\n\`\`\`\n`;
}
