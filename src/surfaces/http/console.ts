/** The web console at `/`: files of its build, and its first page for every address it routes itself. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { compress } from 'hono/compress';
import { setCookie } from 'hono/cookie';
import { AppError } from '#kernel';
import type { Services } from '../services.ts';
import type { Environment, RequestContext } from './environment.ts';
import { type Gate, SESSION_COOKIE } from './gate.ts';
import { serveFile } from './static-files.ts';

/** First parts of addresses that belong to machines; everything else may be a page of the console. */
const RESERVED = new Set([
  'v1',
  'webhooks',
  'hooks',
  'mcp',
  'git',
  'otlp',
  'docs',
  'metrics',
  'login',
]);

export function mountConsole(app: OpenAPIHono<Environment>, services: Services, gate: Gate): void {
  app.get('/login', async (context) => {
    context.set('route', '/login');
    await gate.authorize(context, 'public', { kind: 'account', id: 'login' });
    const code = context.req.query('code') ?? '';
    try {
      const { secret, token } = await services.governance.redeemLoginCode(code);
      setSessionCookie(context, services, secret, token.expiresAt);
      return context.redirect(ownPage(context.req.query('next')));
    } catch (error) {
      // A person follows this link, so a spent one is answered with a page and not with JSON.
      if (!(error instanceof AppError) || error.kind === 'unavailable') throw error;
      return htmlPage(401, 'This login link does not work any more', LINK_SPENT);
    }
  });

  const page: MiddlewareHandler<Environment> = async (context, next) => {
    const { path } = context.req;
    if (RESERVED.has(path.split('/')[1] ?? '')) return next();
    context.set('route', 'console');
    const file = path === '/' ? undefined : await serveFile(services.consoleFolder, decode(path));
    if (file !== undefined) return file;
    // A missing script must stay missing: the first page in its place would hide the error.
    if (/\.\w+$/.test(path)) return next();
    return (
      (await serveFile(services.consoleFolder, 'index.html')) ??
      htmlPage(503, 'The console is not built yet', NOT_BUILT)
    );
  };
  app.get('*', compress(), page);
}

/** Strict: other sites never get it sent, so a link from elsewhere opens the console signed out. */
export function setSessionCookie(
  context: RequestContext,
  { config: { publicUrl } }: Pick<Services, 'config'>,
  secret: string,
  expires: Date,
): void {
  const url = new URL(context.req.url);
  // TLS often ends at a proxy in front of us; the address people use tells.
  const isPublic =
    publicUrl !== undefined && new URL(publicUrl).host === context.req.header('host');
  setCookie(context, SESSION_COOKIE, secret, {
    httpOnly: true,
    sameSite: 'Strict',
    path: '/',
    secure: url.protocol === 'https:' || (isPublic && publicUrl.startsWith('https:')),
    expires,
  });
}

function decode(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function htmlPage(status: number, title: string, content: string): Response {
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>LoomStack: ${title}</title>
<style>body{font:16px/1.6 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem}</style>
<h1>${title}</h1>
${content}</html>
`;
  return new Response(html, {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' },
  });
}

const NOT_BUILT = `<p>The server runs. Its web pages are made by one command, in the folder of LoomStack:</p>
<pre>npm run build:console</pre>
<p>Then reload this page. The API works without it: see <a href="/docs">the API reference</a>.</p>
`;

const LINK_SPENT = `<p>A link signs in once and lives for ten minutes. Make another on the server:</p>
<pre>loom doctor</pre>
<p>An administrator can make one for you, too.</p>
`;

/** A page of this console to go on to; whatever could lead elsewhere leads home. */
function ownPage(next: string | undefined): string {
  return next !== undefined && /^\/(?![/\\])[\w/.~-]*$/.test(next) ? next : '/';
}
