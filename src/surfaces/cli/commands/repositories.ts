import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import type { ProtectionReport } from '../../services.ts';
import { ago, counted, table } from '../output.ts';
import { resolve } from 'node:path';
import { existsSync } from 'node:fs';
import type { Repository } from '#context';
import type { Page } from '#kernel';

export const registerRepositories: RegisterCommands = (program, context) => {
  program
    .command('import <path-or-url>')
    .description('read a repository: its history, owners, decisions and documents')
    .option('--name <owner/name>', 'name it this way instead of by its remote')
    .addHelpText(
      'after',
      '\nExamples:\n  $ loom import ../shop\n  $ loom import https://github.com/acme/shop.git --name acme/shop\n',
    )
    .action(async (source: string, options: { name?: string }) => {
      const url = existsSync(source) ? resolve(source) : source;
      const output = context.output();
      output.note(`Reading ${url} …`);
      const repository = await context.client().send<Wire<Repository>>('POST', '/v1/repositories', {
        url,
        ...(options.name === undefined ? {} : { name: options.name }),
      });
      output.result(repository, (it) =>
        [
          `${it.name}: ${counted(it.commitCount, 'commit')}, ${counted(it.fileCount, 'file')}, tip ${it.headSha?.slice(0, 10) ?? 'none'} on ${it.defaultBranch}`,
          ...it.problems.map((problem) => `  could not read: ${problem}`),
          ...it.skipped.map(
            ({ reason, count, examples }) =>
              `  left out: ${count} × ${reason} (${examples.slice(0, 2).join(', ')}${count > 2 ? ', …' : ''})`,
          ),
          `Next: open its X-ray at ${context.baseUrl()}/xray/${it.id}, or ask for a context pack: loom context pack "a task" --repository ${it.name}`,
        ].join('\n'),
      );
    });

  const repositories = program
    .command('repositories')
    .description('the imported repositories, and how their branches are protected');

  repositories
    .command('protection <name>')
    .description('what its host lets happen around our verdicts, and how to set what is missing')
    .addHelpText('after', '\nExample:\n  $ loom repositories protection acme/shop\n')
    .action(async (name: string) => {
      const path = `/v1/repositories/${encodeURIComponent(name)}/protection`;
      const report = await context.client().get<Wire<ProtectionReport>>(path);
      context.output().result(report, describeProtection);
    });

  repositories
    .command('list', { isDefault: true })
    .description('list the imported repositories')
    .addHelpText('after', '\nExample:\n  $ loom repositories --json\n')
    .action(async () => {
      const page = await context
        .client()
        .get<Page<Wire<Repository>>>('/v1/repositories', { limit: 200 });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'name', value: (it) => it.name },
            { title: 'state', value: (it) => it.state },
            { title: 'commits', value: (it) => it.commitCount, align: 'right' },
            { title: 'files', value: (it) => it.fileCount, align: 'right' },
            { title: 'imported', value: (it) => ago(it.importedAt) },
            { title: 'to note', value: noteOf, max: 60 },
          ],
          'No repository yet. Read one with `loom import PATH`.',
        ),
      );
    });
};

function noteOf({ accessLost, formerNames }: Wire<Repository>): string {
  if (accessLost !== null) return `no access since ${ago(accessLost.at)}: ${accessLost.why}`;
  return formerNames.length === 0 ? '' : `was ${formerNames.join(', ')}`;
}

const MARKS = { ok: 'ok     ', warning: 'warning', problem: 'PROBLEM' } as const;

function describeProtection({ repository, branch, findings }: Wire<ProtectionReport>): string {
  return [
    `${branch} of ${repository}:`,
    ...findings.map(
      ({ level, text, hint }) =>
        `${MARKS[level]}  ${text}${hint === undefined ? '' : `\n         -> ${hint}`}`,
    ),
  ].join('\n');
}
