/** `loom breakers` and `loom session`: what was stopped, why, and how to let it go on. */
import type { Page } from '#kernel';
import type {
  BreakerTotals,
  BreakerTrip,
  FleetBreaker,
  FleetBreakers,
  SessionBreaker,
} from '#orchestration';
import { ago, counted, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

type Overview = Wire<Page<BreakerTrip>> & {
  fleet: Wire<FleetBreaker>[];
  totals: BreakerTotals;
};
type Scope = Parameters<FleetBreakers['closeFleet']>[0]['scope'];

const MICROS = 1_000_000;

export const registerBreakers: RegisterCommands = (program, context) => {
  const breakers = program
    .command('breakers')
    .description('loops that were cut, starts that are held back, and what that saved');
  breakers
    .command('list', { isDefault: true })
    .description('what was stopped, newest first')
    .option('--repository <name>', 'only this repository')
    .option('--days <days>', 'days the totals are over', '30')
    .addHelpText('after', '\nExamples:\n  $ loom breakers\n  $ loom breakers --days 7 --json\n')
    .action(async (options: { repository?: string; days: string }) => {
      const overview = await context
        .client()
        .get<Overview>('/v1/breakers', { limit: 50, ...options });
      context.output().result(overview, renderOverview);
    });
  breakers
    .command('close <scope> <key>')
    .description('let sessions of an agent, in a repository or of a provider start again')
    .requiredOption('--reason <text>', 'why; it is recorded')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom breakers close repository acme/shop --reason "the registry is back"\n',
    )
    .action(async (scope: Scope, key: string, { reason }: { reason: string }) => {
      const closed = await context
        .client()
        .send<Wire<FleetBreaker>>('POST', '/v1/breakers/close', { scope, key, reason });
      context.output().result(closed, (it) => `${it.scope} ${printable(it.key)} may go on`);
    });

  const session =
    program.commands.find((command) => command.name() === 'session') ?? program.command('session');
  session
    .command('breaker <session>')
    .description('what stopped a session, what it has spent, what it may spend')
    .addHelpText('after', '\nExample:\n  $ loom session breaker ses_019…\n')
    .action(async (id: string) => {
      const shown = await context
        .client()
        .get<SessionBreaker & { items: Wire<BreakerTrip>[] }>(
          `/v1/sessions/${encodeURIComponent(id)}/breaker`,
        );
      context
        .output()
        .result(shown, (it) =>
          [
            `${it.stage}: ${counted(it.trips, 'stop')}, ${counted(it.nudges, 'nudge')}, ${spentOf(it)}`,
            ...it.items.map(renderTrip),
          ].join('\n'),
        );
    });
  session
    .command('lift <session>')
    .description('let a session go on that its breaker stopped')
    .requiredOption('--reason <text>', 'why; it is recorded')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom session lift ses_019… --reason "the registry is back"\n',
    )
    .action(async (id: string, { reason }: { reason: string }) => {
      const lifted = await context
        .client()
        .send<SessionBreaker>('POST', `/v1/sessions/${encodeURIComponent(id)}/breaker/reset`, {
          reason,
        });
      context.output().result(lifted, () => `${printable(id)} may go on`);
    });
};

function renderOverview({ items, fleet, totals }: Overview): string {
  const saved = `about ${totals.savedTokens.toLocaleString('en-US')} tokens${
    totals.savedCostUsdMicros > 0
      ? ` and ${(totals.savedCostUsdMicros / MICROS).toFixed(2)} USD`
      : ''
  }`;
  return [
    `Last ${totals.days} days: ${counted(totals.sessionsEnded, 'session')} and ${counted(totals.turnsEnded, 'turn')} ended, ${counted(totals.callsBlocked, 'call')} blocked; saved ${saved} (an estimate: docs/breakers.md).`,
    ...fleet.map((it) => `held back: ${it.scope} ${printable(it.key)}: ${printable(it.reason)}`),
    '',
    table(
      items,
      [
        { title: 'session', value: (it) => it.sessionId },
        { title: 'agent', value: (it) => it.agent },
        { title: 'rule', value: (it) => it.rule },
        { title: 'stopped', value: (it) => it.stage },
        { title: 'why', value: (it) => it.reason, max: 60 },
        { title: 'when', value: (it) => ago(it.trippedAt) },
        { title: 'lifted', value: (it) => (it.liftedAt === null ? '' : ago(it.liftedAt)) },
      ],
      'Nothing was stopped.',
    ),
  ].join('\n');
}

function renderTrip(it: Wire<BreakerTrip>): string {
  const steps = it.evidence.length === 0 ? '' : ` (steps ${it.evidence.join(', ')})`;
  return [
    `${ago(it.trippedAt)} ${it.stage} by ${it.rule}: ${printable(it.reason)}${steps}`,
    ...(it.handOver ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `  ${printable(line)}`),
  ].join('\n');
}

function spentOf({ spent, budget }: SessionBreaker): string {
  const of = (limit: number | null) => (limit === null ? '' : ` of ${limit}`);
  return `${spent.calls}${of(budget.calls)} calls, ${spent.tokens}${of(budget.tokens)} tokens`;
}
