/** The landing queue: what waits on which branch, what is tested, and why nothing lands. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import {
  type LandingBuild,
  type LandingEntry,
  type LandingLane,
  landingQueries,
} from '../../api/landing.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { plural } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';
import { LandingStrategy } from './strategy.tsx';
import './queue.css';

const STATES: Record<LandingEntry['state'], { label: string; tone: Tone; icon: IconName }> = {
  queued: { label: 'Waits', tone: 'neutral', icon: 'clock' },
  testing: { label: 'Tested now', tone: 'info', icon: 'running' },
  cleared: { label: 'Passed', tone: 'good', icon: 'check' },
  rejected: { label: 'Goes back', tone: 'bad', icon: 'cross' },
  landing: { label: 'Landing', tone: 'info', icon: 'merge' },
  landed: { label: 'Landed', tone: 'good', icon: 'merge' },
  returned: { label: 'Sent back', tone: 'bad', icon: 'retry' },
  left: { label: 'Left', tone: 'neutral', icon: 'cancelled' },
};

const BUILD_STATES: Record<LandingBuild['state'], { label: string; tone: Tone; icon: IconName }> = {
  queued: { label: 'Waits for a place', tone: 'neutral', icon: 'clock' },
  running: { label: 'Running', tone: 'info', icon: 'running' },
  passed: { label: 'Passed', tone: 'good', icon: 'check' },
  failed: { label: 'Failed', tone: 'bad', icon: 'cross' },
};

export function QueuePage() {
  const query = useQuery(landingQueries.queue());
  const lanes = query.data?.lanes;
  return (
    <>
      <PageHeader
        title="Landing queue"
        description="What is approved lands here once the tree it makes has passed. The next groups are tested ahead of time on what is expected to land before them."
      />
      {lanes === undefined && query.error === null && <Loading />}
      {lanes === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {lanes?.length === 0 && (
        <div className="panel">
          <EmptyState
            icon="merge"
            title="Nothing waits to land"
            text="A change whose verdict ships, or that was approved, queues up here until the tree it makes has passed."
            steps={[{ text: 'See the same in a terminal.', command: 'loom queue' }]}
          />
        </div>
      )}
      <div className="stack">
        {lanes?.map((lane) => (
          <Lane key={`${lane.repository}:${lane.baseBranch}`} lane={lane} />
        ))}
      </div>
    </>
  );
}

function Lane({ lane }: { lane: LandingLane }) {
  const titles = new Map(
    [...lane.ended, ...lane.waiting].map(({ changeId, title }) => [changeId, title]),
  );
  const nameOf = (id: string) => titles.get(id) ?? id.slice(0, 12);
  const open = lane.builds.filter(({ state }) => state === 'running' || state === 'queued');
  const past = lane.builds.filter(({ state }) => state === 'passed' || state === 'failed');
  return (
    <Panel
      title={`${lane.repository} · ${lane.baseBranch}`}
      note={
        lane.red === null
          ? `${plural(lane.waiting.length, 'change')} waiting`
          : `Red: nothing lands until it is green; ${plural(lane.waiting.length, 'change')} waiting`
      }
      actions={lane.red !== null && <Resume lane={lane} />}
      flush
    >
      {lane.red !== null && (
        <div className="panel-body">
          <RedBranch red={lane.red} />
        </div>
      )}
      <div className="panel-body">
        <LandingStrategy lane={lane} />
      </div>
      {lane.waiting.length > 0 ? (
        <Entries
          label={`Waiting for ${lane.baseBranch} of ${lane.repository}`}
          entries={lane.waiting}
        />
      ) : (
        <p className="quiet small panel-body">
          Nothing waits
          {lane.ended[0]?.endedAt != null && (
            <>
              ; the last one left <When at={lane.ended[0].endedAt} />
            </>
          )}
          .
        </p>
      )}
      {open.length > 0 && <Builds builds={open} nameOf={nameOf} label="Tested now" />}
      {past.length > 0 && (
        <details className="lane-past">
          <summary className="small">Tested before ({past.length})</summary>
          <Builds builds={past} nameOf={nameOf} label="Tested before" />
        </details>
      )}
      {lane.ended.length > 0 && (
        <details className="lane-past">
          <summary className="small">Ended last ({lane.ended.length})</summary>
          <Entries label="Ended last" entries={lane.ended} />
        </details>
      )}
    </Panel>
  );
}

const ENTRIES: Column<LandingEntry>[] = [
  {
    key: 'change',
    header: 'Change',
    cell: ({ title, branch }) => (
      <span className="cell-title" style={{ maxWidth: 'min(52vw, 640px)' }}>
        <span>{title}</span>
        <code className="quiet small">{branch}</code>
      </span>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: 210,
    cell: ({ state, isFlaky }) => (
      <span className="row row-wrap" style={{ gap: '2px 8px' }}>
        <Badge look={STATES[state]} />
        {isFlaky && <Badge look={{ label: 'Flaky', tone: 'warn', icon: 'alert' }} />}
      </span>
    ),
  },
  {
    key: 'group',
    header: 'Tested in',
    hide: 'phone',
    width: 100,
    cell: ({ group }) => (group === null ? <span className="quiet">–</span> : `group ${group}`),
  },
  {
    key: 'at',
    header: 'Since',
    align: 'end',
    hide: 'phone',
    width: 110,
    cell: ({ endedAt, queuedAt }) => <When at={endedAt ?? queuedAt} />,
  },
];

function Entries({ label, entries }: { label: string; entries: readonly LandingEntry[] }) {
  return (
    <DataTable
      label={label}
      rows={entries}
      rowKey={({ changeId, queuedAt }) => changeId + queuedAt}
      rowHref={({ changeId }) => `/changes/${changeId}`}
      columns={ENTRIES}
    />
  );
}

function Builds({
  builds,
  nameOf,
  label,
}: {
  builds: readonly LandingBuild[];
  nameOf: (id: string) => string;
  label: string;
}) {
  return (
    <DataTable
      label={label}
      rows={builds}
      rowKey={({ id }) => id}
      columns={[
        {
          key: 'what',
          header: 'Tree under test',
          cell: (build) => (
            <span className="stack build-title">
              <span className="wrap-anywhere">{changesOf(build, nameOf)}</span>
              {build.assumed.length > 0 && (
                <span className="quiet small wrap-anywhere">
                  on top of {build.assumed.map(nameOf).join(', ')}
                </span>
              )}
            </span>
          ),
        },
        {
          key: 'state',
          header: 'State',
          width: 210,
          cell: ({ state, assumed, attempt }) => (
            <span className="row row-wrap" style={{ gap: '2px 8px' }}>
              <Badge look={BUILD_STATES[state]} />
              {assumed.length > 0 && (
                <Badge look={{ label: 'Ahead of time', tone: 'watch', icon: 'eye' }} />
              )}
              {attempt > 0 && <Badge look={{ label: 'Once more', tone: 'warn', icon: 'retry' }} />}
            </span>
          ),
        },
        {
          key: 'tree',
          header: 'Tree',
          hide: 'phone',
          width: 100,
          cell: ({ tree }) => <code className="quiet small">{tree.slice(0, 10)}</code>,
        },
        {
          key: 'at',
          header: 'Since',
          align: 'end',
          hide: 'phone',
          width: 110,
          cell: ({ endedAt, startedAt, createdAt }) => (
            <When at={endedAt ?? startedAt ?? createdAt} />
          ),
        },
      ]}
    />
  );
}

function changesOf(
  { kind, changes, baseSha }: LandingBuild,
  nameOf: (id: string) => string,
): string {
  if (kind === 'main') return 'The branch as it is';
  if (kind === 'bisect') return `Looking for the culprit: ${baseSha.slice(0, 12)}`;
  return changes.map(nameOf).join(' + ');
}

function RedBranch({ red }: { red: NonNullable<LandingLane['red']> }) {
  const { check, sha, since, culprit, culpritChangeId, suspects, revert, output } = red;
  return (
    <Notice tone="bad" title={`${check} fails at ${sha.slice(0, 12)}`}>
      <p>
        Since <When at={since} />.{' '}
        {culprit === null
          ? suspects === 0
            ? 'Nobody can say which commit did it.'
            : `One of ${plural(suspects, 'commit')} did it; it is being looked for.`
          : `It began with ${culprit.slice(0, 12)}.`}{' '}
        {culpritChangeId !== null && (
          <AppLink href={`/changes/${culpritChangeId}`}>The change that brought it</AppLink>
        )}
      </p>
      {revert !== null && (
        <p>
          {revert.state === 'proposed'
            ? 'Taking it back is proposed'
            : 'It cannot be taken back by itself: '}
          {revert.state === 'proposed' ? (
            revert.changeId === null ? (
              ` on ${revert.branch ?? ''}.`
            ) : (
              <>
                {': '}
                <AppLink href={`/changes/${revert.changeId}`}>open the revert</AppLink>.
              </>
            )
          ) : (
            revert.why
          )}
        </p>
      )}
      {output !== '' && (
        <pre className="json" tabIndex={0} aria-label="What the check said">
          {output}
        </pre>
      )}
    </Notice>
  );
}

function Resume({ lane: { repository, baseBranch } }: { lane: LandingLane }) {
  const [isAsking, setAsking] = useState(false);
  const client = useQueryClient();
  const may = useMay('runs:control');
  const resume = useMutation({
    mutationFn: (reason: string) =>
      post('/v1/landing-queue/resume', { repository, baseBranch, reason }),
    onSuccess: () => {
      setAsking(false);
      return client.invalidateQueries({ queryKey: ['landing'] });
    },
  });
  if (!may) return null;
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setAsking(true)}>
        Land all the same
      </Button>
      <ConfirmDialog
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        title={`Land on a red ${baseBranch}?`}
        action="Land all the same"
        keep="Wait until it is green"
        work={resume}
        reason={{ placeholder: 'The check is broken, not the branch' }}
        onConfirm={(reason) => resume.mutate(reason)}
      >
        What waits for {baseBranch} of {repository} is tested and lands although the branch itself
        fails.
      </ConfirmDialog>
    </>
  );
}
