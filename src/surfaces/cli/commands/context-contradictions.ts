import type { Contradiction } from '#context';
import type { WorkItem } from '#orchestration';
import { ago, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

type Known = Wire<Contradiction> & {
  workItem: Pick<Wire<WorkItem>, 'id' | 'state' | 'title'> | null;
};

/** Records that cannot both hold, and the work of settling them. */
export function registerContradictions(
  command: Parameters<RegisterCommands>[0],
  context: Parameters<RegisterCommands>[1],
): void {
  command
    .command('contradictions')
    .description('records that cannot both hold, and the work item made for each')
    .addHelpText('after', '\nExample:\n  $ loom context contradictions\n')
    .action(async () => {
      const answer = await context.client().get<{ items: Known[] }>('/v1/graph/contradictions');
      context.output().result(answer, ({ items }) =>
        table(
          items,
          [
            { title: 'one', value: (it) => it.a.id },
            { title: 'the other', value: (it) => it.b.id },
            { title: 'said', value: (it) => ago(it.sources[0]?.confirmedAt) },
            {
              title: 'work item',
              value: ({ workItem }) =>
                workItem === null ? 'none' : `${workItem.id} ${workItem.state}`,
            },
          ],
          'Nothing contradicts anything, as far as anybody said.',
        ),
      );
    });

  command
    .command('mend <one> <other>')
    .description('open a work item for a contradiction, or show the one that is open')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context mend decision:acme/shop:docs/adr/0001.md@root rule:acme/shop:AGENTS.md@root\n',
    )
    .action(async (a: string, b: string) => {
      const path = '/v1/graph/contradictions/work-item';
      const item = await context.client().send<Wire<WorkItem>>('POST', path, { a, b });
      context.output().result(item, ({ id, state, title }) => `${id} is ${state}: ${title}`);
    });
}
