import type { Page } from '#kernel';
import type { Run, RunWithSteps } from '#orchestration';
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import type { ChangeDetail } from './changes.ts';

export const registerRuns: RegisterCommands = (program, context) => {
  const runs = program.command('runs').description('workflow runs');
  const show = (run: Wire<RunWithSteps>) => context.output().result(run, renderRun);
  const pathOf = (id: string) => `/v1/runs/${encodeURIComponent(id)}`;

  runs
    .command('list', { isDefault: true })
    .description('list runs, newest first')
    .option('--state <state>', 'running, done, failed or cancelled')
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
    .action(async (id: string) => show(await context.client().get(pathOf(id))));

  runs
    .command('approve <id>')
    .description('approve the change a run waits for')
    .requiredOption('--reason <text>', 'why, for the record')
    .action(async (id: string, options: { reason: string }) => {
      const client = context.client();
      const run = await client.get<Wire<RunWithSteps>>(pathOf(id));
      const change = `/v1/changes/${encodeURIComponent(run.changeId ?? 'none')}`;
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
    .action(async (id: string, options: { reason: string }) =>
      show(await context.client().send('POST', `${pathOf(id)}/cancel`, { reason: options.reason })),
    );

  runs
    .command('retry <id>')
    .description('take a failed run up again, from its failed step')
    .option('--step <name>', 'this step')
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
    `graph ${run.graphHash.slice(0, 12)} from ${run.definitionSource}, started ${ago(run.createdAt)}`,
    table(
      run.steps,
      [
        { title: 'step', value: (it) => it.name },
        { title: 'kind', value: (it) => it.kind },
        { title: 'state', value: (it) => it.state },
        { title: 'attempt', value: (it) => `${it.attempt}/${it.maxAttempts}` },
        { title: 'why it is here', value: (it) => it.origin, max: 40 },
        { title: 'message', value: (it) => it.message, max: 80 },
      ],
      'The run has no steps.',
    ),
  ].join('\n');
}
