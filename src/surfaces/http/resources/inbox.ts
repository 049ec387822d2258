/** `/v1/inbox` and `/v1/changes/{id}/escalation`: who is asked to judge what, and their answers. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import { INBOX_DECISIONS } from '#orchestration';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { Assignment, EscalationPackage, listQuery, page, pathId, Watch } from '../schemas.ts';
import { self } from './people.ts';

const params = z.strictObject({ id: idSchema('esc') });
const Shown = z.object({
  assignment: Assignment,
  package: EscalationPackage,
  markdown: z.string().meta({ description: 'The package as the host shows it.' }),
});
const MAX_WATCH_HOURS = 336;

export function inboxRoutes({ escalations, changes }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/inbox',
      access: 'changes:read',
      tag: 'changes',
      summary: 'List reviews that are asked for',
      description: 'What a person is asked to judge, the newest first; the caller unless named.',
      query: listQuery({
        personId: idSchema('usr').optional(),
        everybody: z.enum(['true', 'false']).default('false'),
        state: z.enum(['open', 'over', 'all']).default('open'),
      }),
      answer: page(Assignment),
      handle: ({ query: { personId, everybody, state, ...rest }, principal }) =>
        escalations.list({
          ...rest,
          personId: everybody === 'true' ? undefined : (personId ?? self(principal)),
          isOpen: state === 'all' ? undefined : state === 'open',
        }),
    }),
    route({
      method: 'get',
      path: '/v1/inbox/{id}',
      access: 'changes:read',
      tag: 'changes',
      summary: 'Show a review that is asked for',
      description: 'The package in its ten slots, exactly as the person is shown it.',
      params,
      answer: Shown,
      handle: ({ params: { id } }) => escalations.show(id),
    }),
    route({
      method: 'post',
      path: '/v1/inbox/{id}/acknowledgements',
      access: 'changes:approve',
      tag: 'changes',
      summary: 'Acknowledge a review',
      description: 'The person has seen it: it is not handed on for want of an answer.',
      params,
      body: z.strictObject({}),
      bodyExample: {},
      answer: Assignment,
      handle: ({ params: { id }, principal }) => escalations.acknowledge(id, principal),
    }),
    route({
      method: 'post',
      path: '/v1/inbox/{id}/answers',
      access: 'changes:approve',
      tag: 'changes',
      summary: 'Answer a review',
      description:
        'Approve, approve and watch it after it has landed, send it back to its agent with a note, or hand it over: to a person, or to the next in order.',
      params,
      body: z.strictObject({
        decision: z.enum(INBOX_DECISIONS),
        reason: z.string().trim().min(1).max(4_000),
        watchHours: z.int().min(1).max(MAX_WATCH_HOURS).optional(),
        to: idSchema('usr').optional().meta({ description: 'Whom to hand it to.' }),
        packageSha256: z
          .string()
          .regex(/^[0-9a-f]{64}$/, 'is not a SHA-256')
          .optional()
          .meta({ description: 'What was looked at; another one is asked about again.' }),
      }),
      bodyExample: { decision: 'approve', reason: 'Boundary cases are tested.' },
      answer: Assignment,
      handle: ({ params: { id }, body, principal }) => escalations.answer(id, body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/changes/{id}/escalation',
      access: 'changes:read',
      tag: 'changes',
      summary: 'Show who was asked about a change',
      description: 'Everybody who was asked, oldest first, with the newest package and the watch.',
      params: pathId('Id of the change.', 'chg_019abc00000070008000000000000000'),
      answer: z.object({
        assignments: z.array(Assignment),
        newest: Shown.nullable(),
        watch: Watch.nullable(),
      }),
      async handle({ params: { id } }) {
        const change = found(await changes.resolve(id), 'change', id);
        return escalations.ofChange(change.id);
      },
    }),
  ];
}
