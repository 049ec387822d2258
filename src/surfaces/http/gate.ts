/** The gate of every route: who calls, may they, and not too often. */
import { getCookie } from 'hono/cookie';
import type { Action, Principal, Resource } from '#governance';
import { AppError } from '#kernel';
import type { Services } from '../services.ts';
import { remoteAddress, type RequestContext } from './environment.ts';
import { isSameOrigin } from './origin.ts';
import { createRateLimit } from './rate-limit.ts';

export const SESSION_COOKIE = 'loom_session';

/**
 * Who may call: holders of an action, holders of any of several, anyone signed in, or anyone at all.
 */
export type Access = Action | readonly [Action, ...Action[]] | 'signed-in' | 'public';

export interface Gate {
  /** Who calls, by bearer token or by the console's session cookie. */
  authenticate(context: RequestContext): Promise<Principal>;
  /**
   * Authenticates the caller and holds them against the access; governance writes denials down.
   * Undefined on public routes, where nobody in particular calls.
   */
  authorize(
    context: RequestContext,
    access: Access,
    resource: Resource | ((principal: Principal) => Resource),
  ): Promise<Principal | undefined>;
}

export function createGate(services: Services): Gate {
  const { governance, config, clock } = services;
  const budget = createRateLimit(clock, config.limits.requestsPerMinute);

  async function authenticate(context: RequestContext): Promise<Principal> {
    const known = context.get('principal');
    if (known !== undefined) return known;
    try {
      const secret = readSecret(context);
      const principal = await governance.authenticate(secret);
      context.set('reauthenticate', () => governance.authenticate(secret));
      budget.take(principal.tokenId ?? principal.id);
      context.set('principal', principal);
      return principal;
    } catch (error) {
      // Guessing costs the budget of the address it comes from, before it costs the database more.
      if (error instanceof AppError && error.kind === 'unauthenticated') {
        budget.take(`address ${remoteAddress(context)}`);
      }
      throw error;
    }
  }

  return {
    authenticate,
    async authorize(context, access, resourceOf) {
      if (access === 'public') {
        budget.take(`address ${remoteAddress(context)}`);
        return undefined;
      }
      const principal = await authenticate(context);
      if (access === 'signed-in') return principal;
      const resource = typeof resourceOf === 'function' ? resourceOf(principal) : resourceOf;
      const actions: readonly Action[] = typeof access === 'string' ? [access] : access;
      const allowed = actions.find((action) => governance.isAllowed(principal, action, resource));
      await governance.authorize(principal, allowed ?? actions[0]!, resource);
      return principal;
    },
  };
}

function readSecret(context: RequestContext): string {
  const header = context.req.header('authorization');
  const secret =
    header === undefined ? readCookie(context) : /^Bearer +(\S+) *$/i.exec(header)?.[1];
  if (secret !== undefined) return secret;
  throw new AppError('unauthenticated', 'http.unauthenticated', {
    message: 'This needs a token or a console session.',
    hint: 'Send `Authorization: Bearer loom_…`; `loom token create` makes one.',
  });
}

/** A cookie goes along with requests other sites cause, so only those of our own pages count. */
function readCookie(context: RequestContext): string | undefined {
  return isSameOrigin(context.req.raw) ? getCookie(context, SESSION_COOKIE) : undefined;
}

/** The thing that was looked for. @throws AppError `http.not_found`. */
export function found<Thing>(thing: Thing | undefined | null, what: string, id: string): Thing {
  if (thing !== undefined && thing !== null) return thing;
  throw notFound(what, id);
}

/** Also for what the caller may not know of. */
export function notFound(what: string, id: string): AppError {
  return new AppError('not_found', 'http.not_found', {
    message: `There is no ${what} ${id}.`,
    hint: 'Check the id; the list route of the same resource shows what there is.',
  });
}
