/**
 * How a resource declares its routes. One declaration gives validation, types, the OpenAPI document
 * and the gate: a route that names no access does not compile, and nothing else registers routes.
 */
import type { OpenAPIHono } from '@hono/zod-openapi';
import { z } from 'zod';
import type { Principal, Resource } from '#governance';
import type { Actor } from '#ledger';
import { actorOf } from '../actor.ts';
import { checkPart, parseBody, readBytes } from './body.ts';
import type { Environment, RequestContext } from './environment.ts';
import { exampleOf } from './example-of.ts';
import type { Access, Gate } from './gate.ts';
import type { Idempotency } from './idempotency.ts';
import { named, namedSchemas } from './named.ts';
import { Problem } from './problem.ts';

export type Method = 'get' | 'post' | 'delete';

/** What a handler gets: checked input and the caller. */
export interface Call<Params, Query, Body> {
  params: Params;
  query: Query;
  body: Body;
  principal: Principal;
  /** The caller as events name them. */
  actor: Actor;
  /** For the few routes that need headers, cookies or the socket. */
  context: RequestContext;
}

const Nothing = z.strictObject({});
type Nothing = typeof Nothing;

export interface RouteDefinition<
  Params extends z.ZodObject,
  Query extends z.ZodObject,
  Body extends z.ZodObject,
  Answer extends z.ZodType | null,
> {
  method: Method;
  /** Path template in OpenAPI's way: `/v1/changes/{id}`. */
  path: string;
  access: Access;
  tag: Tag;
  summary: string;
  description: string;
  params?: Params;
  query?: Query;
  body?: Body;
  bodyExample?: z.input<Body>;
  /** What comes back. Status 200 unless stated; `answer` null means that there is no body (204). */
  status?: 200 | 201 | 202;
  answer: Answer;
  /** Media type of the answer; JSON unless stated. */
  contentType?: string;
  /** What the gate asks about, where it is not the thing the path names. */
  resource?: (principal: Principal) => Resource;
  /** The answer holds a secret, so it is never stored for replay. */
  isSecret?: boolean;
  handle(
    call: Call<z.output<Params>, z.output<Query>, z.output<Body>>,
  ): Promise<(Answer extends z.ZodType ? z.output<Answer> : void) | Response>;
}

/** A declared route, with its types erased. */
export interface Route {
  definition: RouteDefinition<z.ZodObject, z.ZodObject, z.ZodObject, z.ZodType | null>;
}

export const TAGS = {
  account: 'Who is calling, and signing in and out.',
  overview: 'The whole organisation at a glance.',
  repositories: 'Repositories that LoomStack knows, and their history in figures.',
  context: 'What the organisation knows, in small cited packs.',
  changes: 'Proposed code changes, their verdicts and approvals.',
  sessions: 'Runs of coding agents and the paths they hold.',
  work: 'Units of intended work.',
  runs: 'Executions of workflows.',
  production: 'Deployments, incidents, and the walk from a line to its origin.',
  audit: 'The ledger and the transparency log over it.',
  people: 'People, tokens and login links.',
  policy: 'Rules in force, and checking a rule file.',
  forge: 'Repositories hosted here.',
  connections: 'Outside systems: state, test, pause.',
  system: 'State of this installation.',
} as const;
export type Tag = keyof typeof TAGS;

/** Declares one route. */
export function route<
  Answer extends z.ZodType | null,
  Params extends z.ZodObject = Nothing,
  Query extends z.ZodObject = Nothing,
  Body extends z.ZodObject = Nothing,
>(definition: RouteDefinition<Params, Query, Body, Answer>): Route {
  return { definition: definition as unknown as Route['definition'] };
}

/** What stands between a request and its handler. */
export interface Pipeline {
  gate: Gate;
  idempotency: Idempotency;
  bodyBytes: number;
  /** What the repository is called now; a name nobody bears or bore stays as it is. */
  currentName(repository: string): Promise<string>;
}

/** Puts declared routes on the app: gate first, then the checks, then the handler. */
export function registerRoutes(
  app: OpenAPIHono<Environment>,
  pipeline: Pipeline,
  routes: readonly Route[],
): void {
  for (const [name, schema] of namedSchemas()) app.openAPIRegistry.register(name, schema);
  for (const { definition } of routes) {
    describeRoute(app, definition);
    const template = definition.path.replaceAll(/\{(\w+)\}/g, ':$1');
    app.on(definition.method.toUpperCase(), template, async (context) => {
      context.set('route', definition.path);
      return answer(pipeline, definition, context);
    });
  }
}

async function answer(
  { gate, idempotency, bodyBytes, currentName }: Pipeline,
  definition: Route['definition'],
  context: RequestContext,
): Promise<Response> {
  const { access, method } = definition;
  const named = { kind: definition.tag, id: context.req.param('id') ?? definition.path };
  const principal = await gate.authorize(context, access, definition.resource ?? named);
  const params = checkPart('path', definition.params ?? Nothing, context.req.param());
  const query = await withCurrentName(
    checkPart('query', definition.query ?? Nothing, readQuery(context)),
    currentName,
  );
  if (method === 'get') return respond(definition, params, query, {}, principal, context);

  const bytes = await readBytes(context.req.raw, bodyBytes);
  const body = await withCurrentName(
    checkPart('body', definition.body ?? Nothing, parseBody(context.req.raw, bytes)),
    currentName,
  );
  const work = () => respond(definition, params, query, body, principal, context);
  if (principal === undefined) return work();
  const isSecret = definition.isSecret ?? false;
  return idempotency.run({ context, principal, bytes, isSecret }, work);
}

