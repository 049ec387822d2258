/** The whole command line: what surfaces offers, and the commands only the app can compose. */
import { runCli, runMcpBridge, type Streams } from '#surfaces';
import { registerDoctor } from './commands/doctor.ts';
import { registerSample } from './commands/sample.ts';
import { registerServe } from './commands/serve.ts';
import { VERSION } from './compose.ts';

export function runLoom(argv: readonly string[], streams: Streams): Promise<number> {
  return runCli(argv, streams, {
    version: VERSION,
    more(program, context) {
      registerServe(program, context);
      registerDoctor(program, context);
      registerSample(program, context);
      program
        .command('mcp')
        .description('MCP over standard input and output, for agents that start a program')
        .action(async () => {
          const flags = program.opts<{ url?: string; token?: string }>();
          context.setExitCode(
            await runMcpBridge(flags, { stdin: process.stdin, out: streams.out, err: streams.err }),
          );
        });
      program
        .command('hook <agent> <event>')
        .description('called by an agent on each of its events; `loom attach` arranges that')
        .action(async (agent: string, event: string) => {
          const { runHook } = await import('#surfaces');
          context.setExitCode(
            await runHook(agent, event, {
              stdin: process.stdin,
              out: streams.out,
              err: streams.err,
            }),
          );
        });
    },
  });
}
