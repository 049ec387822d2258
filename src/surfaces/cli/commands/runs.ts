import { AppError, type Page } from '#kernel';
import { type Run, RUN_STATES, type RunWithSteps } from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, printable, shortSource, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import type { ChangeDetail } from './changes.ts';

export const registerRuns: RegisterCommands = (program, context) => {
  const runs = program.command('runs').alias('run').description('workflow runs');
  const show = (run: Wire<RunWithSteps>) => context.output().result(run, renderRun);
  const pathOf = (id: string) => `/v1/runs/${encodeURIComponent(id)}`;

  runs
    .command('list', { isDefault: true })
    .description('list runs, newest first')
    .addOption(choiceOption('--state <state>', 'only those', [...RUN_STATES]))
    .addHelpText('after', '\nExamples:\n  $ loom runs\n  $ loom runs --state failed\n')
    .action(async (options: { state?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<Run>>>('/v1/runs', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'workflow', value: (it) => it.workflow },
            { title: 'state', value: (it) => it.state },
            { title: 'title', value: (it) => it.title },
            { title: 'started', value: (it) => ago(it.createdAt) },
          ],
          'No runs yet. A change in a connected repository starts one.',
        ),
      );
    });

  runs
    .command('show <id>')
    .description('the steps of a run, what each waits for and why it is there')
    .addHelpText('after', '\nExample:\n  $ loom runs show run_019…\n')
    .action(async (id: string) => show(await context.client().get(pathOf(id))));

  runs
    .command('approve <id>')
    .description('approve the change a run waits for')
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom runs approve run_019… --reason "Tried it on staging."\n',
    )
    .action(async (id: string, options: { reason: string }) => {
      const client = context.client();
      const run = await client.get<Wire<RunWithSteps>>(pathOf(id));
      if (run.changeId === null) {
        throw new AppError('conflict', 'cli.run_without_change', {
          message: `${run.id} is not about a change, so there is nothing to approve.`,
          hint: '`loom runs show` tells what it waits for.',
        });
      }
      const change = `/v1/changes/${encodeURIComponent(run.changeId)}`;
      const { headSha } = (await client.get<ChangeDetail>(change)).change;
      await client.send('POST', `${change}/reviews`, {
        decision: 'approve',
        headSha,
        reason: options.reason,
      });
      show(await client.get(pathOf(id)));
    });

  runs
    .command('cancel <id>')
    .description('stop a run; steps in work are told to stop')
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom runs cancel run_019… --reason "Replaced by another change."\n',
    )
    .action(async (id: string, options: { reason: string }) =>
      show(await context.client().send('POST', `${pathOf(id)}/cancel`, { reason: options.reason })),
    );

  runs
    .command('pause <id>')
    .description('let nothing more of a run begin; what is at work comes to its end')
    .requiredOption('--reason <text>', 'why, for the record')
    .addHelpText('after', '\nExample:\n  $ loom runs pause run_019… --reason "Release day."\n')
    .action(async (id: string, options: { reason: string }) =>
      show(await context.client().send('POST', `${pathOf(id)}/pause`, { reason: options.reason })),
    );

  runs
    .command('resume <id>')
    .description('let a paused run go on')
    .addHelpText('after', '\nExample:\n  $ loom runs resume run_019…\n')
    .action(async (id: string) =>
      show(await context.client().send('POST', `${pathOf(id)}/resume`, {})),
    );

  runs
    .command('retry <id>')
    .description('take a run up again, from its failed steps or from a step you name')
    .option('--step <name>', 'from this step on, also where it was done (default: what failed)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom runs retry run_019…\n  $ loom runs retry run_019… --step check\n',
    )
    .action(async (id: string, options: { step?: string }) =>
      show(
        await context
          .client()
          .send(
            'POST',
            `${pathOf(id)}/retry`,
            options.step === undefined ? {} : { step: options.step },
          ),
      ),
    );
};

function renderRun(run: Wire<RunWithSteps>): string {
  return [
    `${run.id}  ${run.workflow}  ${run.state}  ${printable(run.title)}`,
    `graph ${run.graphHash.slice(0, 12)} from ${shortSource(run.definitionSource)}, started ${ago(run.createdAt)}`,
    ...(run.undoneBy === null ? [] : [`undone by ${run.undoneBy}`]),
    ...(run.undoOf === null ? [] : [`undoes ${run.undoOf}`]),
    ...(run.archivedAt === null ? [] : [`put away ${ago(run.archivedAt)}; a retry takes it out`]),
    table(
      run.steps,
      [
        { title: 'step', value: (it) => it.name },
        { title: 'kind', value: (it) => it.kind },
        { title: 'state', value: (it) => it.state },
        { title: 'attempt', value: (it) => `${it.attempt}/${it.maxAttempts}` },
        { title: 'why it is here', value: (it) => shortSource(it.origin), max: 50 },
        { title: 'message', value: (it) => it.message, max: 80 },
      ],
      'The run has no steps.',
    ),
  ].join('\n');
}
