/** One call of a tool: who calls, whether they may, what it says, and failures a model can act upon. */
import {
  acceptedContent,
  type CallToolResult,
  inputRequired,
  type InputRequiredResult,
  type ServerContext,
} from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Principal } from '#governance';
import { AppError, idSchema, toAppError } from '#kernel';
import type { Session } from '#orchestration';
import { actorOf } from '../actor.ts';
import { ownSession } from '../own-session.ts';
import type { Services } from '../services.ts';
import type { Question, Tool, ToolCall } from './tool.ts';

export interface McpOptions {
  /** The session this connection belongs to, where the transport tells. */
  sessionId?: string | undefined;
}

const CAPABILITIES_META = 'io.modelcontextprotocol/clientCapabilities';

export async function callTool(
  services: Services,
  principal: Principal,
  options: McpOptions,
  tool: Tool,
  input: Record<string, unknown>,
  context: ServerContext,
): Promise<CallToolResult | InputRequiredResult> {
  const { signal } = context.mcpReq;
  try {
    const call = await readCall(services, principal, options, input, context);
    await services.governance.authorize(call.principal, tool.action, {
      kind: 'tool',
      id: tool.name,
    });
    // A call nobody waits for any more has no effect, as long as it has not begun.
    signal.throwIfAborted();
    const answer = await tool.run(call, input);
    if ('question' in answer) return ask(answer.question);
    const { text, structured } = answer;
    return { content: [{ type: 'text', text }], structuredContent: structured };
  } catch (error) {
    return toolError(services, tool.name, error);
  }
}

function ask({ key, message, options }: Question): InputRequiredResult {
  return inputRequired({
    inputRequests: {
      [key]: inputRequired.elicit({
        message,
        requestedSchema: {
          type: 'object',
          properties: { choice: { type: 'string', title: 'What to do', enum: [...options] } },
          required: ['choice'],
        },
      }),
    },
  });
}

/** Sends how far a call is, to a client that asked to know. */
function progressOf({ mcpReq }: ServerContext): ToolCall['progress'] {
  const token = mcpReq._meta?.progressToken;
  let progress = 0;
  return async (message) => {
    if (token === undefined) return;
    progress += 1;
    await mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken: token, progress, message },
    });
  };
}

function answerIn(responses: Record<string, unknown> | undefined, key: string) {
  if (responses === undefined || !Object.hasOwn(responses, key)) return undefined;
  const choice = acceptedContent(responses, key)?.['choice'];
  return typeof choice === 'string' ? choice : null;
}

const Capabilities = z.object({ elicitation: z.object({}) });
const Named = z.object({ session: z.string().optional(), repository: z.string().optional() });

async function readCall(
  services: Services,
  principal: Principal,
  { sessionId }: McpOptions,
  input: Record<string, unknown>,
  context: ServerContext,
): Promise<ToolCall> {
  const { envelope, inputResponses } = context.mcpReq;
  const capabilities = (envelope as Record<string, unknown> | undefined)?.[CAPABILITIES_META];
  const named = Named.parse(input);
  const session = await findSession(services, principal, named.session ?? sessionId);
  const caller =
    session === undefined
      ? principal
      : services.governance.agentPrincipal(principal, session.id, session.agent);
  return {
    services,
    session,
    principal: caller,
    actor: actorOf(caller),
    canAsk: Capabilities.safeParse(capabilities).success,
    answerTo: (key) => answerIn(inputResponses, key),
    progress: progressOf(context),
    async repository() {
      const wanted =
        named.repository ?? principal.assignment?.repository ?? session?.repository ?? undefined;
      if (wanted === undefined) {
        throw new AppError('invalid', 'mcp.no_repository', {
          message: 'Which repository is meant is not known.',
          hint: 'Pass `repository` (owner/name), or your `session`.',
        });
      }
      const known = await services.context.findRepository(wanted);
      const only = principal.assignment?.repository;
      const isInReach = only === undefined || only === known?.name;
      if (known !== undefined && isInReach) return known.name;
      throw new AppError('not_found', 'mcp.unknown_repository', {
        message: `The repository ${wanted} is not imported.`,
        hint: 'Use owner/name as LoomStack knows it; `loom import` adds one.',
      });
    },
  };
}

/** The session that was named; else the caller's, while they run exactly one. */
async function findSession(
  services: Services,
  principal: Principal,
  id: string | undefined,
): Promise<Session | undefined> {
  if (id !== undefined && id !== '') {
    const parsed = idSchema('ses').safeParse(id);
    if (parsed.success) return ownSession(services, principal, parsed.data);
    throw new AppError('invalid', 'mcp.bad_session', {
      message: `${id} is not the id of a session.`,
      hint: 'It starts with ses_; you were told it at your start.',
    });
  }
  const person = principal.onBehalfOf ?? principal.id;
  const active = await services.sessions.list({ state: 'active', limit: 200 });
  const own = active.items.filter(({ operatorId }) => operatorId === person);
  return own.length === 1 ? own[0] : undefined;
}

/** A failure as the model should read it: what, why, and what to do next. */
function toolError(services: Services, name: string, thrown: unknown): CallToolResult {
  const error = toAppError(thrown);
  if (error.kind === 'internal') {
    services.log.error({ tool: name, err: error.cause ?? error }, 'tool call failed');
  }
  const text = [error.message, error.hint, `(${error.code})`].filter(Boolean).join(' ');
  return { isError: true, content: [{ type: 'text', text }] };
}
