import type { Page } from '#kernel';
import type { ChoiceAnswer, Claim, Session } from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, printable, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerSessions: RegisterCommands = (program, context) => {
  program
    .command('sessions')
    .description('agent sessions, the most recent first')
    .addOption(choiceOption('--state <state>', 'only those', ['active', 'idle', 'ended', 'lost']))
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExamples:\n  $ loom sessions\n  $ loom sessions --state active\n')
    .action(async (options: { state?: string; repository?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<Session>>>('/v1/sessions', { limit: 100, ...options });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'agent', value: (it) => it.agent },
            { title: 'state', value: (it) => it.state },
            { title: 'intent', value: (it) => it.intent },
            { title: 'branch', value: (it) => it.branch, max: 30 },
            { title: 'calls', value: (it) => it.toolCalls, align: 'right' },
            { title: 'denied', value: (it) => it.deniedCalls, align: 'right' },
            { title: 'seen', value: (it) => ago(it.lastSeenAt) },
          ],
          'No sessions. Run `loom attach` in a repository and start your agent there.',
        ),
      );
    });

  const session = program.command('session').description('one agent session');
  session
    .command('show <session>')
    .description('who runs it, on what, what it holds and may spend')
    .addHelpText('after', '\nExample:\n  $ loom session show ses_019…\n')
    .action(async (id: string) => {
      const shown = await context.client().get<Shown>(`/v1/sessions/${encodeURIComponent(id)}`);
      context.output().result(shown, renderSession);
    });
  session
    .command('stop <session>')
    .description('end a session and release what it holds; its work stays on its branch')
    .option('--reason <text>', 'why; it is recorded', 'stopped from the command line')
    .addHelpText('after', '\nExample:\n  $ loom session stop ses_019… --reason "wrong task"\n')
    .action(async (id: string, { reason }: { reason: string }) => {
      const ended = await context
        .client()
        .send<Wire<Session>>('POST', `/v1/sessions/${encodeURIComponent(id)}/end`, { reason });
      context.output().result(ended, (it) => `${it.id} is ${it.state}`);
    });
  session
    .command('hand-over <session> [targets...]')
    .description('move what a session holds, all of it with its work or the named, to another')
    .requiredOption('--to <session>', 'the session that goes on')
    .option('--note <text>', 'what it should know')
    .addHelpText('after', '\nExample:\n  $ loom session hand-over ses_019… --to ses_01a…\n')
    .action(async (id: string, targets: string[], options: { to: string; note?: string }) => {
      const answer = await context
        .client()
        .send<Wire<ChoiceAnswer>>('POST', `/v1/sessions/${encodeURIComponent(id)}/hand-over`, {
          ...options,
          ...(targets.length === 0 ? {} : { targets }),
        });
      context.output().result(answer, ({ message }) => printable(message));
    });
};

type Shown = Wire<Session> & { claims: Wire<Claim>[] };

function renderSession(it: Shown): string {
  const held = it.claims.filter(({ state }) => state === 'held');
  const { tokens, usdMicros, minutes } = it.budget;
  const limits = [
    ...(tokens === null ? [] : [`${tokens} tokens`]),
    ...(usdMicros === null ? [] : [`${(usdMicros / 1_000_000).toFixed(2)} USD`]),
    ...(minutes === null ? [] : [`${minutes} min`]),
  ];
  return [
    `${it.id}  ${printable(it.agent)} ${it.state}, seen ${ago(it.lastSeenAt)}`,
    `for: ${printable(it.intent)}`,
    `in: ${printable(it.repository ?? 'no imported repository')} on ${printable(it.branch ?? 'no branch')}`,
    ...(it.parentId === null ? [] : [`helper of ${it.parentId} (${printable(it.role ?? '')})`]),
    ...(it.endReason === null ? [] : [`ended: ${printable(it.endReason)}`]),
    ...(limits.length === 0 ? [] : [`may spend: ${limits.join(', ')}`]),
    `holds: ${held.length === 0 ? 'nothing' : held.map(({ target }) => printable(target)).join(', ')}`,
  ].join('\n');
}
