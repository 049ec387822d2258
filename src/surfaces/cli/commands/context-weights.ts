/** `loom context retrain` and `loom context weights`: the ranking, fitted to the own merged changes. */
import type { Command } from 'commander';
import type { RankingFit } from '#context';
import { countOption } from '../options.ts';
import { table } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { Wire } from '../wire.ts';

const SHOWN = 20;
const VERSIONS = { min: 1, max: 2_147_483_647 };

export function registerContextWeights(command: Command, context: CliContext): void {
  command
    .command('retrain')
    .description('fit the ranking to your own merged changes; better weights come into force')
    .addHelpText('after', '\nExample:\n  $ loom context retrain\n  $ loom context weights\n')
    .action(async () => {
      const fit = await context.client().send<Wire<RankingFit>>('POST', '/v1/ranking-fits', {});
      context
        .output()
        .result(fit, ({ version }) =>
          [
            `Version ${version} is being fitted in the background, minutes per repository.`,
            'See what came of it: loom context weights',
          ].join('\n'),
        );
    });

  command
    .command('weights')
    .description('fits of the ranking, what each changed on later changes, and which is in force')
    .addOption(
      countOption('--withdraw <version>', 'back to the weights that ship', VERSIONS).conflicts(
        'use',
      ),
    )
    .addOption(countOption('--use <version>', 'put back one that was in force before', VERSIONS))
    .option('--reason <text>', 'why')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context weights\n  $ loom context weights --withdraw 3\n',
    )
    .action(async (options: { withdraw?: number; use?: number; reason?: string }) => {
      const client = context.client();
      const version = options.withdraw ?? options.use;
      if (version !== undefined) {
        const fit = await client.send<Wire<RankingFit>>(
          'POST',
          `/v1/ranking-fits/${version}/decision`,
          {
            decision: options.withdraw === undefined ? 'use' : 'withdraw',
            ...(options.reason === undefined ? {} : { reason: options.reason }),
          },
        );
        context.output().result(fit, (it) => `Version ${it.version} is ${it.state}.`);
        return;
      }
      const page = await client.get<{ items: Wire<RankingFit>[] }>('/v1/ranking-fits', {
        limit: SHOWN,
      });
      context.output().result(page, ({ items }) =>
        table(
          items.flatMap(rowsOf),
          [
            { title: 'version', value: (it) => it.version },
            { title: 'state', value: (it) => it.state },
            { title: 'question', value: (it) => it.question },
            { title: 'judged', value: (it) => it.judged },
            { title: 'before', value: (it) => it.before },
            { title: 'after', value: (it) => it.after },
            { title: 'why', value: (it) => it.reason },
          ],
          'Never fitted: the weights that ship answer. Begin with loom context retrain.',
        ),
      );
    });
}

interface Line {
  version: string;
  state: string;
  question: string;
  judged: string;
  before: string;
  after: string;
  reason: string;
}

/** A line per kind of question; version and state stand on the first. */
function rowsOf({ version, state, measures, progress, reason }: Wire<RankingFit>): Line[] {
  const empty = {
    version: String(version),
    state,
    question: '',
    judged: '',
    before: '',
    after: '',
  };
  if (measures.length === 0) {
    const how =
      state === 'running'
        ? `${progress.done} of ${progress.total} questions asked`
        : (reason ?? '');
    return [{ ...empty, reason: how }];
  }
  return measures.map((it, at) => ({
    version: at === 0 ? String(version) : '',
    state: at === 0 ? state : '',
    question: `${it.question}, ${it.figure}`,
    judged: String(it.judged),
    before: it.before?.main.toFixed(3) ?? '',
    after: it.after?.main.toFixed(3) ?? '',
    reason: `${it.isTaken ? 'taken' : 'as before'}: ${it.reason}`,
  }));
}
