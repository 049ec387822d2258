import { join } from 'node:path';
import { createLogger, loadConfig } from '#kernel';
import { removeSample, runSample, type SampleSetup } from '#sample';
import {
  type CliContext,
  findCredentials,
  type GlobalFlags,
  type RegisterCommands,
} from '#surfaces';
import { AppError } from '#kernel';

const BIN = join(import.meta.dirname, '../../../bin/loom');

export const registerSample: RegisterCommands = (program, context) => {
  const sample = program
    .command('sample')
    .description('the sample organisation: a small company that really works');
  const setup = () => openSetup(program.opts<GlobalFlags>(), context);

  sample
    .command('run')
    .description('make it if it is missing, play its stories, then deploy its merges until stopped')
    .addHelpText('after', '\nExample:\n  $ loom sample run\n')
    .action(async () => {
      await runSample(setup(), untilStopped());
    });

  sample
    .command('remove')
    .description('remove its repository, tokens and files; what the ledger recorded stays')
    .addHelpText('after', '\nExample:\n  $ loom sample remove\n')
    .action(async () => {
      await removeSample(setup());
      context.output().result({ removed: true }, () => 'The sample organisation is gone.');
    });

  sample
    .command('reset')
    .description('remove it, make it afresh and play its stories')
    .addHelpText('after', '\nExample:\n  $ loom sample reset\n')
    .action(async () => {
      const it = setup();
      await removeSample(it);
      context
        .output()
        .note('Making the sample organisation afresh; Ctrl-C ends its delivery pipeline.');
      await runSample(it, untilStopped());
    });
};

function openSetup(flags: GlobalFlags, context: CliContext): SampleSetup {
  const config = loadConfig({ flags: { data: flags.data } });
  const { url, token } = findCredentials(flags);
  if (token === undefined) {
    throw new AppError('unauthenticated', 'cli.no_token', {
      message: `No token for ${url} was found.`,
      hint: 'Start the server on this machine first (`npm start`), or give --token.',
    });
  }
  const log = createLogger(
    { level: config.log.level },
    { write: (line: string) => context.streams.err(line) },
  );
  return { url, token, folder: join(config.data, 'sample'), loom: BIN, log };
}

function untilStopped(): AbortSignal {
  const stopping = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => stopping.abort());
  return stopping.signal;
}
