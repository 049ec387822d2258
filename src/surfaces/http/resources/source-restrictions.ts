/** `/v1/source-restrictions`: knowledge that only some may know of. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { repositoryName } from '../schemas.ts';

const names = z.array(z.string().min(1).max(200)).max(200);

const SourceRestriction = named(
  'SourceRestriction',
  z.object({
    id: z.string(),
    /** Null holds for every repository. */
    repository: z.string().nullable(),
    system: z.string(),
    prefix: z.string(),
    teams: z.array(z.string()),
    people: z.array(z.string()),
    reason: z.string(),
    createdBy: z.string(),
    createdAt: z.date(),
  }),
);

export function sourceRestrictionRoutes({ context }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/source-restrictions',
      access: 'people:manage',
      tag: 'context',
      summary: 'List source restrictions',
      description: 'Which knowledge is kept to which teams and people.',
      answer: z.object({ items: z.array(SourceRestriction) }),
      handle: async () => ({ items: (await context.listRestrictions()).map(shown) }),
    }),
    route({
      method: 'post',
      path: '/v1/source-restrictions',
      access: 'people:manage',
      tag: 'context',
      summary: 'Restrict a source',
      description:
        'From now on only the named teams and people find it in packs and searches; for all others it does not exist. Packs that hold it are hidden from them too.',
      body: z.strictObject({
        repository: repositoryName.optional(),
        system: z.string().min(1).max(100).default('*').meta({
          description: 'Where the knowledge comes from: `git`, `catalog`, a connector, or `*`.',
        }),
        prefix: z.string().max(1_000).default('').meta({
          description: 'Start of the path, or of the name the source has for it; empty is all.',
        }),
        teams: names.default([]),
        people: names.default([]),
        reason: z.string().min(1).max(500),
      }),
      bodyExample: {
        repository: 'acme/shop',
        system: 'git',
        prefix: 'docs/incidents/',
        teams: ['security'],
        reason: 'Not yet disclosed.',
      },
      status: 201,
      answer: SourceRestriction,
      handle: async ({ body, actor }) => shown(await context.restrictSource(body, actor)),
    }),
    route({
      method: 'delete',
      path: '/v1/source-restrictions/{id}',
      access: 'people:manage',
      tag: 'context',
      summary: 'Lift a restriction',
      description: 'Everybody who may read context finds the source again.',
      params: z.strictObject({ id: idSchema('evt') }),
      answer: null,
      handle: ({ params: { id }, actor }) => context.openSource(id, actor),
    }),
  ];
}

type Kept = Awaited<ReturnType<Services['context']['listRestrictions']>>[number];

/** Without our own id of the repository, which says nothing to anybody. */
function shown({ repositoryId: _id, teams, people, ...rest }: Kept) {
  return { ...rest, teams: [...teams], people: [...people] };
}