/** Scripts and bookmarks know a renamed repository by its old name. */
async function withCurrentName<Part extends Record<string, unknown>>(
  part: Part,
  currentName: Pipeline['currentName'],
): Promise<Part> {
  const { repository } = part;
  if (typeof repository !== 'string') return part;
  return { ...part, repository: await currentName(repository) };
}

async function respond(
  definition: Route['definition'],
  params: Record<string, unknown>,
  query: Record<string, unknown>,
  body: Record<string, unknown>,
  principal: Principal | undefined,
  context: RequestContext,
): Promise<Response> {
  const value = await definition.handle({
    params,
    query,
    body,
    // Public routes are called by nobody in particular; they name no caller in what they do.
    principal: principal ?? NOBODY,
    actor: actorOf(principal ?? NOBODY),
    context,
  });
  if (value instanceof Response) return value;
  // Through the context, which knows the cookies the handler has set.
  if (definition.answer === null) return context.body(null, 204);
  return context.body(JSON.stringify(value), definition.status ?? 200, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
  });
}

const NOBODY: Principal = {
  kind: 'service',
  id: 'anonymous',
  name: 'anonymous',
  roles: [],
  teams: [],
  identities: [],
  scopes: [],
};

/** Repeated keys would be ambiguous; the last one counts, as in Hono. */
function readQuery(context: RequestContext): Record<string, string> {
  return Object.fromEntries(new URL(context.req.url).searchParams);
}

function describeRoute(app: OpenAPIHono<Environment>, definition: Route['definition']): void {
  const { access, method, path, params, query, body } = definition;
  const isPublic = access === 'public';
  const isWrite = method !== 'get';
  const actions = typeof access === 'string' ? [access] : [...access];
  const failures = [
    ...(params === undefined ? [] : [404]),
    ...(query === undefined && body === undefined ? [] : [400]),
    ...(isPublic ? [] : [401]),
    ...(isPublic || access === 'signed-in' ? [] : [403]),
    ...(isWrite ? [409, 413] : []),
    429,
    503,
  ].sort((a, b) => a - b);

  app.openAPIRegistry.registerPath({
    method,
    path,
    tags: [definition.tag],
    summary: definition.summary,
    description: definition.description,
    operationId: operationId(method, path),
    security: isPublic ? [] : [{ bearer: [] }, { cookie: [] }],
    'x-loom-access': actions,
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(isWrite && !isPublic ? { headers: IdempotencyHeader } : {}),
      ...(body === undefined
        ? {}
        : {
            body: {
              required: true,
              content: { 'application/json': { schema: body, example: definition.bodyExample } },
            },
          }),
    },
    responses: {
      ...describeAnswer(definition),
      ...Object.fromEntries(
        failures.map((status) => [
          status,
          {
            description: FAILURES[status] ?? 'Error',
            content: { 'application/problem+json': { schema: NamedProblem } },
          },
        ]),
      ),
    },
  });
}

function describeAnswer(definition: Route['definition']) {
  if (definition.answer === null) return { 204: { description: 'Done; there is no body.' } };
  return {
    [definition.status ?? 200]: {
      description: definition.summary,
      content: {
        [definition.contentType ?? 'application/json']: {
          schema: definition.answer,
          example: exampleOf(definition.answer),
        },
      },
    },
  };
}

const NamedProblem = named('Problem', Problem);

const IdempotencyHeader = z.object({
  'idempotency-key': z.string().max(200).optional().meta({
    description:
      'Any text of your choice. The same key with the same body gives the first answer again for 24 hours.',
    example: '5c0f8a54-import',
  }),
});

const FAILURES: Record<number, string> = {
  400: 'The request does not fit; `issues` names every place.',
  401: 'No valid token or session.',
  403: 'The caller lacks the right; `x-loom-access` names it.',
  404: 'There is no such thing, or the caller may not know of it.',
  409: 'It conflicts with what is stored, or the idempotency key was used for another body.',
  413: 'The body is too large.',
  429: 'Too many requests; wait `Retry-After` seconds.',
  503: 'The database cannot be reached; nothing was stored.',
};

/** `GET /v1/changes/{id}/diff` -> `getChangesByIdDiff`. */
function operationId(method: Method, path: string): string {
  const words = path
    .replace(/^\/v1\//, '')
    .split(/[/.-]/)
    .filter((part) => part !== '')
    .map((part) => (part.startsWith('{') ? `by-${part.slice(1, -1)}` : part));
  return [method, ...words]
    .flatMap((word) => word.split('-'))
    .map((word, index) => (index === 0 ? word : word.charAt(0).toUpperCase() + word.slice(1)))
    .join('');
}
