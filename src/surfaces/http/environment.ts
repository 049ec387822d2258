/** What travels with a request through the middlewares. */
import type { HttpBindings } from '@hono/node-server';
import type { Context } from 'hono';
import type { Principal } from '#governance';
import type { Id, Logger } from '#kernel';

export interface Environment {
  /** Node's own request and response; absent when the app is called without a socket. */
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: Id<'req'>;
    log: Logger;
    /** Path template of the matched route, for logs and metrics. */
    route?: string;
    principal?: Principal;
    /** Asks again who calls, for answers that outlast their token. Rejects once it is revoked or over. */
    reauthenticate?: () => Promise<Principal>;
  };
}

export type RequestContext = Context<Environment>;

/** Address of the other end; `unknown` without a socket. */
export function remoteAddress(context: RequestContext): string {
  return (
    (context.env as Partial<HttpBindings> | undefined)?.incoming?.socket.remoteAddress ?? 'unknown'
  );
}

export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address);
}
