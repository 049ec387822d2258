/** `/v1/system`: the state of this installation, as `loom doctor` shows it. */
import { z } from 'zod';
import { createAgentActivity } from '../../agents/activity.ts';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import { SystemStatus } from '../schemas.ts';

export function systemRoutes(services: Services): Route[] {
  const { version, organisation } = services;
  const activity = createAgentActivity(services);
  return [
    route({
      method: 'get',
      path: '/v1/system',
      access: 'system:read',
      tag: 'system',
      summary: 'State of this installation',
      description: 'Database, loops, connectors, outbox, and when each agent was last heard of.',
      answer: SystemStatus.extend({
        version: z.string(),
        organisation: z.string(),
        hooks: z.array(
          z.object({
            agent: z.string(),
            event: z.string(),
            lastAt: z.date(),
            events: z.int().nonnegative(),
          }),
        ),
      }),
      async handle() {
        const [status, hooks] = await Promise.all([services.systemStatus(), activity.last()]);
        return { ...status, version, organisation, hooks };
      },
    }),
  ];
}
