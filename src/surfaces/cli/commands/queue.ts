import type { LandingLane } from '#orchestration';
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

interface Answer {
  lanes: Wire<LandingLane>[];
}

export const registerQueue: RegisterCommands = (program, context) => {
  const queue = program.command('queue').description('what waits to land, and why nothing does');

  queue
    .command('show', { isDefault: true })
    .description('what waits on each branch, what is tested, and whether the branch is red')
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExamples:\n  $ loom queue\n  $ loom queue --repository acme/shop\n')
    .action(async (options: { repository?: string }) => {
      const answer = await context.client().get<Answer>('/v1/landing-queue', options);
      context.output().result(answer, render);
    });

  queue
    .command('resume <repository>')
    .description('let landing go on though the branch is red')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--branch <name>', 'the branch that changes land on', 'main')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom queue resume acme/shop --reason "The test server was down."\n',
    )
    .action(async (repository: string, options: { reason: string; branch: string }) => {
      const body = { repository, baseBranch: options.branch, reason: options.reason };
      const answer = await context.client().send<Answer>('POST', '/v1/landing-queue/resume', body);
      context.output().result(answer, render);
    });

  queue
    .command('strategy <repository> <strategy>')
    .description('set how a branch is landed on: serial (the exact tree is tested) or lanes')
    .requiredOption('--reason <text>', 'why, for the record')
    .option('--branch <name>', 'the branch that changes land on', 'main')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom queue strategy acme/shop lanes --reason "Packages rarely touch each other."\n',
    )
    .action(
      async (
        repository: string,
        strategy: string,
        { branch, reason }: { reason: string; branch: string },
      ) => {
        const body = { repository, baseBranch: branch, strategy, reason };
        const path = '/v1/landing-queue/strategy';
        const answer = await context.client().send<Answer>('POST', path, body);
        context.output().result(answer, render);
      },
    );
};

function render({ lanes }: Answer): string {
  if (lanes.length === 0) return 'Nothing has landed yet. What is approved queues up here.';
  return lanes.map(renderLane).join('\n\n');
}

function renderLane(lane: Wire<LandingLane>): string {
  const { red, builds } = lane;
  const open = builds.filter(({ state }) => state === 'running' || state === 'queued');
  return [
    `${lane.repository}  ${lane.baseBranch}  ${red === null ? 'green' : 'RED: nothing lands'}  ${lane.strategy}`,
    ...(red === null ? [] : renderRed(red)),
    `${open.length} tested now, ${open.filter(({ assumed }) => assumed.length > 0).length} of them ahead of time`,
    table(
      lane.waiting,
      [
        { title: 'change', value: (it) => it.changeId },
        { title: 'state', value: (it) => it.state },
        { title: 'group', value: (it) => (it.group === null ? '' : String(it.group)) },
        { title: 'branch', value: (it) => printable(it.branch), max: 30 },
        { title: 'title', value: (it) => printable(it.title), max: 50 },
        { title: 'since', value: (it) => ago(it.queuedAt) },
      ],
      'Nothing waits.',
    ),
  ].join('\n');
}

function renderRed(red: NonNullable<Wire<LandingLane>['red']>): string[] {
  const { check, sha, since, culprit, culpritChangeId, suspects, revert } = red;
  const found =
    culprit === null
      ? suspects === 0
        ? 'Nobody can say which commit did it.'
        : `One of ${suspects} commits did it.`
      : `Since ${culprit.slice(0, 12)}${culpritChangeId === null ? '' : ` (${culpritChangeId})`}.`;
  return [
    `${printable(check)} fails at ${sha.slice(0, 12)} since ${ago(since)}. ${found}`,
    ...(revert === null
      ? []
      : [
          revert.state === 'proposed'
            ? `Proposed to take it back: ${revert.changeId ?? revert.branch ?? ''}.`
            : `It cannot be taken back by itself: ${printable(revert.why ?? '')}`,
        ]),
  ];
}
