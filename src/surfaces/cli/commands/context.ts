import type { ContextPack, PackItem, PackPreview } from '#context';
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
    .option('--preview', 'keep nothing, and show what was found and left out')
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
        options: {
          repository: string;
          text?: string;
          path?: string[];
          budget: number;
          preview?: boolean;
        },
      ) => {
        const request = {
          repository: options.repository,
          title,
          budgetTokens: options.budget,
          ...(options.text === undefined ? {} : { text: options.text }),
          ...(options.path === undefined ? {} : { paths: options.path }),
        };
        const client = context.client();
        if (options.preview === true) {
          const path = '/v1/context-packs/preview';
          const preview = await client.send<Wire<PackPreview>>('POST', path, request);
          context.output().result(preview, renderPreview);
          return;
        }
        const pack = await client.send<Wire<ContextPack>>('POST', '/v1/context-packs', request);
        context.output().result(pack, renderPack);
      },
    );

  command
    .command('show <id>')
    .description('a pack as it was handed out, or one item of it in full')
    .option('--item <id>', 'the item to expand, such as f1')
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context show ctx_019…\n  $ loom context show ctx_019… --item f1\n',
    )
    .action(async (id: string, options: { item?: string }) => {
      if (options.item !== undefined) {
        const expanded = await context
          .client()
          .get<{ item: Wire<PackItem>; text: string }>(
            `/v1/context-packs/${encodeURIComponent(id)}/items/${encodeURIComponent(options.item)}`,
          );
        context.output().result(expanded, renderItem);
        return;
      }
      const pack = await context
        .client()
        .get<Wire<ContextPack>>(`/v1/context-packs/${encodeURIComponent(id)}`);
      context.output().result(pack, renderPack);
    });

  command
    .command('search <text>')
    .description('search files, documents, decisions and lessons')
    .option('--repository <name>', 'only this repository')
    .addOption(countOption('--limit <count>', 'most hits', { min: 1, max: 50, defaultValue: 10 }))
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context search "idempotency key" --repository acme/shop\n',
    )
    .action(async (text: string, options: { repository?: string; limit: number }) => {
      const hits = await context.client().get<{ items: Hit[] }>('/v1/search', {
        q: text,
        repository: options.repository,
        limit: options.limit,
      });
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
  return `${pack.text}\n(${pack.id}, ${pack.tokens} of ${pack.budgetTokens} tokens, sha256 ${pack.contentHash.slice(0, 12)})`;
}

function renderItem({ item, text }: { item: Wire<PackItem>; text: string }): string {
  const source = [item.source.system, item.source.object, item.source.revision.slice(0, 9)];
  const facts = [`from ${source.filter((word) => word !== '').join(' ')}`, item.freshness];
  return `${text}\n\n(${[...facts, ...(item.source.url === undefined ? [] : [item.source.url])].join(', ')})`;
}

function renderPreview({ pack, leftOut }: Wire<PackPreview>): string {
  const rows = table(
    leftOut,
    [
      { title: 'kind', value: (it) => it.kind },
      { title: 'left out', value: (it) => it.title },
      {
        title: 'why it was found',
        value: (it) => it.why.map(({ evidence }) => evidence).join('; '),
      },
    ],
    'Nothing was left out.',
  );
  return `${pack.text}\n(${pack.tokens} of ${pack.budgetTokens} tokens; kept nowhere)\n\n${rows}`;
}
