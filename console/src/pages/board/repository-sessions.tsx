/** The live sessions of one repository: those in trouble always, of the others a screenful. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { type BoardSession, isInTrouble } from '../../api/board.ts';
import { Badge, LaneBadge } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { compact, count, money, plural, shortId } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { usePersonName } from '../../parts/people.ts';
import { When } from '../../parts/time.tsx';

/** Rows before the rest is folded away. */
const SCREENFUL = 12;

export function RepositorySessions({
  repository,
  sessions,
}: {
  repository: string;
  sessions: readonly BoardSession[];
}) {
  const [isWhole, setWhole] = useState(false);
  const nameOf = usePersonName();
  const sorted = [...sessions].sort((a, b) => Number(isInTrouble(b)) - Number(isInTrouble(a)));
  const troubled = sorted.filter(isInTrouble).length;
  const shown = isWhole ? sorted : sorted.slice(0, Math.max(SCREENFUL, troubled));
  const rest = sorted.length - shown.length;
  return (
    <Panel
      title={repository === '' ? 'No repository' : repository}
      note={`${plural(sessions.length, 'session')}${troubled === 0 ? '' : `, ${troubled} in trouble`}`}
      flush
      foot={
        rest > 0 ? (
          <Button variant="subtle" size="compact-sm" onClick={() => setWhole(true)}>
            Show {count(rest)} more
          </Button>
        ) : undefined
      }
    >
      <DataTable
        label={`Sessions of ${repository === '' ? 'no repository' : repository}`}
        rows={shown}
        rowKey={({ id }) => id}
        rowHref={({ id }) => `/sessions/${id}`}
        columns={columns(nameOf)}
      />
    </Panel>
  );
}

function columns(nameOf: (id: string | null) => string): Column<BoardSession>[] {
  return [
    {
      key: 'intent',
      header: 'Session',
      cell: (session) => (
        <span className="cell-title board-intent">
          <span>{session.workItem?.title ?? (session.intent || 'No prompt yet')}</span>
          <span className="quiet small">
            {session.workItem?.externalKey ?? ''} {session.agent}
            {session.parentId === null ? ` of ${nameOf(session.operatorId)}` : ', a helper'}
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
      key: 'holds',
      header: 'Holds',
      hide: 'narrow',
      width: '24%',
      cell: ({ claims }) =>
        claims.held === 0 ? (
          <span className="quiet">nothing</span>
        ) : (
          <span className="cell-title" title={claims.newest.map(shortId).join('\n')}>
            <code className="board-path">{shortId(claims.newest[0] ?? '')}</code>
            <span className="quiet small">
              {plural(claims.held, 'claim')}
              {claims.exclusive > 0 && `, ${claims.exclusive} exclusive`}
            </span>
          </span>
        ),
    },
    { key: 'state', header: 'State', width: 210, cell: (session) => <State session={session} /> },
    {
      key: 'spend',
      header: 'Spent',
      align: 'end',
      hide: 'phone',
      width: 110,
      cell: (session) => <Spend session={session} />,
    },
    {
      key: 'seen',
      header: 'Seen',
      align: 'end',
      hide: 'phone',
      width: 96,
      cell: ({ lastSeenAt }) => <When at={lastSeenAt} />,
    },
  ];
}

function State({ session }: { session: BoardSession }) {
  const { breaker, waitsFor, collisions, change, state } = session;
  return (
    <span className="row row-wrap board-state">
      {breaker !== 'closed' && (
        <Badge
          look={{
            label: breaker === 'turn-ended' ? 'Loop stopped' : 'Ended by a breaker',
            tone: 'bad',
            icon: 'blocked',
          }}
        />
      )}
      {collisions > 0 && (
        <AppLink href={`/collisions?sessionId=${session.id}`}>
          <Badge look={{ label: plural(collisions, 'collision'), tone: 'warn', icon: 'alert' }} />
        </AppLink>
      )}
      {waitsFor !== null && (
        <span className="small">
          waits for <code className="board-path">{shortId(waitsFor.what)}</code>
          {waitsFor.holder !== null && (
            <>
              {' held by '}
              <AppLink href={`/sessions/${waitsFor.holder.sessionId}`}>
                {waitsFor.holder.agent}
              </AppLink>
            </>
          )}
        </span>
      )}
      {change !== null && change.lane !== null && <LaneBadge lane={change.lane} />}
      {breaker === 'closed' && collisions === 0 && waitsFor === null && change === null && (
        <Badge
          look={
            state === 'active'
              ? { label: 'At work', tone: 'good', icon: 'running' }
              : { label: 'Idle', tone: 'neutral', icon: 'waiting' }
          }
        />
      )}
    </span>
  );
}

function Spend({ session: { spend, toolCalls } }: { session: BoardSession }) {
  const { tokens, usd, budgetTokens, budgetUsd } = spend;
  const share =
    budgetUsd !== null && usd !== null
      ? usd / budgetUsd
      : budgetTokens === null
        ? null
        : tokens / budgetTokens;
  return (
    <span className="cell-title">
      <span>
        {usd !== null
          ? money(usd)
          : tokens > 0
            ? `${compact(tokens)} tok`
            : plural(toolCalls, 'call')}
      </span>
      {share !== null && (
        <meter
          className="board-budget"
          min={0}
          max={1}
          high={0.8}
          optimum={0}
          value={Math.min(1, share)}
          aria-label="Part of its budget that is used"
        />
      )}
    </span>
  );
}
