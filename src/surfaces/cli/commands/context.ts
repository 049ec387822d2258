import { Argument } from 'commander';
import {
  type ContextPack,
  type Lesson,
  LESSON_STATES,
  type PackItem,
  type PackPreview,
  type SearchHit,
} from '#context';
import { findRepositoryHere } from '../here.ts';
import { choiceOption, countOption } from '../options.ts';
import { ago, table } from '../output.ts';
import type { RegisterCommands } from '../program.ts';
import type { Wire } from '../wire.ts';
import { registerContradictions } from './context-contradictions.ts';
import { registerContextWeights } from './context-weights.ts';

type Hit = Wire<SearchHit>;

const MAX_LESSONS = 100;

export const registerContext: RegisterCommands = (program, context) => {
  const command = program.command('context').description('what the organisation knows');

  command
    .command('pack <title>')
    .description('the context pack an agent would get for a task')
    .option('--repository <name>', 'where the task is; the repository you stand in unless given')
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
          repository?: string;
          text?: string;
          path?: string[];
          budget: number;
          preview?: boolean;
        },
      ) => {
        const client = context.client();
        const request = {
          repository: options.repository ?? (await findRepositoryHere(client)).repository,
          title,
          budgetTokens: options.budget,
          ...(options.text === undefined ? {} : { text: options.text }),
          ...(options.path === undefined ? {} : { paths: options.path }),
        };
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
    .command('lessons')
    .description('what was learnt: candidates that wait for a person, and what is in force')
    .option('--repository <name>', 'only this repository')
    .addOption(choiceOption('--state <state>', 'only these', LESSON_STATES))
    .addHelpText('after', '\nExample:\n  $ loom context lessons --state candidate\n')
    .action(async (options: { repository?: string; state?: string }) => {
      const query = { ...options, limit: MAX_LESSONS };
      const page = await context.client().get<{ items: Wire<Lesson>[] }>('/v1/lessons', query);
      context.output().result(page, ({ items }) =>
        table(
          items,
          [
            { title: 'lesson', value: (it) => it.id },
            { title: 'state', value: (it) => it.state },
            { title: 'from', value: (it) => it.origin },
            { title: 'told', value: (it) => String(it.use.sessions) },
            {
              title: 'accepted/reworked/rejected',
              value: ({ use }) => `${use.accepted}/${use.reworked}/${use.rejected}`,
            },
            { title: 'text', value: (it) => it.text },
          ],
          'No lessons. Agents leave them with the tool `record`.',
        ),
      );
    });

  command
    .command('decide <lesson>')
    .description('approve, reject or retire a lesson')
    .addArgument(new Argument('<decision>').choices(['approve', 'reject', 'retire']))
    .option('--text <text>', 'approve it in these words')
    .option('--reason <text>', 'why')
    .addHelpText('after', '\nExample:\n  $ loom context decide evt_019… approve\n')
    .action(async (id: string, decision: string, options: { text?: string; reason?: string }) => {
      const path = `/v1/lessons/${encodeURIComponent(id)}/decision`;
      const lesson = await context
        .client()
        .send<Wire<Lesson>>('POST', path, { decision, ...options });
      context.output().result(lesson, (it) => `${it.id} is ${it.state}: ${it.text}`);
    });

  registerContextWeights(command, context);
  registerContradictions(command, context);

  command
    .command('search <text>')
    .description('search files, definitions, documents, decisions and lessons')
    .option('--repository <name>', 'only this repository')
    .addOption(countOption('--limit <count>', 'most hits', { min: 1, max: 50, defaultValue: 10 }))
    .addHelpText(
      'after',
      '\nExample:\n  $ loom context search "idempotency key" --repository acme/shop\n  $ loom context search "where is retryPayment defined"\n',
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
            {
              title: 'path',
              value: (it) =>
                it.path === null
                  ? (it.source?.url ?? null)
                  : it.path + (it.line === undefined ? '' : `:${it.line}`),
            },
            { title: 'repository', value: (it) => it.repository || (it.source?.system ?? '') },
            { title: 'about it', value: aboutHit },
          ],
          'Nothing found. Try fewer or other words.',
        ),
      );
    });
};

/** Of a page of an outside system: when it changed, who answers for it, whether it holds. */
function aboutHit({ source, observedAt, owner, freshness }: Hit): string {
  if (source === undefined) return '';
  return [ago(observedAt), owner ?? '', freshness === 'current' ? '' : (freshness ?? '')]
    .filter((word) => word !== '')
    .join(', ');
}

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
