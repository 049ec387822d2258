/** `/v1/runs`: executions of workflows, step by step. */
import { z } from 'zod';
import * as orchestration from '#orchestration';
import { idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, Run, RunWithSteps } from '../schemas.ts';

const params = z.strictObject({ id: idSchema('run') });

export function runRoutes({ workflows }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/runs',
      access: 'runs:read',
      tag: 'runs',
      summary: 'List runs',
      description: 'Executions of workflows, newest first.',
      query: listQuery({
        state: orchestration.Run.shape.state.optional(),
        changeId: idSchema('chg').optional(),
      }),
      answer: page(Run),
      handle: ({ query }) => workflows.list(query),
    }),
    route({
      method: 'get',
      path: '/v1/runs/{id}',
      access: 'runs:read',
      tag: 'runs',
      summary: 'Show a run',
      description:
        'A run with its steps: what is done, what waits and for what, why something failed.',
      params,
      answer: RunWithSteps,
      handle: async ({ params: { id } }) => found(await workflows.find(id), 'run', id),
    }),
    route({
      method: 'post',
      path: '/v1/runs/{id}/cancel',
      access: 'runs:control',
      tag: 'runs',
      summary: 'Cancel a run',
      description: 'Stops a run; what was done stays done.',
      params,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500) }),
      bodyExample: { reason: 'the change was given up' },
      answer: RunWithSteps,
      async handle({ params: { id }, body, actor }) {
        found(await workflows.find(id), 'run', id);
        return workflows.cancel(id, body.reason, actor);
      },
    }),
    route({
      method: 'post',
      path: '/v1/runs/{id}/pause',
      access: 'runs:control',
      tag: 'runs',
      summary: 'Pause a run',
      description: 'Nothing more of it begins; what is at work comes to its end.',
      params,
      body: z.strictObject({ reason: z.string().trim().min(1).max(500) }),
      bodyExample: { reason: 'release day' },
      answer: RunWithSteps,
      async handle({ params: { id }, body, actor }) {
        found(await workflows.find(id), 'run', id);
        return workflows.pause(id, body.reason, actor);
      },
    }),
    route({
      method: 'post',
      path: '/v1/runs/{id}/resume',
      access: 'runs:control',
      tag: 'runs',
      summary: 'Resume a run',
      description: 'A paused run goes on, with the signals and timers that came meanwhile.',
      params,
      body: z.strictObject({}),
      bodyExample: {},
      answer: RunWithSteps,
      async handle({ params: { id }, actor }) {
        found(await workflows.find(id), 'run', id);
        return workflows.resume(id, actor);
      },
    }),
    route({
      method: 'post',
      path: '/v1/runs/{id}/retry',
      access: 'runs:control',
      tag: 'runs',
      summary: 'Take a run up again',
      description:
        'From what failed or was cancelled, with all attempts afresh; or from a named step on, with all that comes after it, also where that was done.',
      params,
      body: z.strictObject({ step: z.string().min(1).max(200).optional() }),
      bodyExample: { step: 'check' },
      answer: RunWithSteps,
      async handle({ params: { id }, body, actor }) {
        found(await workflows.find(id), 'run', id);
        return workflows.retry(id, body.step, actor);
      },
    }),
  ];
}
