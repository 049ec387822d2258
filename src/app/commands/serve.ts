import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { spawn } from 'node:child_process';
import { type Config, createLogger, loadConfig, type Logger } from '#kernel';
import { isSampleMade } from '#sample';
import type { CliContext, GlobalFlags, RegisterCommands } from '#surfaces';
import { prepareOwner } from '../owner.ts';
import { type Node, startNode } from '../serve.ts';

interface ServeFlags {
  port?: string;
  host?: string;
  organisation?: string;
  sample?: boolean;
  verbose?: boolean;
}

const EXIT_AFTER_MS = 2_000;
const BIN = join(import.meta.dirname, '../../../bin/loom');

export const registerServe: RegisterCommands = (program, context) => {
  program
    .command('up [paths...]')
    .description('start everything; read the given repositories, or make the sample organisation')
    .option('--port <port>', 'port to listen on (LOOM_PORT)')
    .option('--host <address>', 'address to listen on (LOOM_HOST)')
    .option('--organisation <name>', 'what the console calls you (LOOM_ORGANISATION_NAME)')
    .option('--no-sample', 'without the sample organisation')
    .option('--verbose', 'write the log to the terminal')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom up\n  $ loom up ../shop ../billing\n  $ loom up --port 0 --data /tmp/try\n  $ loom up --organisation "Acme Widgets"\n',
    )
    .action(async (paths: string[], flags: ServeFlags) => {
      const config = readConfig(program.opts<GlobalFlags>(), flags);
      const log =
        flags.verbose === true
          ? openLog(config)
          : createLogger(
              { level: config.log.level === 'info' ? 'warn' : config.log.level },
              toStderr(context),
            );
      await runUntilStopped(config, log, async (node, signal) => {
        const owner = await prepareOwner(node.composition.services, config, node.url, log);
        const first = await readRepositories(node, paths, context);
        const page =
          first === undefined
            ? owner.loginUrl
            : `${owner.loginUrl}&next=${encodeURIComponent(`/xray/${first}`)}`;
        const wantsSample = paths.length === 0 && config.sample && flags.sample !== false;
        const sample = wantsSample ? await startSample(node, config, context, log) : undefined;
        signal.addEventListener('abort', () => sample?.kill('SIGTERM'), { once: true });
        context.output().result({ url: node.url, loginUrl: page, data: config.data }, () =>
          welcome({
            url: page,
            config,
            hasSample: wantsSample,
            hasRepository: first !== undefined,
          }),
        );
      });
    });

  program
    .command('serve')
    .description('start a node and nothing else: for services, containers and further nodes')
    .option('--port <port>', 'port to listen on (LOOM_PORT)')
    .option('--host <address>', 'address to listen on (LOOM_HOST)')
    .addHelpText(
      'after',
      '\nExample:\n  $ DATABASE_URL=postgres://loom@db/loom loom serve --port 7401 --data /var/lib/loom-2\n',
    )
    .action(async (flags: ServeFlags) => {
      const config = readConfig(program.opts<GlobalFlags>(), flags);
      const log = openLog(config);
      await runUntilStopped(config, log, async (node) => {
        const owner = await prepareOwner(node.composition.services, config, node.url, log);
        // The link is a secret for ten minutes: it goes to the terminal of whoever started us, not to the log.
        if (context.streams.isTerminal) context.streams.err(`console: ${owner.loginUrl}\n`);
      });
    });
};

function readConfig(globals: GlobalFlags, flags: ServeFlags): Config {
  return loadConfig({
    flags: {
      data: globals.data,
      port: flags.port,
      host: flags.host,
      'organisation.name': flags.organisation,
    },
  });
}

function openLog(config: Config): Logger {
  return createLogger({ level: config.log.level, pretty: config.log.pretty });
}

function toStderr(context: CliContext): { write(line: string): void } {
  return { write: (line) => context.streams.err(line) };
}

