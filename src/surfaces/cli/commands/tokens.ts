import type { Page } from '#kernel';
import type { Token } from '#governance';
import { countOption } from '../options.ts';
import { ago, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

export const registerTokens: RegisterCommands = (program, context) => {
  const token = program.command('token').description('API tokens: made, listed, revoked');

  token
    .command('create <name>')
    .description('make a token; its secret is shown once')
    .option('--person <id>', 'for this person (default: yourself)')
    .option('--scope <action...>', 'narrow it to these actions (default: all its person may do)')
    .addOption(
      countOption('--days <n>', 'valid for so many days', { min: 1, max: 90, defaultValue: 90 }),
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ loom token create ci --scope changes:check deployments:write --days 30\n',
    )
    .action(async (name: string, options: { person?: string; scope?: string[]; days: number }) => {
      const answer = await context
        .client()
        .send<{ token: Wire<Token>; secret: string }>('POST', '/v1/tokens', {
          name,
          expiresInDays: options.days,
          ...(options.person === undefined ? {} : { personId: options.person }),
          ...(options.scope === undefined ? {} : { scopes: options.scope }),
        });
      context.output().note('Keep it now: it is stored nowhere.');
      context.output().result(answer, ({ secret }) => secret);
    });

  token
    .command('list', { isDefault: true })
    .description('list tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  $ loom token list\n')
    .action(async () => {
      const page = await context.client().get<Page<Wire<Token>>>('/v1/tokens', { limit: 200 });
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'id', value: (it) => it.id },
            { title: 'name', value: (it) => it.name },
            { title: 'kind', value: (it) => it.kind },
            { title: 'starts with', value: (it) => it.hint },
            { title: 'scopes', value: (it) => (it.scopes === 'all' ? 'all' : it.scopes.join(' ')) },
            { title: 'last used', value: (it) => ago(it.lastUsedAt) },
            { title: 'state', value: (it) => stateOf(it) },
          ],
          'No tokens.',
        ),
      );
    });

  token
    .command('revoke <id>')
    .description('end a token at once')
    .addHelpText('after', '\nExample:\n  $ loom token revoke tok_019…\n')
    .action(async (id: string) => {
      const answer = await context
        .client()
        .send<unknown>('DELETE', `/v1/tokens/${encodeURIComponent(id)}`);
      context.output().result(answer, () => `${id} is revoked`);
    });
};

function stateOf(token: Wire<Token>): string {
  if (token.revokedAt !== null) return `revoked ${ago(token.revokedAt)}`;
  return new Date(token.expiresAt) < new Date()
    ? 'expired'
    : `until ${token.expiresAt.slice(0, 10)}`;
}
