import type { Audit, AutonomyRecord, AutonomyThreshold, RealisedBound } from '#policy';
import { choiceOption } from '../options.ts';
import { ago, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

interface Autonomy {
  bounds: Wire<RealisedBound>[];
  thresholds: Wire<AutonomyThreshold>[];
  audits: Wire<Audit>[];
  records: Wire<AutonomyRecord>[];
}

export const registerAutonomy: RegisterCommands = (program, context) => {
  const autonomy = program
    .command('autonomy')
    .description('what ships alone, and whether the promise is kept');

  autonomy
    .command('show', { isDefault: true })
    .description('the declared bound beside what slipped, and what waits for a look')
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExamples:\n  $ loom autonomy\n  $ loom autonomy --json\n')
    .action(async (options: { repository?: string }) => {
      const shown = await context.client().get<Autonomy>('/v1/autonomy', { ...options });
      context.output().result(shown, ({ bounds, thresholds, audits }) =>
        [
          table(
            bounds,
            [
              { title: 'repository', value: (it) => it.repository },
              { title: 'landed', value: (it) => String(it.landed) },
              { title: 'alone', value: (it) => String(it.shippedAlone) },
              { title: 'bound', value: (it) => share((it.boundPerMille ?? Number.NaN) / 1000) },
              { title: 'slipped', value: (it) => `${it.slipped} of ${it.defects}` },
              { title: 'used', value: (it) => share(it.tightening) },
              { title: 'state', value: (it) => (it.alarmSince === null ? 'kept' : 'PASSED') },
            ],
            'Nothing has landed through here yet.',
          ),
          '',
          table(
            thresholds,
            [
              { title: 'repository', value: (it) => it.repository },
              { title: 'kind', value: (it) => it.changeClass },
              { title: 'tier', value: (it) => it.tier },
              { title: 'slipped', value: (it) => `${it.slipped} of ${it.defects}` },
              { title: 'used', value: (it) => share(it.tightening) },
              { title: 'ceiling', value: (it) => (it.ceiling === null ? '-' : `${it.ceiling}`) },
              { title: 'state', value: (it) => (it.alarmSince === null ? it.phase : 'PASSED') },
            ],
            'No threshold stands yet: it takes a change that lands.',
          ),
          '',
          table(
            audits,
            [
              { title: 'change', value: (it) => it.changeId },
              { title: 'found', value: (it) => (it.state === 'open' ? 'waits' : it.state) },
              { title: 'title', value: (it) => it.title },
              { title: 'repository', value: (it) => it.repository },
              { title: 'landed', value: (it) => ago(it.landedAt) },
            ],
            'Nothing is drawn to be looked at.',
          ),
        ].join('\n'),
      );
    });

  autonomy
    .command('audit <change>')
    .description('say what you found in a change that shipped alone and was drawn for a look')
    .addOption(
      choiceOption('--finding <finding>', 'what you found', [
        'fine',
        'risky',
      ]).makeOptionMandatory(),
    )
    .requiredOption('--reason <text>', 'what you looked at; becomes part of the record')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom autonomy audit chg_019… --finding fine --reason "read all of it; words only"\n',
    )
    .action(async (change: string, answer: { finding: string; reason: string }) => {
      const path = `/v1/autonomy/audits/${encodeURIComponent(change)}`;
      const audit = await context.client().send<Wire<Audit>>('POST', path, answer);
      context.output().result(audit, ({ title, state }) => `${title}: ${state}`);
    });
};

function share(value: number): string {
  return Number.isNaN(value) ? 'none' : `${Math.round(value * 1000) / 10} %`;
}
