import type { Page } from '#kernel';
import { type Collision, COLLISION_LEVELS } from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerCollisions: RegisterCommands = (program, context) => {
  program
    .command('collisions [id]')
    .description("open changes and sessions that get in each other's way, or one pair in full")
    .option('--repository <name>', 'only this repository')
    .addOption(choiceOption('--level <level>', 'only this level', [...COLLISION_LEVELS]))
    .option('--change <change>', 'only those of a change: its id, owner/name#12 or a commit')
    .option('--cleared', 'those that are over')
    .addHelpText(
      'after',
      `
Examples:
  $ loom collisions
  $ loom collisions --level merge --repository acme/shop
  $ loom collisions --change acme/shop#12
  $ loom collisions col_019…                     with what git could not merge
`,
    )
    .action(
      async (
        id: string | undefined,
        options: { repository?: string; level?: string; change?: string; cleared?: boolean },
      ) => {
        const client = context.client();
        if (id !== undefined) {
          const one = await client.get<Wire<Collision>>(`/v1/collisions/${encodeURIComponent(id)}`);
          context.output().result(one, renderOne);
          return;
        }
        const { change, cleared, ...filter } = options;
        const state = cleared === true ? 'cleared' : 'open';
        const page =
          change === undefined
            ? await client.get<Page<Wire<Collision>>>('/v1/collisions', {
                limit: 200,
                state,
                ...filter,
              })
            : await client.get<Page<Wire<Collision>>>(
                `/v1/changes/${encodeURIComponent(change)}/collisions`,
                { limit: 200, state },
              );
        context.output().result(page, ({ items }) =>
          table(
            items,
            [
              { title: 'id', value: (it) => it.id },
              { title: 'level', value: (it) => it.level },
              { title: 'who', value: (it) => it.sides.map(nameOf).join(' and '), max: 80 },
              { title: 'why', value: (it) => it.why, max: 60 },
              { title: 'found', value: (it) => ago(it.foundAt) },
            ],
            'Nobody is in anybody’s way.',
          ),
        );
      },
    );
};

function nameOf({ title, by, branch }: Wire<Collision>['sides'][number]): string {
  return `${title === '' ? (branch ?? 'a session') : title} (${by})`;
}

function renderOne(one: Wire<Collision>): string {
  return [
    `${one.id}  ${one.level}, ${one.state}, in ${printable(one.repository)}`,
    ...one.sides.map((side) => `  ${side.id}  ${printable(nameOf(side))}`),
    `  ${printable(one.why)}`,
    ...one.hunks.flatMap(({ path, text, isCut }) => [
      '',
      printable(path),
      ...text.split('\n').map((line) => `  ${printable(line)}`),
      ...(isCut ? ['  …'] : []),
    ]),
  ].join('\n');
}
