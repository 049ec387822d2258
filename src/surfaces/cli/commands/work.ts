import type { Page } from '#kernel';
import type { WorkItem } from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerWork: RegisterCommands = (program, context) => {
  const work = program.command('work').description('work items: what agents and people should do');

  work
    .command('list', { isDefault: true })
    .description('list work items, newest first')
    .addOption(
      choiceOption('--state <state>', 'only those', ['open', 'in-progress', 'done', 'cancelled']),
    )
    .option('--repository <name>', 'only this repository')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom work\n  $ loom work --state open --repository acme/shop\n',
    )
    .action(async (options: { state?: string; repository?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<WorkItem>>>('/v1/work-items', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'state', value: (it) => it.state },
            { title: 'title', value: (it) => it.title },
            { title: 'repository', value: (it) => it.repository },
            { title: 'session', value: (it) => it.sessionId?.slice(0, 12) },
            { title: 'updated', value: (it) => ago(it.updatedAt) },
          ],
          'No work items. Add one with `loom work add "Round totals to cents" --repository acme/shop`.',
        ),
      );
    });

  work
    .command('add <title>')
    .description('add a work item; the next agent that asks gets the oldest open one')
    .option('--text <text>', 'what exactly is wanted')
    .option('--repository <name>', 'where')
    .option('--label <label...>', 'labels')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom work add "Round totals to cents" --repository acme/shop --text "Order totals show 3 decimals."\n',
    )
    .action(
      async (title: string, options: { text?: string; repository?: string; label?: string[] }) => {
        const item = await context.client().send<Wire<WorkItem>>('POST', '/v1/work-items', {
          title,
          ...(options.text === undefined ? {} : { text: options.text }),
          ...(options.repository === undefined ? {} : { repository: options.repository }),
          ...(options.label === undefined ? {} : { labels: options.label }),
        });
        context.output().result(item, (it) => `${it.id}  ${it.title}`);
      },
    );
};
