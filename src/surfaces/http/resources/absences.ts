/** `/v1/people/{id}/absences`: who is away, and who stands in. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { Absence } from '../schemas.ts';

/** Only those who judge changes are asked for reviews; the service lets them enter their own. */
const WRITERS = ['changes:approve', 'people:manage'] as const;
const params = z.strictObject({ id: idSchema('usr') });

export function absenceRoutes({ governance }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/people/{id}/absences',
      access: 'people:read',
      tag: 'people',
      summary: 'List absences of a person',
      description: 'The last to begin first, cancelled ones included; at most 200.',
      params,
      answer: z.object({ items: z.array(Absence) }),
      async handle({ params: { id } }) {
        found(await governance.findPerson(id), 'person', id);
        return { items: await governance.listAbsences(id) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/people/{id}/absences',
      access: WRITERS,
      tag: 'people',
      summary: 'Enter an absence',
      description:
        'Of oneself, or of anybody for those who manage people. Nobody away is asked for a review; the delegate consents in their own name, never to a change either had a hand in.',
      params,
      body: z.strictObject({
        from: z.iso.datetime({ offset: true }),
        to: z.iso.datetime({ offset: true }),
        delegateId: idSchema('usr').optional(),
        note: z.string().max(500).optional(),
      }),
      bodyExample: {
        from: '2026-08-03T00:00:00Z',
        to: '2026-08-17T00:00:00Z',
        delegateId: 'usr_019abc00000070008000000000000002',
      },
      status: 201,
      answer: Absence,
      handle: ({ params: { id }, body: { from, to, ...rest }, principal }) =>
        governance.recordAbsence(
          id,
          { ...rest, from: new Date(from), to: new Date(to) },
          principal,
        ),
    }),
    route({
      method: 'delete',
      path: '/v1/people/{id}/absences/{absenceId}',
      access: WRITERS,
      tag: 'people',
      summary: 'Cancel an absence',
      description: 'It stays in the list; consents given under it keep counting.',
      params: z.strictObject({ id: idSchema('usr'), absenceId: idSchema('abs') }),
      answer: Absence,
      handle: ({ params: { id, absenceId }, principal }) =>
        governance.cancelAbsence(id, absenceId, principal),
    }),
  ];
}
