/** `/v1/repositories`: what was imported, importing more, and a repository's history in figures. */
import { z } from 'zod';
import { AppError } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { ContextStudy, XrayReport } from '../reports.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, pathId, ProtectionReport, Repository } from '../schemas.ts';

const params = pathId('Id or name (URL-encoded) of the repository.', 'acme%2Fshop');
const DAY_MS = 24 * 60 * 60_000;
const DAYS_OF = { d: 1, w: 7, m: 30, y: 365 } as const;
const MAX_DAYS = 3_650;

export function repositoryRoutes({ context, insights, protection, clock }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/repositories',
      access: 'repositories:read',
      tag: 'repositories',
      summary: 'List repositories',
      description: 'Repositories that were imported, newest first.',
      query: listQuery({}),
      answer: page(Repository),
      handle: ({ query }) => context.listRepositories(query),
    }),
    route({
      method: 'post',
      path: '/v1/repositories',
      access: 'repositories:import',
      tag: 'repositories',
      summary: 'Import a repository',
      description:
        'Mirrors a repository by path or URL and reads its default branch. The same source again brings it up to date.',
      body: z.strictObject({
        url: z.string().min(1).max(2_000),
        name: z
          .string()
          .regex(/^[\w.-]+(?:\/[\w.-]+)+$/, 'is not of the form owner/name')
          .max(200)
          .optional(),
      }),
      bodyExample: { url: 'https://git.example.com/acme/shop.git', name: 'acme/shop' },
      status: 201,
      answer: Repository,
      handle: ({ body, actor }) => context.importRepository(body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/repositories/{id}',
      access: 'repositories:read',
      tag: 'repositories',
      summary: 'Show a repository',
      description: 'One repository by id or name.',
      params,
      answer: Repository,
      handle: async ({ params: { id } }) =>
        found(await context.findRepository(id), 'repository', id),
    }),
    route({
      method: 'delete',
      path: '/v1/repositories/{id}',
      access: 'repositories:import',
      tag: 'repositories',
      summary: 'Remove a repository',
      description: 'Hides it and deletes its mirror. The ledger keeps what happened.',
      params,
      answer: null,
      async handle({ params: { id }, actor }) {
        const { name } = found(await context.findRepository(id), 'repository', id);
        await context.removeRepository(name, actor);
      },
    }),
    route({
      method: 'post',
      path: '/v1/repositories/{id}/refresh',
      access: 'repositories:import',
      tag: 'repositories',
      summary: 'Bring a repository up to date',
      description: 'Fetches and reads what is new. Webhooks do this by themselves.',
      params,
      answer: Repository,
      async handle({ params: { id } }) {
        const { name } = found(await context.findRepository(id), 'repository', id);
        return context.refreshRepository(name);
      },
    }),
    route({
      method: 'get',
      path: '/v1/repositories/{id}/protection',
      access: 'repositories:read',
      tag: 'repositories',
      summary: 'Protection of the default branch',
      description:
        'What its host lets happen around us: whether our check is required and only ours to give, whether anyone may force-push or delete, and how to set what is missing. Asked of the host at most once a minute.',
      params,
      answer: ProtectionReport,
      handle: async ({ params: { id } }) => found(await protection.read(id), 'repository', id),
    }),
    route({
      method: 'get',
      path: '/v1/repositories/{id}/xray',
      access: 'insights:read',
      tag: 'repositories',
      summary: 'X-ray of a repository',
      description:
        'Its own history in figures: hot files, ownership, overlap of branches, size and risk; each with the commits behind it.',
      params,
      query: z.strictObject({
        since: z
          .string()
          .regex(/^\d{1,4}[dwmy]$/, 'is a number with d, w, m or y, such as 90d')
          .default('90d')
          .meta({ description: 'How far back: days, weeks, months or years.', example: '90d' }),
      }),
      answer: XrayReport,
      async handle({ params: { id }, query }) {
        const repository = found(await context.findRepository(id), 'repository', id);
        return insights.xray(repository.id, parseSince(query.since, clock.now()));
      },
    }),
    route({
      method: 'get',
      path: '/v1/repositories/{id}/context-study',
      access: 'insights:read',
      tag: 'repositories',
      summary: 'How well the files of past changes would have been found',
      description:
        'Given only the title and text of each of the last 200 changes, and what was known before it: recall, mean reciprocal rank and examples. Worked out in the background for each new head; until then `state` is `computing`.',
      params,
      answer: ContextStudy,
      async handle({ params: { id }, actor }) {
        const repository = found(await context.findRepository(id), 'repository', id);
        const study = await insights.contextStudy(repository.id);
        if (study.state !== 'ready') return study;
        const access = await context.accessTo(repository.id, actor);
        // A title tells as much as a path: an example with one closed file is not shown at all.
        const examples = study.figures.examples.filter(({ files }) =>
          files.every(({ path }) => access.mayReadPath(path)),
        );
        return { ...study, figures: { ...study.figures, examples } };
      },
    }),
  ];
}

/** `90d` -> the moment ninety days ago. */
function parseSince(text: string, now: Date): Date {
  const days = Number.parseInt(text, 10) * DAYS_OF[text.at(-1) as keyof typeof DAYS_OF];
  if (days < 1 || days > MAX_DAYS) {
    throw new AppError('invalid', 'http.invalid_query', {
      message: `query since: ${text} is not between one day and ten years.`,
      hint: 'Try since=90d.',
    });
  }
  return new Date(now.getTime() - days * DAY_MS);
}
