import { execFileSync } from 'node:child_process';
import type { Page } from '#kernel';
import {
  type Choice,
  type ChoiceAnswer,
  type Claim,
  type ClaimAnswer,
  type ClaimWait,
  type GateAnswer,
  type Session,
} from '#orchestration';
import { choiceOption } from '../options.ts';
import { ago, counted, EXIT_CODES, printable, printableLines, table } from '../output.ts';
import type { CliContext, RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

const KINDS = ['intent', 'path', 'glob', 'symbol', 'resource', 'issue'];

/** What is said of each way on; the names are those of the API. */
const WAYS: Readonly<Record<Choice, string>> = {
  'go-on': 'after a denial: take what is free of it, and leave the rest',
  rebase: 'after a denial: where the work of the holder is, to build on it',
  split: 'after a denial: leave this part to the holder as a task',
  wait: 'after a denial: be told when it is free',
  'hand-over': 'after a denial: ask the holder to hand it over',
  stop: 'after a denial: the later of the two sessions ends, its notes go to the earlier',
};

export const registerClaims: RegisterCommands = (program, context) => {
  const claims = program.command('claims').description('who holds what, and how to go on');
  claims
    .command('list', { isDefault: true })
    .description('list claims')
    .option('--repository <name>', 'only this repository')
    .option('--session <id>', 'only of this session')
    .addOption(choiceOption('--kind <kind>', 'only those', KINDS))
    .option('--all', 'also those released or expired')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom claims\n  $ loom claims --repository acme/shop --all\n',
    )
    .action(
      async ({
        all,
        session,
        ...filter
      }: {
        repository?: string;
        kind?: string;
        session?: string;
        all?: boolean;
      }) => {
        const page = await context.client().get<Page<Wire<Claim>>>('/v1/claims', {
          limit: 200,
          ...filter,
          sessionId: session,
          state: all === true ? undefined : 'held',
        });
        context.output().result(page, ({ items }) =>
          table(
            items,
            [
              { title: 'target', value: (it) => it.target },
              { title: 'repository', value: (it) => it.repository },
              { title: 'held by', value: (it) => `${it.agent} ${it.sessionId.slice(0, 12)}` },
              { title: 'for', value: (it) => it.intent },
              { title: 'state', value: (it) => it.state },
              { title: 'since', value: (it) => ago(it.grantedAt) },
            ],
            'No file is held by anybody.',
          ),
        );
      },
    );
  claims
    .command('take <session> <targets...>')
    .description('claim files, folders, `a.ts#f`, `port:3000`, `issue:owner/name#12`')
    .option('--repository <name>', 'where; default: that of the session')
    .option('--intent <text>', 'why, for the others')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom claims take ses_019… src/totals.js migration:0061\n',
    )
    .action(async (sessionId: string, targets: string[], options: Where & { intent?: string }) => {
      const repository = await repositoryOf(context, sessionId, options);
      const answer = await context.client().send<Wire<ClaimAnswer>>('POST', '/v1/claims', {
        sessionId,
        repository,
        targets,
        ...(options.intent === undefined ? {} : { intent: options.intent }),
      });
      if (answer.outcome === 'denied') context.setExitCode(EXIT_CODES.conflict);
      context
        .output()
        .result(answer, (it) =>
          it.outcome === 'granted'
            ? `held: ${it.claims.map(({ target }) => printable(target)).join(', ')}`
            : [printable(it.message), ...it.choices.map((choice) => `- ${printable(choice)}`)].join(
                '\n',
              ),
        );
    });
  claims
    .command('release <session> [targets...]')
    .description('let go of what a session holds, all of it or what is named')
    .addHelpText('after', '\nExample:\n  $ loom claims release ses_019… src/totals.js\n')
    .action(async (sessionId: string, targets: string[]) => {
      const answer = await context
        .client()
        .send<{ released: number }>('POST', '/v1/claims/release', {
          sessionId,
          ...(targets.length === 0 ? {} : { targets }),
          reason: 'released from the command line',
        });
      context.output().result(answer, ({ released }) => `${counted(released, 'claim')} released`);
    });
  claims
    .command('waits')
    .description('who waits for what, the longest first')
    .option('--repository <name>', 'only this repository')
    .addHelpText('after', '\nExample:\n  $ loom claims waits\n')
    .action(async (filter: { repository?: string }) => {
      const page = await context
        .client()
        .get<Page<Wire<ClaimWait>>>('/v1/claims/waits', { limit: 200, ...filter });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'target', value: (it) => it.target },
            { title: 'repository', value: (it) => it.repository },
            { title: 'waiting', value: (it) => `${it.agent} ${it.sessionId.slice(0, 12)}` },
            { title: 'since', value: (it) => ago(it.since) },
          ],
          'Nobody waits.',
        ),
      );
    });
  for (const [choice, description] of Object.entries(WAYS)) {
    claims
      .command(`${choice} <session> <targets...>`)
      .description(description)
      .option('--repository <name>', 'where; default: that of the session')
      .option('--note <text>', 'words for the other side')
      .option('--with <session>', 'the holder meant, where several are')
      .addHelpText('after', `\nExample:\n  $ loom claims ${choice} ses_019… src/totals.js\n`)
      .action(async (sessionId: string, targets: string[], options: ChoiceOptions) => {
        const answer = await context
          .client()
          .send<Wire<ChoiceAnswer>>('POST', '/v1/claims/choices', {
            sessionId,
            repository: await repositoryOf(context, sessionId, options),
            choice,
            targets,
            ...(options.note === undefined ? {} : { note: options.note }),
            ...(options.with === undefined ? {} : { withSessionId: options.with }),
          });
        context.output().result(answer, ({ message }) => printable(message));
      });
  }
  claims
    .command('gate <session>')
    .description('whether what is staged may be committed; for a pre-commit hook')
    .option('--repository <name>', 'where; default: that of the session')
    .addHelpText(
      'after',
      '\nExit code: 0 it may, 5 another session was given a file of it since.\n\nExample:\n  $ loom claims gate "$LOOM_SESSION"\n',
    )
    .action(async (sessionId: string, options: Where) => {
      const answer = await context.client().send<Wire<GateAnswer>>('POST', '/v1/claims/gate', {
        sessionId,
        repository: await repositoryOf(context, sessionId, options),
        gate: 'commit',
        paths: changedNames('--cached'),
        dirty: changedNames(),
      });
      if (answer.outcome === 'fenced') context.setExitCode(EXIT_CODES.conflict);
      context
        .output()
        .result(answer, (it) => (it.outcome === 'open' ? 'It may.' : printableLines(it.message)));
    });
};

interface Where {
  repository?: string;
}
type ChoiceOptions = Where & { note?: string; with?: string };

async function repositoryOf(
  context: CliContext,
  sessionId: string,
  { repository }: Where,
): Promise<string> {
  if (repository !== undefined) return repository;
  const path = `/v1/sessions/${encodeURIComponent(sessionId)}`;
  return (await context.client().get<Wire<Session>>(path)).repository ?? '*';
}

function changedNames(...flags: string[]): string[] {
  const names = execFileSync('git', ['diff', '--name-only', '-z', '--no-renames', ...flags], {
    encoding: 'utf8',
    maxBuffer: 64_000_000,
  });
  return names.split('\0').filter((name) => name !== '');
}
