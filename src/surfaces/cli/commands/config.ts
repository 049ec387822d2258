import { loadConfig, redactConfig, SETTINGS } from '#kernel';
import { printable } from '../output.ts';
import type { GlobalFlags, RegisterCommands } from '../program.ts';

export const registerConfig: RegisterCommands = (program, context) => {
  program
    .command('config')
    .description('settings of the server')
    .command('show', { isDefault: true })
    .description('every setting as it is in force here, secrets redacted')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom config show\n  $ LOOM_PORT=7500 loom config show --json\n',
    )
    .action(() => {
      const { data } = program.opts<GlobalFlags>();
      const values = redactConfig(loadConfig({ flags: { data } }));
      context.output().result(values, () =>
        SETTINGS.map(({ path, env, description }) => {
          const value = values[path];
          const shown = typeof value === 'string' ? value : JSON.stringify(value);
          return `${path} = ${printable(shown)}\n    ${description} (${env})`;
        }).join('\n'),
      );
    });
};
