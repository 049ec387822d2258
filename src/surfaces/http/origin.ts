/**
 * Guards against other web sites in the user's browser. DNS rebinding arrives under a foreign Host,
 * request forgery under a foreign Origin; both are refused before anything else is looked at.
 */
import { isIP } from 'node:net';
import { AppError, type Config } from '#kernel';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
/** Hosts that mean "every address" and so name no host a browser could send. */
const WILDCARDS = new Set(['0.0.0.0', '::', '[::]', '']);

/** Throws unless the Host of a request, and its Origin where it has one, are ours. */
export function createOriginGuard(
  config: Pick<Config, 'host' | 'publicUrl' | 'allowRemote'>,
): (host: string, origin: string | null) => void {
  const allowed = new Set([
    ...LOOPBACK_NAMES,
    ...(WILDCARDS.has(config.host) ? [] : [config.host.toLowerCase()]),
    ...(config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname]),
  ]);
  // A rebound name is always a name: an address typed by hand cannot be one.
  const isAllowed = (hostname: string) =>
    allowed.has(hostname) ||
    (config.allowRemote && isIP(hostname.replace(/^\[(.*)\]$/, '$1')) !== 0);

  // Nearly every request comes under the same name as the one before.
  let lastAllowed: string | undefined;

  return (given, origin) => {
    if (given !== lastAllowed) {
      const host = hostnameOf(`http://${given}`);
      if (host === undefined || !isAllowed(host)) {
        throw new AppError('forbidden', 'http.host_not_allowed', {
          message: `This server does not answer under the name ${host ?? 'given'}.`,
          hint: 'Set publicUrl (LOOM_PUBLIC_URL) to the address people use.',
        });
      }
      lastAllowed = given;
    }
    if (origin === null) return;
    const originHost = hostnameOf(origin);
    if (originHost === undefined || !isAllowed(originHost)) {
      throw new AppError('forbidden', 'http.origin_not_allowed', {
        message: 'Requests caused by other web sites are refused.',
        hint: 'Call the API from a server or a command line, or open the console itself.',
      });
    }
  };
}

/**
 * Whether a page of this very server (or the user directly) caused the request. Another port of the
 * same host is another site here, though SameSite cookies would be sent to it.
 */
export function isSameOrigin(request: Request): boolean {
  const isSafe = request.method === 'GET' || request.method === 'HEAD';
  const site = request.headers.get('sec-fetch-site');
  if (site !== null) return site === 'same-origin' || (site === 'none' && isSafe);
  const origin = request.headers.get('origin');
  if (origin === null) return isSafe;
  try {
    return new URL(origin).host === (request.headers.get('host') ?? new URL(request.url).host);
  } catch {
    return false;
  }
}

function hostnameOf(url: string): string | undefined {
  try {
    return new URL(url).hostname.toLowerCase();
  } catch {
    return undefined;
  }
}
