import type { Command } from 'commander';
import type { OrganisationVersion } from '#policy';
import { AppError } from '#kernel';
import { printable, table } from '../output.ts';
import type { CliContext } from '../program.ts';
import type { Wire } from '../wire.ts';
import { readText } from './workflow.ts';

type Version = Wire<OrganisationVersion>;

const VERSIONS = '/v1/policy/organisation/versions';

export function registerPublishing(policy: Command, context: CliContext): void {
  policy
    .command('publish <file>')
    .description(
      'publish a version of the organisation’s policy; the file of a repository takes force when it is merged',
    )
    .requiredOption('--reason <text>', 'why the rules change; kept with the version')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom policy publish organisation.yaml --reason "Card data is seen by two people"\n',
    )
    .action(async (file: string, { reason }: { reason: string }) => {
      const version = await context
        .client()
        .send<Version>('POST', VERSIONS, { text: readText(file), reason });
      context.output().result(version, describe);
    });

  policy
    .command('copy')
    .description(
      'the text of the organisation’s policy in force, to keep for `loom check --organisation`',
    )
    .addHelpText('after', '\nExample:\n  $ loom policy copy > organisation.yaml\n')
    .action(async () => {
      const { items } = await context.client().get<{ items: Version[] }>(VERSIONS);
      const inForce = items.find(({ state }) => state === 'active');
      if (inForce === undefined) {
        throw new AppError('not_found', 'policy.none_active', {
          message: 'The organisation has no policy in force.',
          hint: '`loom policy publish` puts one into force.',
        });
      }
      context.output().result(inForce, ({ text }) => text.trimEnd());
    });

  policy
    .command('versions')
    .description('every version of the organisation’s policy, with its author and reason')
    .addHelpText('after', '\nExample:\n  $ loom policy versions\n')
    .action(async () => {
      const { items } = await context.client().get<{ items: Version[] }>(VERSIONS);
      context.output().result(items, (it) =>
        table(
          it,
          [
            { title: 'version', value: (row) => row.version, align: 'right' },
            { title: 'state', value: (row) => row.state },
            { title: 'by', value: (row) => printable(row.authorName) },
            { title: 'at', value: (row) => row.proposedAt.slice(0, 16) },
            {
              title: 'agreed',
              value: (row) => row.approvals.map(({ personName }) => personName).join(', '),
            },
            { title: 'reason', value: (row) => printable(row.reason), max: 60 },
          ],
          'No version was published yet.',
        ),
      );
    });

  for (const [verb, description] of [
    ['endorse', 'agree to a version somebody else proposed'],
    ['withdraw', 'take a proposed version back'],
  ] as const) {
    policy
      .command(`${verb} <version>`)
      .description(description)
      .addHelpText('after', `\nExample:\n  $ loom policy ${verb} 2\n`)
      .action(async (version: string) => {
        const path = `${VERSIONS}/${encodeURIComponent(version)}/${verb}`;
        context.output().result(await context.client().send<Version>('POST', path), describe);
      });
  }
}

function describe({ version, state }: Version): string {
  switch (state) {
    case 'active':
      return `version ${version} is in force`;
    case 'proposed':
      return `version ${version} is proposed; another leader agrees with \`loom policy endorse ${version}\``;
    default:
      return `version ${version} is ${state}`;
  }
}
