/**
 * `/hooks/{agent}/{event}`: what the hook command of an agent reports, and what the agent is to hear.
 * A hook must never break an agent: whatever cannot be understood is allowed, with a note.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Principal } from '#governance';
import { AppError, checkValue } from '#kernel';
import { createAgentActivity } from '../agents/activity.ts';
import { whoRuns } from '../actor.ts';
import { parseBody, readBytes } from '../http/body.ts';
import type { Environment } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import type { Services } from '../services.ts';
import { answerHook } from './answer.ts';
import { DIALECT_TABLES, guestOf, PROBE_EVENT, tableOf } from './dialect-tables.ts';
import { briefsBefore, carriesContext, firingOf, readHook, writeHook } from './dialect.ts';
import { createTwinGuard } from './twin-guard.ts';
import { likelyNames, WorkTree } from './work-tree.ts';

const HookRequest = z.object({ input: z.unknown(), git: WorkTree.nullish() });

/** What the hook command gets: `output` goes to the agent as JSON, `note` to the person. */
export interface HookResponse {
  output: Record<string, unknown>;
  note: string | null;
}

/** An agent that we started works where we put it, whatever its work tree says. */
function placeOf(
  { assignment }: Principal,
  git: z.infer<typeof WorkTree> | null | undefined,
): z.infer<typeof WorkTree> {
  return assignment === undefined
    ? (git ?? {})
    : { ...git, repository: assignment.repository, remoteUrl: null };
}

export function mountHooks(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
  const { config, log } = services;
  const activity = createAgentActivity(services);
  const twins = createTwinGuard({ now: () => services.clock.now() });

  app.post('/hooks/:agent/:event', async (context) => {
    context.set('route', '/hooks/{agent}/{event}');
    const { agent, event: name } = context.req.param();
    const operator = await gate.authorize(context, 'sessions:write', {
      kind: 'session',
      id: agent,
    });
    const table = tableOf(agent);
    if (table === undefined || operator === undefined) {
      throw new AppError('not_found', 'hooks.unknown_agent', {
        message: `Hooks of ${agent} are not understood here.`,
        hint: `Known agents: ${DIALECT_TABLES.map((known) => known.agent).join(', ')}.`,
      });
    }

    if (name === PROBE_EVENT) return context.json({ output: { [PROBE_EVENT]: agent }, note: null });
    let response: HookResponse;
    try {
      const body = parseBody(
        context.req.raw,
        await readBytes(context.req.raw, config.limits.bodyBytes),
      );
      const { input, git } = checkValue(HookRequest, body, 'hooks.malformed_input');
      const guest = guestOf(agent, input);
      if (guest !== undefined) {
        // Said once a session: the person sees it, and the agent calls us on every event.
        const isStart = table.events[name]?.kind === 'session-started';
        return context.json({ output: {}, note: isStart ? guest : null });
      }
      const event = readHook(table, name, input);
      const [answer] = await Promise.all([
        twins.once(firingOf(table, name, input), () =>
          answerHook(services, {
            agent,
            event,
            tree: placeOf(operator, git),
            operator,
            maxContextBytes: table.maxContextBytes,
            carriesContext: carriesContext(table, name),
            briefsBefore: briefsBefore(table),
          }),
        ),
        activity.record(
          {
            agent,
            personId: whoRuns(operator),
            repository: likelyNames(placeOf(operator, git))[0] ?? '',
          },
          name,
        ),
      ]);
      response = { output: writeHook(table, name, answer), note: null };
    } catch (error) {
      // A server in trouble says so, and the hook command decides; anything else is no reason to stop.
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      log.info({ code: error.code, agent, event: name }, 'hook event not acted on');
      response = { output: {}, note: error.message };
    }
    return context.json(response);
  });
}
