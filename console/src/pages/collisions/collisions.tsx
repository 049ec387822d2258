/** Which open changes and sessions collide, and the very lines where they do. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import { type Collision, collisionQueries, type CollisionSide } from '../../api/collisions.ts';
import { Badge } from '../../parts/badges.tsx';
import { StateFilter } from '../../parts/filters.tsx';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import './collisions.css';
import { ConflictText } from './conflict-text.tsx';
import { LEVELS } from './levels.ts';

const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'cleared', label: 'Cleared' },
];

const SHOWN_PATHS = 6;

const REST = { state: 'open', level: '', repository: '', sessionId: '' };

export function CollisionsPage() {
  const [filter, setFilter] = useSearchState(REST);
  const query = useInfiniteQuery(collisionQueries.list(filter));
  return (
    <ListPage
      title="Collisions"
      description="Pairs of open changes and sessions that get in each other’s way, found before they meet in a merge. A guess only warns; what git cannot merge is shown line by line."
      actions={
        filter.sessionId !== '' && (
          <Button variant="default" onClick={() => setFilter({ sessionId: '' })}>
            Show those of all sessions
          </Button>
        )
      }
      noun="collisions"
      defaults={REST}
      filter={filter}
      onFilter={setFilter}
      states={STATES}
      more={
        <StateFilter
          label="Level"
          options={[
            { value: '', label: 'Any' },
            ...Object.entries(LEVELS)
              .reverse()
              .map(([value, { label }]) => ({ value, label })),
          ]}
          value={filter.level}
          onChange={(level) => setFilter({ level })}
        />
      }
      query={query}
      as={{
        rowKey: ({ id }) => id,
        card: (collision) => <CollisionCard collision={collision} />,
      }}
      empty={
        <EmptyState
          icon="merge"
          title="Nothing collides"
          text="Open changes and live sessions are compared when they are pushed, after every few edits, and when the main line moves."
        />
      }
    />
  );
}

function CollisionCard({ collision }: { collision: Collision }) {
  const { level, sides, repository, paths, symbols, hunks, why, state, foundAt } = collision;
  const look = LEVELS[level];
  return (
    <article className="panel collision" aria-label={`${sides[0].title} and ${sides[1].title}`}>
      <div className="collision-head">
        <Badge look={look} />
        <span className="quiet small">
          {repository} · found <When at={foundAt} />
          {state === 'cleared' && collision.clearedAt !== null && (
            <>
              {' · cleared '}
              <When at={collision.clearedAt} />
              {collision.clearReason !== null && `: ${collision.clearReason}`}
            </>
          )}
          {!collision.isAlerted && state === 'open' && ' · nobody was interrupted for it'}
        </span>
      </div>
      <div className="collision-sides">
        <Side side={sides[0]} />
        <Icon name="merge" size={16} label="collides with" />
        <Side side={sides[1]} />
      </div>
      <p className="soft small">{why}</p>
      {hunks.map((hunk) => (
        <ConflictText key={`${hunk.path} ${hunk.text.slice(0, 80)}`} hunk={hunk} />
      ))}
      {hunks.length === 0 && paths.length > 0 && (
        <p className="collision-paths">
          {paths.slice(0, SHOWN_PATHS).map((path) => (
            <code key={path}>{path}</code>
          ))}
          {paths.length > SHOWN_PATHS && (
            <span className="quiet small">
              and {plural(paths.length - SHOWN_PATHS, 'more file')}
            </span>
          )}
        </p>
      )}
      {symbols.length > 0 && (
        <p className="collision-paths">
          <span className="small soft">One changes, the other uses:</span>
          {symbols.slice(0, SHOWN_PATHS).map((symbol) => (
            <code key={symbol}>{symbol}</code>
          ))}
        </p>
      )}
    </article>
  );
}

function Side({ side }: { side: CollisionSide }) {
  const href = side.kind === 'change' ? `/changes/${side.id}` : `/sessions/${side.id}`;
  return (
    <span className="cell-title">
      <AppLink href={href}>{side.title === '' ? 'No prompt yet' : side.title}</AppLink>
      <span className="quiet small">
        {side.kind} of {side.by}
        {side.branch !== null && (
          <>
            {' · '}
            <code>{side.branch}</code>
          </>
        )}
      </span>
    </span>
  );
}
