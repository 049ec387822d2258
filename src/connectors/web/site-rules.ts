/** Asks each site once a day what it asks of programs, and remembers it. */
import { AppError, type Clock } from '#kernel';
import type { GuardedFetch } from '#connectors/contract';
import { mayRead, parseRobots, PRODUCT, type Robots } from './robots.ts';

const KEPT_MS = 24 * 3_600_000;
const MAX_SITES = 500;

export interface SiteRules {
  /** @throws AppError `web.no_robots` while the site cannot say, which means no. */
  mayRead(url: URL): Promise<boolean>;
}

export function createSiteRules(deps: { fetch: GuardedFetch; clock: Clock }): SiteRules {
  const { fetch, clock } = deps;
  const known = new Map<string, { robots: Robots; until: number }>();

  async function robotsOf(origin: string): Promise<Robots> {
    const now = clock.now().getTime();
    const kept = known.get(origin);
    if (kept !== undefined && kept.until > now) return kept.robots;
    const response = await fetch(new URL('/robots.txt', origin), {
      headers: { accept: 'text/plain', 'user-agent': PRODUCT },
    });
    if (response.status >= 500 || response.status === 429) throw cannotSay(origin, response.status);
    // Any other refusal says that there are no such rules (RFC 9309, 2.3.1.3).
    const robots = response.ok ? parseRobots(await response.text()) : [];
    if (known.size >= MAX_SITES) known.delete(known.keys().next().value!);
    known.set(origin, { robots, until: now + KEPT_MS });
    return robots;
  }

  return { mayRead: async (url) => mayRead(await robotsOf(url.origin), url) };
}

function cannotSay(origin: string, status: number): AppError {
  return new AppError('unavailable', 'web.no_robots', {
    message: `${new URL(origin).host} cannot say what programs may read there (robots.txt answers ${status}).`,
    hint: 'Until it can, nothing of it is read; it is asked again with the next reading.',
  });
}
