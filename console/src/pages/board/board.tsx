/** The work board: hundreds of sessions at a glance, those in trouble first. */
import { useQuery } from '@tanstack/react-query';
import { type Board, boardQueries, type BoardSession, isInTrouble } from '../../api/board.ts';
import { Filters, RepositoryFilter, SearchFilter, StateFilter } from '../../parts/filters.tsx';
import { compact, count, money } from '../../parts/format.ts';
import { EmptyState, Loading, PageHeader, Problem, Stat } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import './board.css';
import { ReadyItems, WaitingChanges } from './queues.tsx';
import { RepositorySessions } from './repository-sessions.tsx';

const SHOWN = [
  { value: 'all', label: 'All' },
  { value: 'trouble', label: 'In trouble' },
  { value: 'active', label: 'Active' },
  { value: 'idle', label: 'Idle' },
];

export function BoardPage() {
  const [filter, setFilter] = useSearchState({ show: 'all', repository: '', text: '' });
  const query = useQuery(boardQueries.read(filter.repository));
  return (
    <>
      <PageHeader
        title="Work board"
        description="Every live session: what it does, what it holds, what it costs and whom it waits for. Those in trouble come first."
        actions={<AppLink href="/work">All work items</AppLink>}
      />
      <Filters>
        <StateFilter
          label="Sessions"
          options={SHOWN}
          value={filter.show}
          onChange={(show) => setFilter({ show })}
        />
        <SearchFilter
          label="Filter sessions"
          value={filter.text}
          onChange={(text) => setFilter({ text })}
        />
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository })}
        />
      </Filters>
      {query.data === undefined && query.error === null && <Loading />}
      {query.data === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && <Content board={query.data} filter={filter} />}
    </>
  );
}

function Content({ board, filter }: { board: Board; filter: { show: string; text: string } }) {
  const shown = board.sessions.filter((session) => isShown(session, filter));
  const byRepository = Map.groupBy(shown, ({ repository }) => repository ?? '');
  return (
    <div className="stack">
      <Totals board={board} />
      <div className="board-queues">
        <WaitingChanges changes={board.changes} total={board.totals.waitingChanges} />
        <ReadyItems items={board.items} total={board.totals.readyItems} />
      </div>
      {shown.length === 0 && (
        <div className="panel">
          {board.sessions.length === 0 ? (
            <EmptyState
              icon="session"
              title="No agent is at work"
              text="A session appears here with its first call, whoever started it."
              steps={[
                { text: 'Wire the agents of a repository.', command: 'loom attach' },
                { text: 'Prove that their calls arrive.', command: 'loom doctor' },
              ]}
            />
          ) : (
            <EmptyState small title="No session is like that" text="Clear the filter to see all." />
          )}
        </div>
      )}
      {[...byRepository].sort(byTrouble).map(([repository, sessions]) => (
        <RepositorySessions key={repository} repository={repository} sessions={sessions} />
      ))}
    </div>
  );
}

/** Where somebody should look comes first; else repositories keep the order of their names. */
function byTrouble(
  [, left]: [string, readonly BoardSession[]],
  [, right]: [string, readonly BoardSession[]],
): number {
  const troubled = (sessions: readonly BoardSession[]) => sessions.filter(isInTrouble).length;
  return troubled(right) - troubled(left);
}

function Totals({ board: { totals, sessions } }: { board: Board }) {
  return (
    <div className="stats">
      <Stat
        value={count(totals.sessions)}
        label={totals.sessions === 1 ? 'live session' : 'live sessions'}
        note={agentsOf(sessions)}
      />
      <Stat
        value={count(totals.waiting)}
        label={totals.waiting === 1 ? 'waits for another' : 'wait for another'}
        note="claims held elsewhere"
      />
      <Stat
        value={count(totals.collisions)}
        label={totals.collisions === 1 ? 'collision' : 'collisions'}
        note={<AppLink href="/collisions">see the hunks</AppLink>}
      />
      <Stat
        value={count(totals.stopped)}
        label="stopped by a breaker"
        note={totals.stopped === 0 ? 'no loop found' : 'a person can lift it'}
      />
      <Stat
        value={totals.usd > 0 ? money(totals.usd) : compact(totals.tokens)}
        label={totals.usd > 0 ? 'spent by them' : 'tokens used'}
        note={totals.usd > 0 ? `${compact(totals.tokens)} tokens` : 'as far as agents report'}
      />
    </div>
  );
}

/** `12 claude-code, 3 codex`. */
function agentsOf(sessions: readonly BoardSession[]): string {
  const counts = [...Map.groupBy(sessions, ({ agent }) => agent)]
    .map(([agent, own]) => ({ agent, own: own.length }))
    .sort((a, b) => b.own - a.own);
  const named = counts.slice(0, 3).map(({ agent, own }) => `${own} ${agent}`);
  const others = counts.slice(3).reduce((sum, { own }) => sum + own, 0);
  return [...named, ...(others > 0 ? [`${others} other`] : [])].join(', ');
}

function isShown(session: BoardSession, { show, text }: { show: string; text: string }): boolean {
  const isKind =
    show === 'all' || (show === 'trouble' ? isInTrouble(session) : session.state === show);
  const words = [
    session.intent,
    session.agent,
    session.branch,
    session.repository,
    session.workItem?.title,
    session.workItem?.externalKey,
    ...session.claims.newest,
  ];
  return isKind && words.join(' ').toLowerCase().includes(text.toLowerCase());
}
