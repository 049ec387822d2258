/** `loom telemetry-headers`: what an agent's exporter sends along, so that no file holds a token. */
import { AppError } from '#kernel';
import { findCredentials } from '../credentials.ts';
import type { GlobalFlags, RegisterCommands } from '../program.ts';

export const registerTelemetryHeaders: RegisterCommands = (program, context) => {
  program
    .command('telemetry-headers')
    .description('headers for an agent that reports tokens and cost; `loom attach` arranges that')
    .option('--env', 'as OTEL_EXPORTER_OTLP_HEADERS has it, for agents that read it')
    .addHelpText(
      'after',
      '\nThe output is a secret: it is made for a program, not for a file.\n\nExample:\n  $ export OTEL_EXPORTER_OTLP_HEADERS="$(loom telemetry-headers --env)"\n',
    )
    .action(({ env }: { env?: boolean }) => {
      const { token, url } = findCredentials(program.opts<GlobalFlags>());
      if (token === undefined) {
        throw new AppError('unauthenticated', 'cli.no_token', {
          message: `There is no token for ${url}.`,
          hint: 'Set LOOM_TOKEN, or run it as the user who runs the server.',
        });
      }
      const headers = { Authorization: `Bearer ${token}` };
      const text =
        env === true
          ? `Authorization=${encodeURIComponent(`Bearer ${token}`)}`
          : JSON.stringify(headers);
      context.output().result(headers, () => text);
    });
};
