/** `/v1/people`, `/v1/tokens`, `/v1/login-codes`: who may call, and with what. */
import { z } from 'zod';
import * as governance from '#governance';
import { AppError, idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found, notFound } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, Person, Token } from '../schemas.ts';

const MAX_TOKEN_DAYS = 90;

export function peopleRoutes(services: Services): Route[] {
  const { config } = services;
  return [
    route({
      method: 'get',
      path: '/v1/people',
      access: 'people:read',
      tag: 'people',
      summary: 'List people',
      description: 'People with their roles, teams and identities.',
      query: listQuery({}),
      answer: page(Person),
      handle: ({ query }) => services.governance.listPeople(query),
    }),
    route({
      method: 'post',
      path: '/v1/people',
      access: 'people:manage',
      tag: 'people',
      summary: 'Add a person',
      description:
        'Identities such as `email:ada@example.com` tie commits and reviews to the person.',
      body: z.strictObject({
        name: z.string().trim().min(1).max(200),
        roles: z.array(governance.Role).min(1),
        teams: z.array(z.string().min(1).max(100)).max(100).optional(),
        identities: z.array(z.string().min(3).max(300)).max(50).optional(),
      }),
      bodyExample: {
        name: 'Ada',
        roles: ['developer', 'approver'],
        teams: ['payments'],
        identities: ['email:ada@example.com'],
      },
      status: 201,
      answer: Person,
      handle: ({ body, principal }) => services.governance.createPerson(body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/tokens',
      access: 'tokens:manage',
      tag: 'people',
      summary: 'List tokens',
      description:
        'Tokens by their first characters; the rest is stored nowhere. Who manages only their own sees only those.',
      resource: ownTokens,
      query: listQuery({ personId: idSchema('usr').optional() }),
      answer: page(Token),
      async handle({ query, principal }) {
        const { governance } = services;
        const managesAll = governance.isAllowed(principal, 'tokens:manage', EVERYONE);
        return governance.listTokens(managesAll ? query : { ...query, personId: self(principal) });
      },
    }),
    route({
      method: 'post',
      path: '/v1/tokens',
      access: 'tokens:manage',
      tag: 'people',
      summary: 'Make a token',
      description:
        'The secret is in this answer and nowhere else. A token never holds more than its maker.',
      resource: ownTokens,
      body: z.strictObject({
        personId: idSchema('usr').optional().meta({ description: 'The caller, unless given.' }),
        name: z.string().trim().min(1).max(200),
        kind: governance.Token.shape.kind.exclude(['session']).default('api'),
        scopes: governance.Token.shape.scopes.optional(),
        expiresInDays: z.int().min(1).max(MAX_TOKEN_DAYS).optional(),
      }),
      bodyExample: {
        name: 'laptop',
        scopes: ['context:read', 'sessions:write'],
        expiresInDays: 30,
      },
      status: 201,
      answer: z.object({ token: Token, secret: z.string().meta({ example: 'loom_api_…' }) }),
      isSecret: true,
      handle: ({ body: { personId, ...token }, principal }) =>
        services.governance.createToken(
          { ...token, personId: personId ?? self(principal) },
          principal,
        ),
    }),
    route({
      method: 'delete',
      path: '/v1/tokens/{id}',
      access: 'tokens:manage',
      tag: 'people',
      summary: 'Revoke a token',
      description: 'It stops working at once, on every node.',
      resource: ownTokens,
      params: z.strictObject({ id: idSchema('tok') }),
      answer: Token,
      async handle({ params: { id }, principal }) {
        try {
          return await services.governance.revokeToken(id, principal);
        } catch (error) {
          // Whoever may not manage a token may not learn that it exists.
          const isHidden =
            error instanceof AppError && (error.kind === 'forbidden' || error.kind === 'not_found');
          throw isHidden ? notFound('token', id) : error;
        }
      },
    }),
    route({
      method: 'post',
      path: '/v1/login-codes',
      access: 'people:manage',
      tag: 'people',
      summary: 'Make a login link',
      description: 'A link that signs its person in to the console once, within ten minutes.',
      body: z.strictObject({
        personId: idSchema('usr').optional().meta({ description: 'The caller, unless given.' }),
      }),
      bodyExample: {},
      status: 201,
      answer: z.object({
        code: z.string(),
        url: z.string().meta({ example: 'http://127.0.0.1:7400/login?code=…' }),
      }),
      isSecret: true,
      async handle({ body, principal, context }) {
        // The session it opens has every right of its person, so a narrowed token may not make one.
        if (!holdsAllRights(services.governance, principal)) {
          throw new AppError('forbidden', 'http.token_too_narrow', {
            message: 'A token with scopes cannot make a login link.',
            hint: 'Use a token that holds all rights of its person.',
          });
        }
        const personId = body.personId ?? self(principal);
        found(await services.governance.findPerson(personId), 'person', personId);
        const code = await services.governance.createLoginCode(personId, principal);
        const base = config.publicUrl ?? new URL(context.req.url).origin;
        return { code, url: `${base.replace(/\/$/, '')}/login?code=${encodeURIComponent(code)}` };
      },
    }),
  ];
}

const EVERYONE = { kind: 'person', id: '*' };

/** Developers manage tokens of their own, so the gate asks about those. */
function ownTokens(principal: governance.Principal): governance.Resource {
  return { kind: 'person', id: principal.onBehalfOf ?? principal.id };
}

/** Whether the caller's token is as wide as the roles of its person. */
function holdsAllRights(
  service: governance.GovernanceService,
  principal: governance.Principal,
): boolean {
  const anything = { kind: 'any', id: 'any' };
  const whole = { ...principal, scopes: 'all' } as const;
  return governance.ACTIONS.every(
    (action) =>
      service.isAllowed(principal, action, anything) || !service.isAllowed(whole, action, anything),
  );
}

/** The person behind the caller. */
export function self(principal: governance.Principal) {
  const parsed = idSchema('usr').safeParse(principal.onBehalfOf ?? principal.id);
  if (parsed.success) return parsed.data;
  throw new AppError('invalid', 'http.invalid_body', {
    message: 'body personId: the caller is no person, so it must be named.',
    hint: 'GET /v1/people lists who there is.',
  });
}
