/** `/v1/board`: who works on what, right now. */
import { z } from 'zod';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import { Board, repositoryName } from '../schemas.ts';

export function boardRoutes({ insights }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/board',
      access: 'sessions:read',
      tag: 'overview',
      summary: 'Work board',
      description:
        'Every live session with its work item, claims, collisions, spend, breaker and whom it waits for; changes that wait for people; work an agent would be given next.',
      query: z.strictObject({ repository: repositoryName.optional() }),
      answer: Board,
      handle: ({ query }) => insights.board(query),
    }),
  ];
}
