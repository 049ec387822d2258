/**
 * `/hooks/{agent}/{event}`: what the hook command of an agent reports, and what the agent is to hear.
 * A hook must never break an agent: whatever cannot be understood is allowed, with a note.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import { AppError, checkValue } from '#kernel';
import { parseBody, readBytes } from '../http/body.ts';
import type { Environment } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import type { Services } from '../services.ts';
import { answerHook } from './answer.ts';
import { claudeCode } from './claude-code.ts';
import type { HookDialect } from './dialect.ts';
import { createHookActivity } from './hook-activity.ts';
import { WorkTree } from './work-tree.ts';

const DIALECTS: ReadonlyMap<string, HookDialect> = new Map([[claudeCode.agent, claudeCode]]);

const HookRequest = z.object({ input: z.unknown(), git: WorkTree.nullish() });

/** What the hook command gets: `output` goes to the agent as JSON, `note` to the person. */
export interface HookResponse {
  output: Record<string, unknown>;
  note: string | null;
}

export function mountHooks(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
  const { config, log } = services;
  const activity = createHookActivity(services);

  app.post('/hooks/:agent/:event', async (context) => {
    context.set('route', '/hooks/{agent}/{event}');
    const { agent, event: name } = context.req.param();
    const operator = await gate.authorize(context, 'sessions:write', {
      kind: 'session',
      id: agent,
    });
    const dialect = DIALECTS.get(agent);
    if (dialect === undefined || operator === undefined) {
      throw new AppError('not_found', 'hooks.unknown_agent', {
        message: `Hooks of ${agent} are not understood here.`,
        hint: `Known agents: ${[...DIALECTS.keys()].join(', ')}.`,
      });
    }

    let response: HookResponse;
    try {
      const body = parseBody(
        context.req.raw,
        await readBytes(context.req.raw, config.limits.bodyBytes),
      );
      const { input, git } = checkValue(HookRequest, body, 'hooks.malformed_input');
      const event = dialect.read(name, input);
      const [answer] = await Promise.all([
        answerHook(services, {
          agent,
          event,
          tree: git ?? {},
          operator,
          maxContextBytes: dialect.maxContextBytes,
        }),
        activity.record(agent, name),
      ]);
      response = { output: dialect.write(name, answer), note: null };
    } catch (error) {
      // A server in trouble says so, and the hook command decides; anything else is no reason to stop.
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      log.info({ code: error.code, agent, event: name }, 'hook event not acted on');
      response = { output: {}, note: error.message };
    }
    return context.json(response);
  });
}
