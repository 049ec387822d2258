import type { Page } from '#kernel';
import type { Claim, Session } from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, counted, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerSessions: RegisterCommands = (program, context) => {
  program
    .command('sessions')
    .description('agent sessions, the most recent first')
    .addOption(choiceOption('--state <state>', 'only those', ['active', 'idle', 'ended', 'lost']))
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExamples:\n  $ loom sessions\n  $ loom sessions --state active\n')
    .action(async (options: { state?: string; repository?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<Session>>>('/v1/sessions', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'agent', value: (it) => it.agent },
            { title: 'state', value: (it) => it.state },
            { title: 'intent', value: (it) => it.intent },
            { title: 'branch', value: (it) => it.branch, max: 30 },
            { title: 'calls', value: (it) => it.toolCalls, align: 'right' },
            { title: 'denied', value: (it) => it.deniedCalls, align: 'right' },
            { title: 'seen', value: (it) => ago(it.lastSeenAt) },
          ],
          'No sessions. Run `loom attach` in a repository and start your agent there.',
        ),
      );
    });

  const claims = program.command('claims').description('who holds which files');
  claims
    .command('list', { isDefault: true })
    .description('list claims')
    .option('--repository <name>', 'only this repository')
    .option('--all', 'also those released or expired')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom claims\n  $ loom claims --repository acme/shop --all\n',
    )
    .action(async (options: { repository?: string; all?: boolean }) => {
      const page = await context.client().get<Page<Wire<Claim>>>('/v1/claims', {
        limit: 200,
        repository: options.repository,
        state: options.all === true ? undefined : 'held',
      });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'path', value: (it) => it.path },
            { title: 'repository', value: (it) => it.repository },
            { title: 'held by', value: (it) => `${it.agent} ${it.sessionId.slice(0, 12)}` },
            { title: 'for', value: (it) => it.intent },
            { title: 'state', value: (it) => it.state },
            { title: 'since', value: (it) => ago(it.grantedAt) },
          ],
          'No file is held by anybody.',
        ),
      );
    });
  claims
    .command('release <session> [paths...]')
    .description('let go of what a session holds, all of it or some paths')
    .addHelpText('after', '\nExample:\n  $ loom claims release ses_019… src/totals.js\n')
    .action(async (sessionId: string, paths: string[]) => {
      const answer = await context
        .client()
        .send<{ released: number }>('POST', '/v1/claims/release', {
          sessionId,
          ...(paths.length === 0 ? {} : { paths }),
          reason: 'released from the command line',
        });
      context.output().result(answer, ({ released }) => `${counted(released, 'claim')} released`);
    });
};
