/** `/v1/ranking-fits`: weights of the ranking fitted to the organisation's own merged changes. */
import { z } from 'zod';
import { RankingFit as Fit } from '#context';
import type { Principal } from '#governance';
import { mayReadPath, readerOf } from '../../graph-reader.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page } from '../schemas.ts';

const RankingFit = named('RankingFit', Fit);

const params = z.strictObject({
  version: z.coerce
    .number()
    .int()
    .min(1)
    .max(2_147_483_647)
    .meta({ description: 'Version of the weights.', example: 3 }),
});

export function rankingFitRoutes(services: Services): Route[] {
  const { context } = services;

  /** Repositories that are kept from the caller are not named to them, not even in a reason. */
  async function shownTo(principal: Principal): Promise<(fit: Fit) => Fit> {
    const reader = await readerOf(services, principal);
    return (fit) => {
      const isOpen = ({ repository }: Fit['repositories'][number]) =>
        mayReadPath(reader, repository, '');
      const closed = fit.repositories.filter((it) => !isOpen(it)).map((it) => it.repository);
      return {
        ...fit,
        repositories: fit.repositories.filter(isOpen),
        measures: fit.measures.map((measure) => ({
          ...measure,
          reason: closed.reduce(
            (reason, name) => reason.replaceAll(name, 'a repository'),
            measure.reason,
          ),
        })),
      };
    };
  }

  return [
    route({
      method: 'get',
      path: '/v1/ranking-fits',
      access: 'context:read',
      tag: 'context',
      summary: 'List fits of the ranking',
      description:
        'Every attempt to fit the ranking to the organisation’s own merged changes, newest first: what it was fitted to, what later changes said of it, and whether it is in force. Without one in force the weights that ship are.',
      query: listQuery({}),
      answer: page(RankingFit),
      async handle({ query, principal }) {
        const listed = await context.listFits(query);
        return { ...listed, items: listed.items.map(await shownTo(principal)) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/ranking-fits',
      access: 'context:approve',
      tag: 'context',
      summary: 'Fit the ranking anew',
      description:
        'Begins in the background. The new weights come into force only where they find more than those in force on later changes that they were not fitted to.',
      status: 202,
      answer: RankingFit,
      handle: async ({ actor, principal }) =>
        (await shownTo(principal))(await context.startFit(actor)),
    }),
    route({
      method: 'get',
      path: '/v1/ranking-fits/{version}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show a fit of the ranking',
      description: 'How far it is, or what came of it.',
      params,
      answer: RankingFit,
      async handle({ params: { version }, principal }) {
        const fit = found(await context.findFit(version), 'version', String(version));
        return (await shownTo(principal))(fit);
      },
    }),
    route({
      method: 'post',
      path: '/v1/ranking-fits/{version}/decision',
      access: 'context:approve',
      tag: 'context',
      summary: 'Withdraw or reinstate weights',
      description:
        '`withdraw` takes a version from force, so that the weights that ship answer again; `use` puts back a version that was in force before.',
      params,
      body: z.strictObject({
        decision: z.enum(['withdraw', 'use']),
        reason: z.string().min(1).max(500).optional(),
      }),
      bodyExample: { decision: 'withdraw', reason: 'Packs named too many tests.' },
      answer: RankingFit,
      handle: async ({ params: { version }, body, actor, principal }) =>
        (await shownTo(principal))(await context.decideFit(version, body, actor)),
    }),
  ];
}
