/** `/mcp`: the MCP server over HTTP, for both protocol eras. Host and Origin were checked before. */
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Principal } from '#governance';
import { assert } from '#kernel';
import type { Environment } from '../http/environment.ts';
import type { Gate } from '../http/gate.ts';
import type { Services } from '../services.ts';
import { createMcpServer } from './server.ts';

/** Header by which a client says which session its calls belong to. */
const SESSION_HEADER = 'loom-session';

export function mountMcp(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
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
    return handler.fetch(context.req.raw, {
      authInfo: { token: '', clientId: principal.id, scopes: [], extra: { principal } },
    });
  });
}
