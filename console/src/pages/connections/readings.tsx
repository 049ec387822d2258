/** What was read of an outside system, repository by repository, and how far a first reading is. */
import type { Reading } from '../../api/connections.ts';
import { count, plural } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

/** Kinds of objects as people call them, one and many; others are shown as they are. */
const KINDS: Readonly<Record<string, readonly [string, string]>> = {
  pull: ['pull request', 'pull requests'],
  review: ['review', 'reviews'],
  'review-comment': ['comment on code', 'comments on code'],
  comment: ['comment', 'comments'],
  issue: ['issue', 'issues'],
  deployment: ['deployment', 'deployments'],
};
/** Part of its change and no object to people. */
const HIDDEN: ReadonlySet<string> = new Set(['changed-files']);
const STREAMS: Readonly<Record<string, string>> = {
  pulls: 'pull requests',
  issues: 'issues',
  comments: 'comments on code',
  talk: 'comments',
  deployments: 'deployments',
};

export function Readings({ readings }: { readings: readonly Reading[] }) {
  if (readings.length === 0) return null;
  return (
    <Panel title="What was read of it">
      <ul className="findings">
        {readings.map((reading) => (
          <li key={reading.scope}>
            <span>
              <strong className="wrap-anywhere">{reading.scope}</strong>: <Progress of={reading} />
              <br />
              <span className="quiet small">{objectsOf(reading)}</span>
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Progress({ of }: { of: Reading }) {
  const { state, stream, via, why, total, told, updatedAt, finishedAt, error } = of;
  switch (state) {
    case 'failed':
      return (
        <>
          not read to its end, <When at={updatedAt} />. {error} It goes on where it was.
        </>
      );
    case 'read':
      return (
        <>
          read to its end, <When at={finishedAt} />
          {why === null ? '.' : via === 'rest' ? `, one by one: ${why}.` : `; ${why}.`}
        </>
      );
    case 'reading':
      return (
        <>
          reading {STREAMS[stream ?? ''] ?? stream ?? 'what is new'}
          {via === 'graphql' ? ' in batches' : ''}
          {total !== null && total > 0 && (
            <>
              {' '}
              <progress
                max={total}
                value={Math.min(told, total)}
                aria-label={`Read of ${of.scope}`}
              />{' '}
              {count(Math.min(told, total))} of {count(total)}
            </>
          )}
          , <When at={updatedAt} />
          {why === null ? '' : ` (${why})`}
        </>
      );
  }
}

function objectsOf({ objects }: Reading): string {
  const words = Object.entries(objects)
    .filter(([kind, most]) => most > 0 && !HIDDEN.has(kind))
    .map(([kind, most]) => {
      const [one, many] = KINDS[kind] ?? [kind, `${kind}s`];
      return plural(most, one, many);
    });
  return words.length === 0 ? 'Nothing of it is known yet.' : `Known: ${words.join(', ')}.`;
}
