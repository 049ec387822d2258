/** `/v1/devboxes`: where agents work, and `/v1/runs/{id}/agents`: what they did there. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import { AgentRunView, DevboxEntry } from '#orchestration';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, repositoryName } from '../schemas.ts';

export function devboxRoutes({ workshop, workflows }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/devboxes',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List devboxes',
      description:
        'Work trees in which agents work or worked, newest first: state, branch, ports, what they take of the disk, and whose run and session they belong to.',
      query: listQuery({
        state: DevboxEntry.shape.state.optional(),
        repository: repositoryName.optional(),
      }),
      answer: page(DevboxEntry),
      handle: ({ query }) => workshop.listDevboxes(query),
    }),
    route({
      method: 'get',
      path: '/v1/runs/{id}/agents',
      access: 'runs:read',
      tag: 'runs',
      summary: 'Show the agents of a run',
      description:
        'For each step that runs an agent: what it says, its tokens, cost and tool calls so far, what is left of its budget, and why it stopped.',
      params: z.strictObject({ id: idSchema('run') }),
      answer: z.object({ items: z.array(AgentRunView) }),
      async handle({ params: { id } }) {
        found(await workflows.find(id), 'run', id);
        return { items: await workshop.listAgentRuns(id) };
      },
    }),
  ];
}
