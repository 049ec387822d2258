/** `/mcp`: the MCP server over HTTP, for both protocol eras. Host and Origin were checked before. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '#governance';
import { AppError, assert } from '#kernel';
import { whoRuns } from '../actor.ts';
import { createAgentActivity } from '../agents/activity.ts';
import { MCP_EVENT } from '../agents/status.ts';
import { readBytes } from '../http/body.ts';
import type { Environment, RequestContext } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import { problemResponse } from '../http/problem.ts';
import type { Services } from '../services.ts';
import { clientOf } from './client-info.ts';
import { createMcpServer } from './server.ts';

/** Header by which a client says which session its calls belong to. */
const SESSION_HEADER = 'loom-session';
const METADATA_PATH = '/.well-known/oauth-protected-resource';

/** `makeServer` answers one caller; the conformance suite puts its fixtures there. */
export function mountMcp(
  app: OpenAPIHono<Environment>,
  services: Services,
  gate: Gate,
  makeServer = createMcpServer,
): void {
  const activity = createAgentActivity(services);
  const handler = createMcpHandler(
    ({ authInfo, requestInfo }) => {
      const principal = authInfo?.extra?.['principal'] as Principal | undefined;
      assert(principal !== undefined, 'an MCP request passed the gate');
      const sessionId = requestInfo?.headers.get(SESSION_HEADER) ?? undefined;
      return makeServer(services, principal, { sessionId });
    },
    {
      maxRequestBodySize: services.config.limits.bodyBytes,
      onerror: (error) => services.log.debug({ err: error }, 'MCP request refused'),
    },
  );

  app.all('/mcp', async (context) => {
    context.set('route', '/mcp');
    let principal: Principal;
    try {
      principal = await gate.authenticate(context);
    } catch (error) {
      if (!(error instanceof AppError) || error.kind !== 'unauthenticated') throw error;
      const refusal = problemResponse(error, {
        requestId: context.get('requestId'),
        log: context.get('log'),
      });
      const metadata = `${originOf(context)}${METADATA_PATH}/mcp`;
      refusal.headers.set(
        'www-authenticate',
        `Bearer realm="loomstack", resource_metadata="${metadata}"`,
      );
      return refusal;
    }
    const request = context.req.raw;
    const parsedBody = request.method === 'POST' ? await readMessage(request.clone()) : undefined;
    const client = clientOf(parsedBody);
    if (client !== undefined) {
      const personId = whoRuns(principal);
      const place = { agent: client.agent, personId, repository: '' };
      await activity.record(place, MCP_EVENT, client.version);
    }
    return handler.fetch(request, {
      authInfo: { token: '', clientId: principal.id, scopes: [], extra: { principal } },
    });
  });

  // RFC 9728. Tokens are made by `loom token create`, so no authorization server is named.
  for (const path of [METADATA_PATH, `${METADATA_PATH}/mcp`]) {
    app.get(path, (context) => {
      context.set('route', METADATA_PATH);
      const origin = originOf(context);
      return context.json({
        resource: `${origin}/mcp`,
        resource_name: 'LoomStack',
        bearer_methods_supported: ['header'],
        resource_documentation: `${origin}/docs`,
      });
    });
  }

  /** As the caller reached it, unless it is said how the world does; the host was checked before. */
  function originOf(context: RequestContext): string {
    const { publicUrl } = services.config;
    return new URL(publicUrl ?? context.req.url).origin;
  }

  /** What cannot be read is the handler's to refuse. */
  async function readMessage(request: Request): Promise<unknown> {
    try {
      const bytes = await readBytes(request, services.config.limits.bodyBytes);
      return JSON.parse(Buffer.from(bytes).toString());
    } catch {
      return undefined;
    }
  }
}
