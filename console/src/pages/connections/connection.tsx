/** One outside system: is it set up, does it work, what came of it, and what may be done. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Connection, connectionQueries } from '../../api/connections.ts';
import { count, plural } from '../../parts/format.ts';
import { Facts, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';
import { Actions } from './actions.tsx';
import './connections.css';
import { GitHubApp } from './github-app.tsx';
import { Protection } from './protection.tsx';
import { Readings } from './readings.tsx';
import { SetUp } from './set-up.tsx';
import { CAPABILITY_WORDS, ConnectionBadge } from './state.tsx';

export function ConnectionPage() {
  const { name = '' } = useParams({ strict: false }) as { name?: string };
  const query = useQuery(connectionQueries.one(name));
  const mayManage = useMay('connections:manage');
  const connection = query.data;
  if (connection === undefined) {
    return (
      <>
        <PageHeader title={name} crumbs={[{ label: 'Connections', href: '/connections' }]} />
        {query.error === null ? (
          <Loading />
        ) : (
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        )}
      </>
    );
  }
  return (
    <>
      <PageHeader
        title={connection.title}
        description={connection.summary}
        crumbs={[{ label: 'Connections', href: '/connections' }]}
        badges={<ConnectionBadge connection={connection} />}
        actions={mayManage ? <Actions connection={connection} /> : undefined}
      />
      <div className="stack">
        <Lost lost={connection.lost} title={connection.title} />
        <Trouble connection={connection} />
        {connection.name === 'github' && mayManage && isOnGitHubCom(connection) && (
          <GitHubApp isSet={connection.state !== 'off'} />
        )}
        {connection.state !== 'off' && <Health connection={connection} />}
        <Readings readings={connection.readings} />
        {connection.capabilities.includes('code-host') && connection.state !== 'off' && (
          <Protection host={connection.name} />
        )}
        <SetUp key={connection.name} connection={connection} />
      </div>
    </>
  );
}

/** An Enterprise server makes Apps on a page of its own: docs/connectors/github.md. */
function isOnGitHubCom({ settings }: Connection): boolean {
  const apiUrl = settings.find(({ path }) => path === 'github.apiUrl')?.value;
  return apiUrl === undefined || apiUrl === null || apiUrl === 'https://api.github.com';
}

function Lost({ lost, title }: { lost: Connection['lost']; title: string }) {
  if (lost.length === 0) return null;
  return (
    <Notice
      tone="bad"
      title={`${title} does not let us into ${plural(lost.length, 'repository', 'repositories')} any more`}
    >
      <ul className="findings">
        {lost.map(({ repository, since, why }) => (
          <li key={repository}>
            <span>
              <strong className="wrap-anywhere">{repository}</strong>, <When at={since} />: {why}.
              Nothing is merged there; what else waits is written once the access is back.
            </span>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

function Trouble({ connection: { state, lastError, pause, rate } }: { connection: Connection }) {
  if (pause !== null) {
    return (
      <Notice tone="warn" title="Paused: nothing is read from it or written to it">
        <span>
          By {pause.by}, <When at={pause.at} />
          {pause.reason === null ? '' : `: ${pause.reason}`}. What it delivers is still kept.
        </span>
      </Notice>
    );
  }
  if (state === 'limited' && rate?.closedUntil != null) {
    return (
      <Notice tone="warn" title="It asked us to slow down">
        <span>
          Calls go on <When at={rate.closedUntil} />; nothing is lost meanwhile.
        </span>
      </Notice>
    );
  }
  if (state === 'failing' && lastError !== null) {
    return (
      <Notice tone="bad" title={lastError.message}>
        <span>
          <When at={lastError.at} /> · <code>{lastError.code}</code>. It is tried again by itself;
          the sweep catches up with what was missed.
        </span>
      </Notice>
    );
  }
  return null;
}

function Health({ connection }: { connection: Connection }) {
  const { counts, rate, lastEventAt, lastSuccessAt, lastError, capabilities, webhookUrl, state } =
    connection;
  const isKnowledge = capabilities.includes('knowledge');
  const ingested = [
    ...(webhookUrl !== null || counts.signals > 0 ? [plural(counts.signals, 'signal')] : []),
    ...(isKnowledge ? [`${plural(counts.objects, 'object')} of knowledge`] : []),
  ];
  return (
    <Panel title="What came of it">
      <Facts
        items={[
          ['Does', capabilities.map((capability) => CAPABILITY_WORDS[capability]).join(', ')],
          ['Last success', <When key="success" at={lastSuccessAt} none="never" />],
          ...(webhookUrl === null
            ? []
            : ([
                ['Last event', <When key="event" at={lastEventAt} none="never" />],
                [
                  'Deliveries',
                  counts.deliveries === 0 && counts.refused === 0
                    ? 'none yet'
                    : `${plural(counts.deliveries, 'delivery', 'deliveries')}, ${count(counts.duplicates)} of them known before, ${count(counts.refused)} refused`,
                ],
              ] satisfies [string, ReactNode][])),
          ...(ingested.length === 0
            ? []
            : ([['Ingested', ingested.join(', ')]] satisfies [string, string][])),
          ...(rate === null
            ? []
            : ([['Calls', <Rate key="rate" rate={rate} />]] satisfies [string, ReactNode][])),
          // A failure is told in full above.
          ...(lastError === null || state === 'failing'
            ? []
            : ([
                [
                  'Last error',
                  <span key="error">
                    {lastError.message}{' '}
                    <span className="quiet small">
                      (<When at={lastError.at} />)
                    </span>
                  </span>,
                ],
              ] satisfies [string, ReactNode][])),
        ]}
      />
    </Panel>
  );
}

/** How much of what the system grants in an hour is used. */
function Rate({ rate }: { rate: NonNullable<Connection['rate']> }) {
  const { limit, remaining, callsLastHour, callsPerHour, resetsAt } = rate;
  const used = limit !== null && remaining !== null ? limit - remaining : callsLastHour;
  const most = limit ?? callsPerHour;
  return (
    <span className="connection-rate">
      <meter
        min={0}
        max={Math.max(1, most)}
        value={Math.min(used, most)}
        aria-label="Calls used of those granted"
      />
      <span>
        {count(used)} of {count(most)}
        {limit === null ? ' in the last hour' : ''}
        {resetsAt !== null && (
          <span className="quiet small">
            , anew <When at={resetsAt} />
          </span>
        )}
      </span>
    </span>
  );
}
