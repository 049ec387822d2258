/** The HTTP server's app: guards, routes, documents and the console, in this order. */
import { OpenAPIHono } from '@hono/zod-openapi';
import { AppError, withLogContext } from '#kernel';
import { mountHooks } from '../hooks/routes.ts';
import { mountMcp } from '../mcp/routes.ts';
import { mountOtlp } from '../otlp/routes.ts';
import type { Services } from '../services.ts';
import { mountConsole } from './console.ts';
import { mountDocs } from './docs.ts';
import type { Environment } from './environment.ts';
import { mountForge } from './forge.ts';
import { createGate } from './gate.ts';
import { mountHealth } from './health.ts';
import { createIdempotency } from './idempotency.ts';
import { createMetrics } from './metrics.ts';
import { createOriginGuard } from './origin.ts';
import { problemResponse } from './problem.ts';
import { allRoutes } from './resources/index.ts';
import { registerRoutes } from './route.ts';
import { addSecurityHeaders } from './security-headers.ts';
import { mountWebhooks } from './webhooks.ts';

export type HttpApp = OpenAPIHono<Environment>;

/** Builds the app over the services. It holds no state but counters, so any number may run. */
export function createHttpApp(services: Services, metrics = createMetrics(services)): HttpApp {
  const { config, db, clock, newId } = services;
  const app: HttpApp = new OpenAPIHono<Environment>();
  const log = services.log.child({ surface: 'http' });
  const gate = createGate(services);
  const idempotency = createIdempotency({ db, clock });
  const refuseForeign = createOriginGuard(config);

  app.use(async (context, next) => {
    const requestId = newId('req');
    context.set('requestId', requestId);
    context.set('log', log);
    const stop = metrics.startRequest();
    await withLogContext({ requestId }, async () => {
      try {
        const { headers, url } = context.req.raw;
        refuseForeign(headers.get('host') ?? new URL(url).host, headers.get('origin'));
        await next();
      } catch (error) {
        context.res = problemResponse(error, { requestId, log });
      }
      log.debug(
        { method: context.req.method, route: context.get('route'), status: context.res.status },
        'request answered',
      );
    });
    // Git's smart HTTP protocol has answered on the socket itself.
    if (context.res.headers.has('x-hono-already-sent')) return;
    context.res.headers.set('x-request-id', requestId);
    addSecurityHeaders(context.res.headers);
    stop(context.req.method, context.get('route') ?? 'none', context.res.status);
  });
  app.onError((error, context) =>
    problemResponse(error, { requestId: context.get('requestId'), log }),
  );

  registerRoutes(
    app,
    {
      gate,
      idempotency,
      bodyBytes: config.limits.bodyBytes,
      currentName: async (name) => (await services.context.findRepository(name))?.name ?? name,
    },
    allRoutes(services),
  );
  mountDocs(app, services);
  mountHealth(app, services, gate, metrics);
  mountWebhooks(app, services);
  mountHooks(app, services, gate);
  mountMcp(app, services, gate);
  mountOtlp(app, services, gate);
  mountForge(app, services);
  mountConsole(app, services, gate);

  app.notFound((context) => {
    const { method, path } = context.req;
    const allow = methodsOf(app, path);
    const error =
      allow.length > 0
        ? new AppError('invalid', 'http.method_not_allowed', {
            message: `${path} does not know ${method}.`,
            hint: `Use ${allow.join(' or ')}.`,
            details: { allow },
          })
        : new AppError('not_found', 'http.unknown_route', {
            message: `There is no ${method} ${path}.`,
            hint: 'Every route is listed at /docs and in /v1/openapi.json.',
          });
    return problemResponse(error, { requestId: context.get('requestId'), log });
  });
  return app;
}

/** Methods under which this path is known. */
function methodsOf(app: HttpApp, path: string): string[] {
  const known = app.routes
    .filter(({ method, path: pattern }) => method !== 'ALL' && matches(pattern, path))
    .map(({ method }) => method);
  return [...new Set(known)].filter((method) => method !== 'HEAD').sort();
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path.split('/');
  return (
    !pattern.endsWith('*') &&
    wanted.length === given.length &&
    wanted.every((part, index) => part.startsWith(':') || part === given[index])
  );
}
