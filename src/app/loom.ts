/** The whole command line: what surfaces offers, and the commands only the app can compose. */
import {
  type GlobalFlags,
  type RegisterCommands,
  runCli,
  runHook,
  runMcpBridge,
  type Streams,
} from '#surfaces';
import { registerDoctor } from './commands/doctor.ts';
import { registerSample } from './commands/sample.ts';
import { registerServe } from './commands/serve.ts';
import { VERSION } from './compose.ts';

export function runLoom(argv: readonly string[], streams: Streams): Promise<number> {
  return runCli(argv, streams, { version: VERSION, more: registerAppCommands(streams) });
}

/** The commands only the app can compose. */
export function registerAppCommands(streams: Streams): RegisterCommands {
  return (program, context) => {
    registerServe(program, context);
    registerDoctor(program, context);
    registerSample(program, context);
    program
      .command('mcp')
      .description('MCP over standard input and output, for agents that start a program')
      .addHelpText(
        'after',
        '\nExample, in the settings of any agent that speaks MCP:\n  { "mcpServers": { "loom": { "command": "loom", "args": ["mcp"] } } }\n',
      )
      .action(async () => {
        const { out, err } = streams;
        const flags = program.opts<GlobalFlags>();
        context.setExitCode(await runMcpBridge(flags, { stdin: process.stdin, out, err }));
      });
    program
      .command('hook <agent> <event>')
      .description('called by an agent on each of its events; `loom attach` arranges that')
      .addHelpText(
        'after',
        '\nIt reads what the agent says from standard input and always ends with 0.\n\nExample:\n  $ echo \'{"session_id":"s1"}\' | loom hook claude-code SessionStart\n',
      )
      .action(async (agent: string, event: string) => {
        const { out, err } = streams;
        const flags = program.opts<GlobalFlags>();
        context.setExitCode(await runHook(agent, event, { stdin: process.stdin, out, err }, flags));
      });
  };
}
