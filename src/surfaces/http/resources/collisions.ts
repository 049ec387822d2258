/** `/v1/collisions`: pairs of open changes and sessions that get in each other's way. */
import { z } from 'zod';
import { idSchema, type Page } from '#kernel';
import type { Actor } from '#ledger';
import * as orchestration from '#orchestration';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { Collision, listQuery, page, pathId, repositoryName } from '../schemas.ts';

const states = orchestration.Collision.shape.state;
const changeParams = pathId(
  'Id of the change; also `owner/name#12`, `owner/name:branch` or a commit, URL-encoded.',
  'chg_019abc00000070008000000000000000',
);

export function collisionRoutes(services: Services): Route[] {
  const { collisions, changes } = services;
  return [
    route({
      method: 'get',
      path: '/v1/collisions',
      access: 'changes:read',
      tag: 'changes',
      summary: 'List collisions',
      description:
        'Pairs of open changes and sessions that overlap, the last found first. `merge`: git cannot merge them; `lines`: the same lines, and git still can; `symbol`: one changes what the other uses; `path`: a file in common; `intent`: a guess. Open ones unless `state` says otherwise.',
      query: listQuery({
        state: states.default('open'),
        level: orchestration.CollisionLevel.optional(),
        repository: repositoryName.optional(),
        sessionId: idSchema('ses').optional(),
      }),
      answer: page(Collision),
      handle: async ({ query: { sessionId, ...query }, actor }) =>
        hideClosed(services, actor, await collisions.list({ ...query, side: sessionId })),
    }),
    route({
      method: 'get',
      path: '/v1/collisions/{id}',
      access: 'changes:read',
      tag: 'changes',
      summary: 'Show a collision',
      description: 'Both sides, the level, and what git could not merge.',
      params: z.strictObject({ id: idSchema('col') }),
      answer: Collision,
      async handle({ params: { id }, actor }) {
        const one = found(await collisions.find(id), 'collision', id);
        const shown = await hideClosed(services, actor, { items: [one], nextCursor: null });
        return shown.items[0]!;
      },
    }),
    route({
      method: 'get',
      path: '/v1/changes/{id}/collisions',
      access: 'changes:read',
      tag: 'changes',
      summary: 'List the collisions of a change',
      description: 'With whom it overlaps, open and past, the last found first.',
      params: changeParams,
      query: listQuery({ state: states.optional() }),
      answer: page(Collision),
      async handle({ params: { id }, query, actor }) {
        const change = found(await changes.resolve(id), 'change', id);
        return hideClosed(services, actor, await collisions.list({ ...query, side: change.id }));
      },
    }),
  ];
}

/** Paths and text of files the caller may not read are left out; that there is a collision is not. */
async function hideClosed(
  { context }: Services,
  actor: Actor,
  { items, nextCursor }: Page<orchestration.Collision>,
): Promise<Page<orchestration.Collision>> {
  const access = new Map<string, Awaited<ReturnType<typeof context.accessTo>>>();
  for (const { repository } of items) {
    if (access.has(repository)) continue;
    const known = await context.findRepository(repository);
    if (known !== undefined) access.set(repository, await context.accessTo(known.id, actor));
  }
  return {
    nextCursor,
    items: items.map((item) => {
      const may = access.get(item.repository);
      if (may === undefined || may.seesAll) return item;
      const paths = item.paths.filter((path) => may.mayReadPath(path));
      if (paths.length === item.paths.length) return item;
      return {
        ...item,
        paths,
        symbols: [],
        hunks: item.hunks.filter(({ path }) => may.mayReadPath(path)),
        // The sentence names files.
        why: 'some of the files are closed to you',
      };
    }),
  };
}
