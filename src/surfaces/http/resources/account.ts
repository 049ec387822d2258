/** `/v1/me`, `/v1/login`, `/v1/logout`: who is calling. */
import { deleteCookie } from 'hono/cookie';
import { z } from 'zod';
import { Action, type Principal as Caller, Role } from '#governance';
import { isId } from '#kernel';
import type { Services } from '../../services.ts';
import { setSessionCookie } from '../console.ts';
import { SESSION_COOKIE } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { Person } from '../schemas.ts';

const Principal = named(
  'Principal',
  z.object({
    kind: z.enum(['person', 'agent', 'service']),
    id: z.string(),
    name: z.string(),
    roles: z.array(Role),
    teams: z.array(z.string()),
    identities: z.array(z.string()).meta({
      description:
        'Names of the caller elsewhere; who is in the custody of a change cannot approve it.',
    }),
    scopes: z.union([z.array(Action), z.literal('all')]),
    onBehalfOf: z.string().nullable(),
  }),
);

export function accountRoutes(services: Services): Route[] {
  const { governance, version, organisation } = services;
  return [
    route({
      method: 'get',
      path: '/v1/me',
      access: 'signed-in',
      tag: 'account',
      summary: 'Who am I',
      description: 'The caller, the organisation and the version of this server.',
      answer: z.object({ principal: Principal, version: z.string(), organisation: z.string() }),
      handle: async ({ principal }) => ({
        principal: {
          kind: principal.kind,
          id: principal.id,
          name: principal.name,
          roles: [...principal.roles],
          teams: [...principal.teams],
          identities: [...principal.identities],
          scopes: copyScopes(principal.scopes),
          onBehalfOf: principal.onBehalfOf ?? null,
        },
        version,
        organisation,
      }),
    }),
    route({
      method: 'post',
      path: '/v1/login',
      access: 'public',
      tag: 'account',
      summary: 'Sign in with a login code',
      description: 'Trades a code for the session cookie of the console. A code works once.',
      body: z.strictObject({ code: z.string().min(1).max(200) }),
      bodyExample: { code: 'the code from the login link' },
      answer: z.object({ person: Person }),
      async handle({ body, context }) {
        const { person, secret, token } = await governance.redeemLoginCode(body.code);
        setSessionCookie(context, services, secret, token.expiresAt);
        return { person };
      },
    }),
    route({
      method: 'post',
      path: '/v1/identities',
      access: 'signed-in',
      tag: 'account',
      summary: 'Tie a name elsewhere to this account',
      description:
        'Redeems a code that another system gave to one of its users, such as `/loom link` in Slack. For people who are logged in themselves.',
      body: z.strictObject({ code: z.string().min(1).max(200) }),
      bodyExample: { code: 'the code you were shown' },
      answer: z.object({ person: Person, identity: z.string() }),
      handle: ({ body, principal }) => governance.redeemIdentityCode(body.code, principal),
    }),
    route({
      method: 'post',
      path: '/v1/logout',
      access: 'signed-in',
      tag: 'account',
      summary: 'Sign out',
      description: 'Ends the console session. A caller with an API token keeps it.',
      answer: null,
      async handle({ principal, context }) {
        const { tokenId } = principal;
        const isCookie = context.req.header('authorization') === undefined;
        if (isCookie && tokenId !== undefined && isId('tok', tokenId)) {
          await governance.revokeToken(tokenId, principal);
        }
        deleteCookie(context, SESSION_COOKIE, { path: '/' });
      },
    }),
  ];
}

function copyScopes(scopes: Caller['scopes']): Action[] | 'all' {
  return scopes === 'all' ? 'all' : [...scopes];
}
