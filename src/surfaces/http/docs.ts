/**
 * `/docs` and `/v1/openapi.json`. The reference is a page of our own: it works without a network
 * and under a policy that allows scripts from this server only.
 */
import { join } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Services } from '../services.ts';
import type { Environment } from './environment.ts';
import { readErrors, renderErrors } from './error-reference.ts';
import { buildOpenApi, describeSecurity, type OpenApiDocument } from './openapi.ts';
import { serveFile } from './static-files.ts';

const FOLDER = join(import.meta.dirname, 'docs-page');

export function mountDocs(app: OpenAPIHono<Environment>, services: Services): void {
  describeSecurity(app);
  let made: OpenApiDocument | undefined;

  app.get('/v1/openapi.json', (context) => {
    context.set('route', '/v1/openapi.json');
    made ??= buildOpenApi(app, services);
    return context.json(made);
  });
  app.get('/docs/:file{[a-z]+\\.(?:js|css)}', async (context) => {
    context.set('route', '/docs');
    return (
      (await serveFile(FOLDER, context.req.param('file'), { isHashed: false })) ??
      context.notFound()
    );
  });
  app.get('/docs/errors', async (context) => {
    context.set('route', '/docs/errors');
    return context.html(renderErrors(await readErrors()));
  });
  app.get('/docs', async (context) => {
    context.set('route', '/docs');
    return (await serveFile(FOLDER, 'index.html')) ?? context.notFound();
  });
}
