/** The OpenAPI document of everything under /v1, made from the routes themselves. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Services } from '../services.ts';
import type { Environment } from './environment.ts';
import { TAGS } from './route.ts';

export type OpenApiDocument = ReturnType<OpenAPIHono<Environment>['getOpenAPI31Document']>;

/** Makes the document; the same for every caller. */
export function buildOpenApi(
  app: OpenAPIHono<Environment>,
  { version, config }: Pick<Services, 'version' | 'config'>,
): OpenApiDocument {
  return describeApp(
    app,
    {
      title: 'LoomStack API',
      version,
      description: [
        'The coordination layer above coding agents. Lists are pages: pass `nextCursor` as `cursor`',
        'to read on. Failures are problem+json with a stable `code` and a `hint`. Writes take an',
        '`Idempotency-Key`. Times are UTC, RFC 3339. Unknown keys are refused.',
      ].join(' '),
      license: { name: 'Apache-2.0' },
    },
    config.publicUrl,
  );
}

/** The document of whatever routes are on the app. */
export function describeApp(
  app: OpenAPIHono<Environment>,
  info: OpenApiDocument['info'],
  url = '/',
): OpenApiDocument {
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info,
    servers: [{ url }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
  });
  return withNullableReferences(document) as OpenApiDocument;
}

/**
 * The library writes "this, or null" of a named schema as both at once, which null can never be. Said as
 * JSON Schema means it, generated clients see the null.
 */
function withNullableReferences(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNullableReferences);
  if (typeof value !== 'object' || value === null) return value;
  const { allOf } = value as { allOf?: { $ref?: string; type?: unknown }[] };
  const [reference, beside] = allOf ?? [];
  if (reference?.$ref !== undefined && [beside?.type].flat().includes('null')) {
    return { anyOf: [reference, { type: 'null' }] };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, withNullableReferences(part)]),
  );
}

/** How callers sign in, for the document. */
export function describeSecurity(app: OpenAPIHono<Environment>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token: `loom token create`.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: 'loom_session',
    description: 'The console session; accepted from pages of this server only.',
  });
}
