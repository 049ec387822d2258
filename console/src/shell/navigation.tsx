/** The ways through the console, with what waits for somebody counted beside them. */
import { useQuery } from '@tanstack/react-query';
import { inboxQueries, isWaiting } from '../api/inbox.ts';
import { queries } from '../api/queries.ts';
import type { Tone } from '../parts/badges.tsx';
import { Icon } from '../parts/icon.tsx';
import { AppLink } from '../parts/link.tsx';
import { DESTINATIONS } from './shortcuts.ts';

const GROUPS = ['Deliver', 'Understand', 'Govern', 'Connect'] as const;

export function Navigation({ path }: { path: string }) {
  const overview = useQuery(queries.overview()).data;
  const waiting = useQuery({ ...inboxQueries.mine(), retry: false }).data?.items.filter(isWaiting);
  const counts: Record<string, { value: number; tone: Tone; what: string }> = {
    '/inbox': { value: waiting?.length ?? 0, tone: 'warn', what: 'waiting for you' },
    '/changes': {
      value: overview?.changes.waiting ?? 0,
      tone: 'warn',
      what: 'waiting for approval',
    },
    '/sessions': { value: overview?.sessions.active ?? 0, tone: 'good', what: 'active' },
    '/runs': { value: overview?.runs.failed ?? 0, tone: 'bad', what: 'failed' },
  };

  return (
    <nav aria-label="Main">
      {GROUPS.map((group) => (
        <div key={group} style={{ marginBlockEnd: 12 }}>
          <div className="nav-heading" id={`nav-${group}`}>
            {group}
          </div>
          <ul className="nav-list" aria-labelledby={`nav-${group}`}>
            {DESTINATIONS.filter((destination) => destination.group === group).map(
              ({ href, label, icon, key }) => {
                const isCurrent = path === href || (href !== '/' && path.startsWith(`${href}/`));
                const badge = counts[href];
                return (
                  <li key={href}>
                    <AppLink
                      className="nav-link"
                      href={href}
                      title={`${label} (G then ${key.toUpperCase()})`}
                      aria-current={isCurrent ? 'page' : undefined}
                    >
                      <Icon name={icon} />
                      {label}
                      {badge !== undefined && badge.value > 0 && (
                        <span className="nav-count" data-tone={badge.tone}>
                          {badge.value}
                          <span className="visually-hidden"> {badge.what}</span>
                        </span>
                      )}
                    </AppLink>
                  </li>
                );
              },
            )}
          </ul>
        </div>
      ))}
    </nav>
  );
}
