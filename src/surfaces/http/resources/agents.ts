/** `/v1/agents`: which agents are attached where and for whom, when they last spoke, and what is missing. */
import { z } from 'zod';
import { createAgentActivity } from '../../agents/activity.ts';
import { SEEN_VERSIONS, summariseAgents, TELLS_TELEMETRY } from '../../agents/status.ts';
import { DIALECT_TABLES } from '../../hooks/dialect-tables.ts';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';

const Status = z.object({
  agent: z.string(),
  title: z.string(),
  person: z.object({ id: z.string(), name: z.string() }),
  repository: z.string().nullable().describe('Null for all work of the person'),
  version: z.string().nullable(),
  attachedAt: z.date().nullable(),
  detachedAt: z.date().nullable(),
  lastEvent: z.object({ event: z.string(), at: z.date() }).nullable(),
  events: z.int().nonnegative(),
  toolsLastAt: z.date().nullable().describe('When it last used the MCP tools'),
  telemetryLastAt: z.date().nullable().describe('When it last told tokens and cost'),
  state: z.enum(['connected', 'waiting', 'incomplete', 'detached']),
  missing: z.array(z.string()),
});

const agentName = z.string().min(1).max(100);
const repository = z.string().max(300).default('');

export function agentRoutes(services: Services): Route[] {
  const activity = createAgentActivity(services);

  /** Names by id; who has been removed is shown by id. */
  async function namesOf(ids: ReadonlySet<string>): Promise<Map<string, string>> {
    const people = await Promise.all(
      [...ids].map((id) => services.governance.findPerson(id as `usr_${string}`)),
    );
    return new Map(people.flatMap((person) => (person ? [[person.id, person.name]] : [])));
  }

  return [
    route({
      method: 'get',
      path: '/v1/agents',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List attached agents',
      description:
        'One entry per agent, person and repository: versions, the last event, and what is missing with what to do.',
      answer: z.object({
        items: z.array(Status),
        known: z
          .array(
            z.object({
              agent: z.string(),
              title: z.string(),
              seenVersion: z.string().nullable(),
              tellsTelemetry: z.boolean(),
            }),
          )
          .describe('Agents that can be attached, with the version last seen working'),
      }),
      async handle() {
        const [events, attachments] = await Promise.all([
          activity.events(),
          activity.attachments(),
        ]);
        const rows = summariseAgents(events, attachments);
        const names = await namesOf(new Set(rows.map(({ personId }) => personId)));
        return {
          items: rows.map(({ personId, ...row }) => ({
            ...row,
            person: { id: personId, name: names.get(personId) ?? personId },
          })),
          known: DIALECT_TABLES.map(({ agent, title }) => ({
            agent,
            title,
            seenVersion: SEEN_VERSIONS[agent] ?? null,
            tellsTelemetry: TELLS_TELEMETRY.has(agent),
          })),
        };
      },
    }),
    route({
      method: 'post',
      path: '/v1/agents/attachments',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Report an attachment',
      description:
        'What `loom attach` and `loom detach` did on a machine of the caller, so that others see what is wired and what stays silent.',
      body: z.strictObject({
        agent: agentName,
        repository,
        version: z.string().max(100).nullable().default(null),
        attached: z.boolean(),
      }),
      bodyExample: { agent: 'codex', repository: 'acme/shop', version: '0.169.0', attached: true },
      answer: z.object({ agent: z.string(), attached: z.boolean() }),
      async handle({ body: { agent, repository: name, version, attached }, principal }) {
        const place = {
          agent,
          personId: principal.onBehalfOf ?? principal.id,
          repository: name,
        };
        if (attached) await activity.attach(place, version);
        else await activity.detach(place);
        return { agent, attached };
      },
    }),
  ];
}
