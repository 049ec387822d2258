/**
 * The command line `loom`: one file per noun under commands/. Commands translate; the server or a
 * room does the work. Every command takes --json, asks nothing without a terminal and has examples.
 */
import { Command, CommanderError, Option } from 'commander';
import { AppError, suggest, toAppError } from '#kernel';
import { type ApiClient, createApiClient } from './client.ts';
import { registerAgents } from './commands/agents.ts';
import { registerAttach } from './commands/attach.ts';
import { registerAutonomy } from './commands/autonomy.ts';
import { registerAudit } from './commands/audit.ts';
import { registerBacktest } from './commands/backtest.ts';
import { registerBreakers } from './commands/breakers.ts';
import { registerChanges } from './commands/changes.ts';
import { registerClaims } from './commands/claims.ts';
import { registerCheck } from './commands/check.ts';
import { registerCommitGate } from './commands/commit-gate.ts';
import { registerConfig } from './commands/config.ts';
import { registerConnections } from './commands/connections.ts';
import { registerContext } from './commands/context.ts';
import { registerPolicy } from './commands/policy.ts';
import { registerRepositories } from './commands/repositories.ts';
import { registerInbox } from './commands/inbox.ts';
import { registerRuns } from './commands/runs.ts';
import { registerCollisions } from './commands/collisions.ts';
import { registerQueue } from './commands/queue.ts';
import { registerSessions } from './commands/sessions.ts';
import { registerLink } from './commands/link.ts';
import { registerTelemetryHeaders } from './commands/telemetry-headers.ts';
import { registerTokens } from './commands/tokens.ts';
import { registerTrace } from './commands/trace.ts';
import { registerWork } from './commands/work.ts';
import { registerWorkflow } from './commands/workflow.ts';
import { registerXray } from './commands/xray.ts';
import { findCredentials } from './credentials.ts';
import { createOutput, EXIT_CODES, type Output, reportError, type Streams } from './output.ts';

export interface CliContext {
  streams: Streams;
  output(): Output;
  client(): ApiClient;
  /** The address it talks to, for links. */
  baseUrl(): string;
  setExitCode(code: number): void;
}

export interface GlobalFlags {
  json?: boolean;
  url?: string;
  token?: string;
  data?: string;
}

export type RegisterCommands = (program: Command, context: CliContext) => void;

/**
 * Runs one command line and gives its exit code. `more` adds the commands that start servers, which
 * only the app can compose.
 */
export async function runCli(
  argv: readonly string[],
  streams: Streams,
  options: { version: string; more?: RegisterCommands },
): Promise<number> {
  let exitCode: number = EXIT_CODES.ok;
  const setExitCode = (code: number) => {
    exitCode = code;
  };
  const program = createProgram(streams, { ...options, setExitCode });

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    const isJson = argv.includes('--json');
    if (!(error instanceof CommanderError)) return reportError(streams, isJson, toAppError(error));
    if (error.exitCode === 0) return EXIT_CODES.ok;
    // A group without its verb: its help has been printed already.
    if (error.code === 'commander.help') return EXIT_CODES.usage;
    return reportError(streams, isJson, toUsageError(program, argv, error));
  }
}

/** All commands, not yet run: for `runCli`, and for the documents made from their help. */
export function createProgram(
  streams: Streams,
  options: { version: string; more?: RegisterCommands; setExitCode: (code: number) => void },
): Command {
  const program = new Command('loom');
  const flags = () => program.opts<GlobalFlags>();
  const context: CliContext = {
    streams,
    output: () => createOutput(streams, flags().json === true),
    client: () => createApiClient(findCredentials(flags())),
    baseUrl: () => findCredentials(flags()).url,
    setExitCode: options.setExitCode,
  };

  program
    .description('LoomStack: the coordination layer above the coding agents you already use.')
    .version(options.version, '-V, --version')
    .option('--json', 'print JSON for programs')
    .option('--url <url>', 'server to talk to (LOOM_URL; default: the one on this machine)')
    .addOption(new Option('--token <token>', 'token to use (LOOM_TOKEN)'))
    .option('--data <dir>', 'data folder (LOOM_DATA; default: ~/.loomstack)')
    .configureHelp({ showGlobalOptions: true })
    // Refusals of the parser take the same way out as every other failure.
    .configureOutput({ writeOut: streams.out, writeErr: streams.err, outputError: () => {} })
    .exitOverride()
    .addHelpText('after', FIRST_STEPS);

  options.more?.(program, context);
  for (const register of COMMANDS) register(program, context);
  inheritSettings(program);
  return program;
}

const FLAGS_WITH_VALUE = new Set(['--url', '--token', '--data']);

/** Says what the parser refused, and the nearest thing that exists. */
function toUsageError(program: Command, argv: readonly string[], error: CommanderError): AppError {
  const words = argv.filter(
    (word, index) => !word.startsWith('-') && !FLAGS_WITH_VALUE.has(argv[index - 1] ?? ''),
  );
  let command = program;
  let name = 'loom';
  let next = words.shift();
  while (next !== undefined) {
    const child = command.commands.find((candidate) => candidate.name() === next);
    if (child === undefined) break;
    command = child;
    name += ` ${next}`;
    next = words.shift();
  }
  const help = `\`${name} --help\` says more.`;
  const isUnknownCommand =
    next !== undefined &&
    command.commands.length > 0 &&
    ['commander.unknownCommand', 'commander.excessArguments'].includes(error.code);
  if (isUnknownCommand) {
    const near = suggest(
      next!,
      command.commands.map((child) => child.name()),
    );
    return new AppError('invalid', 'cli.usage', {
      message: `There is no command \`${name} ${next}\`.`,
      hint: `${near === undefined ? '' : `Did you mean \`${name} ${near}\`? `}${help}`,
    });
  }
  const [, message = '', , near] =
    /^(?:error: )?([^\n]*)(\n\((Did you mean [^)]*)\))?/.exec(error.message) ?? [];
  return new AppError('invalid', 'cli.usage', {
    message: `${message.charAt(0).toUpperCase()}${message.slice(1)}${message.endsWith('.') ? '' : '.'}`,
    hint: near === undefined ? help : `${near} ${help}`,
  });
}

const COMMANDS: readonly RegisterCommands[] = [
  registerRepositories,
  registerXray,
  registerAttach,
  registerAgents,
  registerContext,
  registerBacktest,
  registerCheck,
  registerPolicy,
  registerWork,
  registerSessions,
  registerClaims,
  registerBreakers,
  registerCollisions,
  registerQueue,
  registerChanges,
  registerRuns,
  registerInbox,
  registerAutonomy,
  registerWorkflow,
  registerTrace,
  registerAudit,
  registerTokens,
  registerTelemetryHeaders,
  registerCommitGate,
  registerLink,
  registerConnections,
  registerConfig,
];

const FIRST_STEPS = `
First steps:
  $ loom up ../my-repo             start everything and open the X-ray of a repository
  $ loom attach                    wire your agents into the repository you stand in
  $ loom doctor                    see the state of everything it depends on
  $ loom why src/pay.ts:42         who wrote this line, why, and who let it ship
`;

/** Commander copies these only to subcommands made afterwards, so they are set once all exist. */
function inheritSettings(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inheritSettings(child);
  }
}
