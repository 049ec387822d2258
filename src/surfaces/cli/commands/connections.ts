import type { Connection } from '#orchestration';
import { ago, table } from '../output.ts';
import { EXIT_CODES } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

interface TestAnswer {
  isWorking: boolean;
  account: string;
  findings: { level: 'ok' | 'warning' | 'problem'; text: string; hint?: string }[];
}

const MARKS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

export const registerConnections: RegisterCommands = (program, context) => {
  const connections = program
    .command('connections')
    .description('the outside systems: state, test, pause');

  connections
    .command('list', { isDefault: true })
    .description('list every connector and how it fares')
    .addHelpText('after', '\nExample:\n  $ loom connections\n')
    .action(async () => {
      const page = await context.client().get<{ items: Wire<Connection>[] }>('/v1/connections');
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'name', value: (it) => it.name },
            { title: 'state', value: (it) => it.state },
            { title: 'last event', value: (it) => ago(it.lastEventAt) },
            { title: 'signals', value: (it) => it.counts.signals, align: 'right' },
            { title: 'objects', value: (it) => it.counts.objects, align: 'right' },
            { title: 'refused', value: (it) => it.counts.refused, align: 'right' },
            {
              title: 'to do',
              value: (it) =>
                it.missing ?? (it.state === 'failing' ? (it.lastError?.message ?? '') : ''),
              max: 60,
            },
          ],
          'There are no connectors.',
        ),
      );
    });

  connections
    .command('show <name>')
    .description('settings, health and counts of one connection')
    .addHelpText('after', '\nExample:\n  $ loom connections show github\n')
    .action(async (name: string) => {
      const one = await context.client().get<Wire<Connection>>(pathOf(name));
      context.output().result(one, describe);
    });

  connections
    .command('test <name>')
    .description('ask the system who we are there and what we may do')
    .addHelpText('after', '\nExample:\n  $ loom connections test github\n')
    .action(async (name: string) => {
      const answer = await context.client().send<TestAnswer>('POST', `${pathOf(name)}/test`);
      if (!answer.isWorking) context.setExitCode(EXIT_CODES.failed);
      context
        .output()
        .result(answer, ({ account, findings }) =>
          [
            ...(account === '' ? [] : [`Known there as ${account}.`]),
            ...findings.map(
              ({ level, text, hint }) =>
                `${MARKS[level]}  ${text}${hint === undefined ? '' : `\n         ${hint}`}`,
            ),
          ].join('\n'),
        );
    });

  connections
    .command('pause <name>')
    .description('stop sweeps and everything written to the system; webhooks are still kept')
    .option('--reason <text>', 'why, for those who see it')
    .addHelpText('after', '\nExample:\n  $ loom connections pause jira --reason "migration"\n')
    .action(async (name: string, options: { reason?: string }) => {
      const answer = await context
        .client()
        .send<Wire<Connection>>('POST', `${pathOf(name)}/pause`, options);
      context.output().result(answer, ({ title }) => `${title} is paused`);
    });

  connections
    .command('resume <name>')
    .description('end a pause')
    .addHelpText('after', '\nExample:\n  $ loom connections resume jira\n')
    .action(async (name: string) => {
      const answer = await context
        .client()
        .send<Wire<Connection>>('POST', `${pathOf(name)}/resume`);
      context.output().result(answer, ({ title, state }) => `${title} goes on: ${state}`);
    });
};

function pathOf(name: string): string {
  return `/v1/connections/${encodeURIComponent(name)}`;
}

function describe(one: Wire<Connection>): string {
  const { pause, lastError, rate } = one;
  return [
    `${one.title}: ${one.state}`,
    one.summary,
    ...(one.missing === null ? [] : [`to do       ${one.missing}`]),
    ...(pause === null
      ? []
      : [`paused      ${ago(pause.at)}, ${pause.reason ?? 'no reason given'}`]),
    ...(one.webhookUrl === null ? [] : [`webhooks    ${one.webhookUrl}`]),
    `last event  ${ago(one.lastEventAt)}`,
    ...(lastError === null ? [] : [`last error  ${ago(lastError.at)}, ${lastError.message}`]),
    `taken in    ${one.counts.deliveries} deliveries (${one.counts.duplicates} known), ${one.counts.signals} signals, ${one.counts.objects} objects, ${one.counts.refused} refused`,
    ...(rate === null
      ? []
      : [
          `calls       ${rate.callsLastHour} of ${rate.callsPerHour} in the last hour${rate.remaining === null ? '' : `, ${rate.remaining} left there`}`,
        ]),
    ...one.readings.map(
      ({ scope, state, total, told, error, why }) =>
        `read        ${scope}: ${state}${state === 'reading' && total !== null ? ` ${told} of ${total}` : ''}${error === null ? '' : `, ${error}`}${why === null ? '' : ` (${why})`}`,
    ),
    ...one.settings.map(({ path, value }) => `setting     ${path} = ${value ?? '(unset)'}`),
    `see         ${one.documentation}`,
  ].join('\n');
}