/** Starts a node, runs `ready`, and stops in order at the first SIGINT or SIGTERM; a second one ends at once. */
async function runUntilStopped(
  config: Config,
  log: Logger,
  ready: (node: Node, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stopping = new AbortController();
  const stopped = new Promise<void>((resolvePromise) => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) {
      process.on(name, () => {
        if (stopping.signal.aborted) process.exit(130);
        stopping.abort();
        resolvePromise();
      });
    }
  });
  {
    await using node = await startNode({ config, log });
    await ready(node, stopping.signal);
    await stopped;
    log.info({}, 'stopping');
  }
  // Everything of ours is closed. A handle a library forgot must not keep the terminal waiting.
  setTimeout(() => process.exit(), EXIT_AFTER_MS).unref();
}

/** Reads the repositories one after the other with their progress; gives the id of the first. */
async function readRepositories(
  node: Node,
  paths: readonly string[],
  context: CliContext,
): Promise<string | undefined> {
  const { services } = node.composition;
  let first: string | undefined;
  for (const path of paths) {
    const url = existsSync(path) ? resolve(path) : path;
    const show = (text: string) => {
      if (context.streams.isTerminal && !context.output().isJson)
        context.streams.err(`\r\u001b[K  ${text}`);
    };
    show(`reading ${path}`);
    const repository = await services.context.importRepository(
      { url },
      { kind: 'system', id: 'up' },
      ({ phase, done, total }) => {
        show(`reading ${path}: ${phase} ${done}${total === null ? '' : ` of ${total}`}`);
      },
    );
    show('');
    context
      .output()
      .note(
        `  ${repository.name}: ${repository.commitCount} commits, ${repository.fileCount} files`,
      );
    first ??= repository.id;
  }
  return first;
}

/** The sample organisation is an outside client, so it runs as one: a process with a token. */
async function startSample(
  node: Node,
  config: Config,
  context: CliContext,
  log: Logger,
): Promise<ReturnType<typeof spawn> | undefined> {
  const folder = join(config.data, 'sample');
  const { items } = await node.composition.services.context.listRepositories({ limit: 1 });
  if (items.length > 0 && !isSampleMade(folder)) return undefined;
  if (!isSampleMade(folder))
    context.output().note('  making the sample organisation; it comes alive in the console …');
  const child = spawn(
    process.execPath,
    [BIN, '--data', config.data, '--url', node.url, 'sample', 'run'],
    {
      stdio: ['ignore', 'ignore', 'pipe'],
      // What it has to say while all goes well is for its own log, not for the terminal.
      env: { ...process.env, LOOM_LOG_LEVEL: 'warn' },
    },
  );
  child.stderr.on('data', (chunk: Buffer) =>
    log.warn({ text: chunk.toString().trim().slice(0, 1_000) }, 'the sample organisation says'),
  );
  child.on('exit', (code) => {
    if (code !== 0 && code !== null)
      log.warn(
        { code },
        'the sample organisation ended early; `loom sample reset` makes it afresh',
      );
  });
  return child;
}

function welcome(about: {
  url: string;
  config: Config;
  hasSample: boolean;
  hasRepository: boolean;
}): string {
  const next = about.hasRepository
    ? [
        'read its X-ray in the console',
        'wire your agent into it:  cd there && loom attach',
        'try a task:  loom context pack "what you want to do" --repository NAME',
      ]
    : about.hasSample
      ? [
          'watch the sample organisation work: one change ships alone, one waits for you',
          'approve the waiting change in the console',
          'read your own repository:  loom import ../my-repo  (or npm start -- ../my-repo)',
        ]
      : ['read a repository:  loom import ../my-repo', 'wire your agent into it:  loom attach'];
  return [
    '',
    `  LoomStack is running.  Open the console (the link logs you in once):`,
    '',
    `    ${about.url}`,
    '',
    '  Next:',
    ...next.map((line) => `    - ${line}`),
    '',
    `  Data is in ${about.config.data}. \`loom\` is bin/loom here; \`loom doctor\` shows the state of everything. Ctrl-C stops.`,
    '',
  ].join('\n');
}
