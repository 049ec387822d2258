/** `/mcp`: the MCP server over HTTP, for both protocol eras. Host and Origin were checked before. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '#governance';
import { assert } from '#kernel';
import { createAgentActivity } from '../agents/activity.ts';
import { MCP_EVENT } from '../agents/status.ts';
import { readBytes } from '../http/body.ts';
import type { Environment } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import type { Services } from '../services.ts';
import { clientOf } from './client-info.ts';
import { createMcpServer } from './server.ts';

/** Header by which a client says which session its calls belong to. */
const SESSION_HEADER = 'loom-session';

export function mountMcp(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
  const activity = createAgentActivity(services);
  const handler = createMcpHandler(
    ({ authInfo, requestInfo }) => {
      const principal = authInfo?.extra?.['principal'] as Principal | undefined;
      assert(principal !== undefined, 'an MCP request passed the gate');
      const sessionId = requestInfo?.headers.get(SESSION_HEADER) ?? undefined;
      return createMcpServer(services, principal, { sessionId });
    },
    {
      maxRequestBodySize: services.config.limits.bodyBytes,
      onerror: (error) => services.log.debug({ err: error }, 'MCP request refused'),
    },
  );

  app.all('/mcp', async (context) => {
    context.set('route', '/mcp');
    const principal = await gate.authenticate(context);
    const request = context.req.raw;
    const parsedBody = request.method === 'POST' ? await readMessage(request.clone()) : undefined;
    const client = clientOf(parsedBody);
    if (client !== undefined) {
      const personId = principal.onBehalfOf ?? principal.id;
      const place = { agent: client.agent, personId, repository: '' };
      await activity.record(place, MCP_EVENT, client.version);
    }
    return handler.fetch(request, {
      authInfo: { token: '', clientId: principal.id, scopes: [], extra: { principal } },
    });
  });

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
