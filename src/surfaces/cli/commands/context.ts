import type { ContextPack } from '#context';
import { countOption } from '../options.ts';
import { table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';

interface Hit {
  kind: string;
  title: string;
  path: string | null;
  excerpt: string;
  repository: string;
}

export const registerContext: RegisterCommands = (program, context) => {
  const command = program.command('context').description('what the organisation knows');

  command
    .command('pack <title>')
    .description('the context pack an agent would get for a task')
    .requiredOption('--repository <name>', 'where the task is')
    .option('--text <text>', 'the task in full')
    .option('--path <path...>', 'files already known to matter')
    .addOption(
      countOption('--budget <tokens>', 'largest size in tokens', {
        min: 300,
        max: 8_000,
        defaultValue: 4_000,
      }),
    )
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context pack "Round totals to cents" --repository acme/shop\n',
    )
    .action(
      async (
        title: string,
        options: { repository: string; text?: string; path?: string[]; budget: number },
      ) => {
        const pack = await context.client().send<Wire<ContextPack>>('POST', '/v1/context-packs', {
          repository: options.repository,
          title,
          budgetTokens: options.budget,
          ...(options.text === undefined ? {} : { text: options.text }),
          ...(options.path === undefined ? {} : { paths: options.path }),
        });
        context.output().result(pack, renderPack);
      },
    );

  command
    .command('show <id>')
    .description('a pack as it was handed out')
    .addHelpText('after', '\nExample:\n  $ loom context show ctx_019…\n')
    .action(async (id: string) => {
      const pack = await context
        .client()
        .get<Wire<ContextPack>>(`/v1/context-packs/${encodeURIComponent(id)}`);
      context.output().result(pack, renderPack);
    });

  command
    .command('search <text>')
    .description('search files, documents, decisions and lessons')
    .option('--repository <name>', 'only this repository')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context search "idempotency key" --repository acme/shop\n',
    )
    .action(async (text: string, options: { repository?: string }) => {
      const hits = await context
        .client()
        .get<{ items: Hit[] }>('/v1/search', { q: text, repository: options.repository });
      context.output().result(hits, ({ items }) =>
        table(
          items,
          [
            { title: 'kind', value: (it) => it.kind },
            { title: 'title', value: (it) => it.title },
            { title: 'path', value: (it) => it.path },
            { title: 'repository', value: (it) => it.repository },
          ],
          'Nothing found. Try fewer or other words.',
        ),
      );
    });
};

function renderPack(pack: Wire<ContextPack>): string {
  return `${pack.text}\n\n(${pack.id}, ${pack.tokens} of ${pack.budgetTokens} tokens, sha256 ${pack.contentHash.slice(0, 12)})`;
}
