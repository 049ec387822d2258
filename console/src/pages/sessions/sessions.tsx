/** Every run of an agent that reached us. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Session } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { count } from '../../parts/format.ts';
import { EmptyState } from '../../parts/layout.tsx';
import { asked, ListPage } from '../../parts/list-page.tsx';
import { usePersonName } from '../../parts/people.ts';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';

const STATES = [
  { value: 'all', label: 'All' },
  { value: 'active', label: 'Active' },
  { value: 'idle', label: 'Idle' },
  { value: 'ended', label: 'Ended' },
  { value: 'lost', label: 'Lost' },
];

const REST = { state: 'all', repository: '', text: '' };

export function SessionsPage() {
  const [filter, setFilter] = useSearchState(REST);
  const query = useInfiniteQuery(queries.sessions(asked(filter)));
  const nameOf = usePersonName();

  const columns: Column<Session>[] = [
    {
      key: 'intent',
      header: 'Session',
      cell: (session) => (
        <span className="cell-title" style={{ maxWidth: 'min(56vw, 560px)' }}>
          <span>{session.intent === '' ? 'No prompt yet' : session.intent}</span>
          <span className="quiet small">
            {session.repository ?? 'no repository'}
            {session.branch !== null && (
              <>
                {' · '}
                <code>{session.branch}</code>
              </>
            )}
          </span>
        </span>
      ),
    },
    {
      key: 'agent',
      header: 'Agent',
      hide: 'narrow',
      width: 150,
      cell: (session) => (
        <span className="cell-title">
          <span>{session.agent}</span>
          {session.model !== null && <span className="quiet small">{session.model}</span>}
        </span>
      ),
    },
    {
      key: 'operator',
      header: 'Run by',
      hide: 'narrow',
      width: 130,
      cell: (session) => nameOf(session.operatorId),
    },
    {
      key: 'state',
      header: 'State',
      width: 96,
      cell: (session) => <StateBadge state={session.state} />,
    },
    {
      key: 'calls',
      header: 'Tool calls',
      hide: 'phone',
      align: 'end',
      width: 110,
      cell: (session) => (
        <span className="nowrap">
          {count(session.toolCalls)}
          {session.deniedCalls > 0 && (
            <span className="removed"> · {count(session.deniedCalls)} denied</span>
          )}
        </span>
      ),
    },
    {
      key: 'seen',
      header: 'Last seen',
      hide: 'phone',
      align: 'end',
      width: 104,
      cell: (session) => <When at={session.lastSeenAt} />,
    },
  ];

  return (
    <ListPage
      title="Sessions"
      description="Each run of a coding agent: who runs it, what it was told, what it holds and what it was refused."
      noun="sessions"
      defaults={REST}
      filter={filter}
      onFilter={setFilter}
      states={STATES}
      textOf={({ intent, agent, branch, id, externalId }) =>
        `${intent} ${agent} ${branch ?? ''} ${id} ${externalId}`
      }
      query={query}
      as={{
        columns,
        rowKey: (session) => session.id,
        rowHref: (session) => `/sessions/${session.id}`,
      }}
      empty={
        <EmptyState
          icon="session"
          title="No session yet"
          text="Hooks tell LoomStack when an agent starts, what it edits and when it ends. They are written into the repository once:"
          steps={[
            {
              text: 'Wire Claude Code into a repository.',
              command: 'loom attach --agent claude-code',
            },
            { text: 'Start it there; its session appears here at once.', command: 'claude' },
            { text: 'Nothing appears? See whether the hooks fire.', command: 'loom doctor' },
          ]}
        />
      }
    />
  );
}
