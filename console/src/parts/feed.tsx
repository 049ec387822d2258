/** A list of ledger events, newest first, each leading to what it is about. */
import type { LedgerEvent } from '../api/types.ts';
import './feed.css';
import { actorText, detailOf, pageOfEvent, iconOf, titleOf, toneOf } from './events.ts';
import { Icon } from './icon.tsx';
import { AppLink } from './link.tsx';
import { usePersonName } from './people.ts';
import { When } from './time.tsx';

export function Feed({ events, label }: { events: readonly LedgerEvent[]; label: string }) {
  const nameOf = usePersonName();
  return (
    <ol className="feed" aria-label={label}>
      {events.map((event) => {
        const detail = detailOf(event);
        return (
          <li key={event.id} className="feed-row" data-tone={toneOf(event)}>
            <span className="feed-icon">
              <Icon name={iconOf(event.type)} size={14} />
            </span>
            <span className="feed-text">
              <AppLink href={pageOfEvent(event)}>{titleOf(event)}</AppLink>
              {detail !== '' && <span className="feed-detail">{detail}</span>}
            </span>
            <span className="feed-actor hide-phone">{actorText(event.actor, nameOf)}</span>
            <span className="feed-time">
              <When at={event.occurredAt} />
            </span>
          </li>
        );
      })}
    </ol>
  );
}
