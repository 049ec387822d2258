import type { Page } from '#kernel';
import type { Assignment } from '#orchestration';
import type { EscalationPackage } from '#policy';
import { choiceOption } from '../options.ts';
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

interface Shown {
  assignment: Wire<Assignment>;
  package: EscalationPackage;
}

const SLOTS = [
  'decision',
  'whyYou',
  'rules',
  'risk',
  'blastRadius',
  'hunks',
  'evidence',
  'provenance',
  'rollback',
  'actions',
] as const;

export const registerInbox: RegisterCommands = (program, context) => {
  const inbox = program.command('inbox').description('reviews that are asked of you');
  const pathOf = (id: string) => `/v1/inbox/${encodeURIComponent(id)}`;

  inbox
    .command('list', { isDefault: true })
    .description('what waits for you, newest first')
    .addOption(choiceOption('--state <state>', 'only those', ['open', 'over', 'all']))
    .addHelpText('after', '\nExamples:\n  $ loom inbox\n  $ loom inbox --state all --json\n')
    .action(async (options: { state?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<Assignment>>>('/v1/inbox', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'state', value: (it) => it.state },
            { title: 'title', value: (it) => it.title },
            { title: 'repository', value: (it) => it.repository },
            { title: 'asked', value: (it) => ago(it.createdAt) },
            { title: 'until', value: (it) => it.dueAt },
          ],
          'Nothing waits for you.',
        ),
      );
    });

  inbox
    .command('show <id>')
    .description('what you need to decide, in ten lines')
    .addHelpText('after', '\nExample:\n  $ loom inbox show esc_019…\n')
    .action(async (id: string) => {
      const shown = await context.client().get<Shown>(pathOf(id));
      context
        .output()
        .result(shown, ({ package: { slots } }) =>
          SLOTS.map((slot) => printable(slots[slot].text)).join('\n'),
        );
    });

  inbox
    .command('acknowledge <id>')
    .description('say that you have seen it, so that it stays with you')
    .addHelpText('after', '\nExample:\n  $ loom inbox acknowledge esc_019…\n')
    .action(async (id: string) => {
      const answer = await context
        .client()
        .send<Wire<Assignment>>('POST', `${pathOf(id)}/acknowledgements`, {});
      context
        .output()
        .result(answer, ({ dueAt }) => `acknowledged; decide by ${dueAt ?? 'any time'}`);
    });

  inbox
    .command('answer <id>')
    .description('approve, send back to the agent, or hand over')
    .requiredOption('--reason <text>', 'why, for the record; the note where it is sent back')
    .addOption(
      choiceOption('--decision <decision>', 'what you decide', [
        'approve',
        'approve-with-watch',
        'send-back',
        'hand-over',
      ]).makeOptionMandatory(),
    )
    .option('--watch-hours <hours>', 'how long you watch it after it has landed', Number)
    .option('--to <person>', 'whom to hand it to (default: the next in order)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom inbox answer esc_019… --decision approve --reason "Boundary cases are tested."\n  $ loom inbox answer esc_019… --decision send-back --reason "Keep the old rounding for refunds."\n',
    )
    .action(
      async (
        id: string,
        options: { decision: string; reason: string; watchHours?: number; to?: string },
      ) => {
        const answer = await context
          .client()
          .send<Wire<Assignment>>('POST', `${pathOf(id)}/answers`, { ...options });
        context.output().result(answer, ({ state }) => `${options.decision}: ${state}`);
      },
    );
};
