/** `/v1/lessons`: what sessions and reviewers learned, and a person's word on it. */
import { z } from 'zod';
import { LESSON_STATES } from '#context';
import { idSchema } from '#kernel';
import type { Principal } from '#governance';
import { mayReadPath, readerOf } from '../../graph-reader.ts';
import { ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { Lesson, listQuery, page, repositoryName } from '../schemas.ts';

const paths = z.array(z.string().max(1_000)).max(50);

export function lessonRoutes(services: Services): Route[] {
  const { context } = services;

  /** What was learned on files that are kept from the caller says what is in them. */
  async function visibleTo(
    principal: Principal,
  ): Promise<(lesson: { repository: string; paths: readonly string[] }) => boolean> {
    const reader = await readerOf(services, principal);
    return ({ repository, paths: named }) =>
      named.every((path) => mayReadPath(reader, repository, path));
  }

  return [
    route({
      method: 'get',
      path: '/v1/lessons',
      access: 'context:read',
      tag: 'context',
      summary: 'List lessons',
      description:
        'Newest first, with how often each was told and what came of the changes of the sessions that heard it.',
      query: listQuery({
        repository: repositoryName.optional(),
        state: z.enum(LESSON_STATES).optional().meta({ description: 'Only these.' }),
      }),
      answer: page(Lesson),
      async handle({ query, principal }) {
        const listed = await context.listLessons(query);
        return { ...listed, items: listed.items.filter(await visibleTo(principal)) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/lessons',
      access: 'context:record',
      tag: 'context',
      summary: 'Record a lesson',
      description: 'Keeps something learnt. It is told to sessions once a person has approved it.',
      body: z.strictObject({
        repository: repositoryName,
        text: z.string().min(1).max(2_000),
        paths: paths.optional(),
        sessionId: idSchema('ses').optional(),
      }),
      bodyExample: {
        repository: 'acme/shop',
        text: 'Money is in cents everywhere; floats break the invoices.',
        paths: ['src/orders/'],
      },
      status: 201,
      answer: z.object({ id: z.string(), state: z.enum(LESSON_STATES) }),
      async handle({ body, actor, principal }) {
        if (body.sessionId !== undefined) await ownSession(services, principal, body.sessionId);
        return context.recordLesson(body, actor);
      },
    }),
    route({
      method: 'get',
      path: '/v1/lessons/{id}',
      access: 'context:read',
      tag: 'context',
      summary: 'Show a lesson',
      description: 'One lesson with its evidence, its use and its effect.',
      params: z.strictObject({ id: idSchema('evt') }),
      answer: Lesson,
      async handle({ params: { id }, principal }) {
        const isVisible = await visibleTo(principal);
        const lesson = await context.findLesson(id);
        return found(lesson !== undefined && isVisible(lesson) ? lesson : undefined, 'lesson', id);
      },
    }),
    route({
      method: 'post',
      path: '/v1/lessons/{id}/decision',
      access: 'context:approve',
      tag: 'context',
      summary: 'Decide on a lesson',
      description:
        'Puts a lesson into force (in other words or for other paths, if given), turns a candidate down, or takes one back. For people only: no agent decides what agents are told.',
      params: z.strictObject({ id: idSchema('evt') }),
      body: z.strictObject({
        decision: z.enum(['approve', 'reject', 'retire']),
        text: z.string().min(1).max(2_000).optional(),
        paths: paths.optional(),
        reason: z.string().max(500).optional(),
      }),
      bodyExample: { decision: 'approve' },
      answer: Lesson,
      handle: ({ params: { id }, body, actor }) => context.decideLesson(id, body, actor),
    }),
  ];
}
