/** One run of an agent: what it was asked, given, granted and refused. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { queries } from '../../api/queries.ts';
import type { Change, Claim, LedgerEvent, SessionDetail } from '../../api/types.ts';
import { LaneBadge, StateBadge } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { holderOf, pathsOf, refusalOf } from '../../parts/events.ts';
import { Feed } from '../../parts/feed.tsx';
import { count, plural, shortId } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Facts, Loading, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { rowsOf } from '../../parts/list.tsx';
import { SessionLink, WorkItemLink } from '../../parts/named.tsx';
import { usePersonName } from '../../parts/people.ts';
import { When } from '../../parts/time.tsx';
import { BreakerPanel } from './breaker.tsx';
import { PackView } from './pack-view.tsx';
import './sessions.css';

export function SessionPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.session(id));
  const events = useInfiniteQuery(queries.events({ ref: id, order: 'newest' }, 100));
  const nameOf = usePersonName();
  const crumbs = [{ label: 'Sessions', href: '/sessions' }];

  if (query.data === undefined) {
    return (
      <>
        <PageHeader title="Session" crumbs={crumbs} />
        {query.error === null ? (
          <Loading />
        ) : (
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        )}
      </>
    );
  }

  const session = query.data;
  const log = rowsOf(events.data);
  return (
    <>
      <PageHeader
        title={session.intent === '' ? 'Session without a prompt' : session.intent}
        crumbs={crumbs}
        badges={<StateBadge state={session.state} />}
        description={
          <>
            {session.agent}
            {session.model === null ? '' : ` (${session.model})`}, run by{' '}
            {nameOf(session.operatorId)}
            {session.repository === null ? '' : ` in ${session.repository}`}
          </>
        }
      />
      <div className="two-columns">
        <div className="stack">
          <Claims
            session={session}
            denied={log.filter(({ type }) => /^claim\.(denied|refused)/.test(type))}
          />
          <Pack packId={session.packId} />
          <Panel
            title="Activity"
            note={`${plural(session.toolCalls, 'tool call')}, ${count(session.deniedCalls)} denied`}
            flush
          >
            {events.data === undefined ? (
              <Loading rows={4} />
            ) : log.length === 0 ? (
              <EmptyState small title="No activity recorded yet" />
            ) : (
              <Feed events={log} label="Activity of this session" />
            )}
          </Panel>
        </div>
        <aside className="stack" aria-label="About this session">
          <BreakerPanel
            sessionId={session.id}
            isLive={session.state === 'active' || session.state === 'idle'}
          />
          <About session={session} operator={nameOf(session.operatorId)} />
          <Changes sessionId={session.id} given={session.changes} />
        </aside>
      </div>
    </>
  );
}

function About({ session, operator }: { session: SessionDetail; operator: string }) {
  return (
    <Panel title="About">
      <Facts
        items={[
          ['Run by', operator],
          ['Agent', session.agent],
          ['Model', session.model ?? '–'],
          ['Branch', session.branch === null ? '–' : <code key="branch">{session.branch}</code>],
          ['Base', session.baseSha === null ? '–' : <Identifier key="base" id={session.baseSha} />],
          [
            'Work item',
            session.workItemId === null ? (
              <span key="none" className="quiet">
                None
              </span>
            ) : (
              <WorkItemLink key="work" id={session.workItemId} />
            ),
          ],
          [
            'Parent',
            session.parentId === null ? (
              <span key="none" className="quiet">
                None
              </span>
            ) : (
              <SessionLink key="parent" id={session.parentId} />
            ),
          ],
          ['Folder', session.cwd === null ? '–' : <code key="cwd">{session.cwd}</code>],
          ['Started', <When key="started" at={session.startedAt} />],
          ['Last seen', <When key="seen" at={session.lastSeenAt} />],
          ['Ended', <When key="ended" at={session.endedAt} none="not yet" />],
          ['Id', <Identifier key="id" id={session.id} />],
        ]}
      />
    </Panel>
  );
}

function Changes({ sessionId, given }: { sessionId: string; given: Change[] | undefined }) {
  const query = useInfiniteQuery({
    ...queries.changes({ sessionId }),
    enabled: given === undefined,
  });
  const changes = given ?? rowsOf(query.data);
  return (
    <Panel title="Changes" flush>
      {changes.length === 0 ? (
        <EmptyState
          small
          title="No change yet"
          text="A push with the trailer Loom-Session links its branch to this session."
        />
      ) : (
        <ul aria-label="Changes of this session">
          {changes.map((change) => (
            <li key={change.id}>
              <AppLink className="session-change" href={`/changes/${change.id}`}>
                <span className="cut">{change.title}</span>
                <LaneBadge lane={change.lane} />
              </AppLink>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Claims({ session, denied }: { session: SessionDetail; denied: LedgerEvent[] }) {
  const query = useQuery({
    ...queries.claims({ sessionId: session.id }),
    enabled: session.claims === undefined,
  });
  const claims: Claim[] = session.claims ?? query.data?.items ?? [];
  const held = claims.filter(({ state }) => state === 'held').length;
  return (
    <Panel title="Claims" note={`${count(held)} held, ${count(denied.length)} refused`} flush>
      {claims.length === 0 && denied.length === 0 ? (
        <EmptyState
          small
          title="It holds nothing"
          text="The first edit of a file takes an exclusive claim on it, so that no other session collides."
        />
      ) : (
        <>
          {denied.length > 0 && (
            <ul className="denials" aria-label="Refused claims">
              {denied.map((event) => (
                <li key={event.id} data-tone="bad">
                  <Icon name="cross" size={14} />
                  <div className="grow">
                    <p>
                      Refused <code className="wrap-anywhere">{pathsOf(event)}</code>
                    </p>
                    <p className="quiet small in-sentence">
                      {refusalOf(event)}
                      {holderOf(event) !== undefined && (
                        <>
                          {', for '}
                          <SessionLink id={holderOf(event)!} />
                        </>
                      )}
                    </p>
                  </div>
                  <span className="quiet small">
                    <When at={event.occurredAt} />
                  </span>
                </li>
              ))}
            </ul>
          )}
          {claims.length > 0 && (
            <DataTable
              label="Claims of this session"
              rows={claims}
              rowKey={(claim) => claim.id}
              columns={[
                {
                  key: 'path',
                  header: 'Path',
                  cell: (claim) => <code className="wrap-anywhere">{shortId(claim.path)}</code>,
                },
                {
                  key: 'strength',
                  header: 'Kind',
                  hide: 'phone',
                  width: 90,
                  cell: (claim) => claim.strength,
                },
                {
                  key: 'state',
                  header: 'State',
                  width: 100,
                  cell: (claim) => <StateBadge state={claim.state} />,
                },
                {
                  key: 'until',
                  header: 'Until',
                  align: 'end',
                  width: 110,
                  cell: (claim) => <When at={claim.releasedAt ?? claim.leaseUntil} />,
                },
              ]}
            />
          )}
        </>
      )}
    </Panel>
  );
}

function Pack({ packId }: { packId: string | null }) {
  const query = useQuery({ ...queries.pack(packId ?? ''), enabled: packId !== null });
  if (packId === null) {
    return (
      <Panel title="Context pack">
        <p className="quiet small">
          It was given no context pack. A pack is handed out with the first prompt, or when the
          agent calls <code>get_context</code>.
        </p>
      </Panel>
    );
  }
  if (query.data !== undefined) return <PackView pack={query.data} />;
  return (
    <Panel title="Context pack" flush>
      {query.error === null ? (
        <Loading rows={4} />
      ) : (
        <div className="panel-body">
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
    </Panel>
  );
}
