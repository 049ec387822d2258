/** Every outside system we can speak with, whether it is set up, and how it fares. */
import { useQuery } from '@tanstack/react-query';
import { type Connection, connectionQueries, type ConnectionState } from '../../api/connections.ts';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { count, plural } from '../../parts/format.ts';
import { Loading, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import './connections.css';
import { CAPABILITY_WORDS, ConnectionBadge } from './state.tsx';

export function ConnectionsPage() {
  const query = useQuery(connectionQueries.all());
  const all = query.data ?? [];
  const inUse = all.filter(({ state }) => state !== 'off' && state !== 'waiting');
  const broken = inUse.filter(({ state }) => state === 'failing');
  return (
    <>
      <PageHeader
        title="Connections"
        description="Where signals and knowledge come from, and where decisions go back to. Webhooks are hints; sweeps are the truth, so a day without one loses nothing."
      />
      {query.data === undefined && query.error === null && <Loading />}
      {query.data === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && (
        <div className="stack">
          <Panel
            title="In use"
            note={
              broken.length === 0
                ? plural(inUse.length, 'connection')
                : `${broken.length} of ${plural(inUse.length, 'connection')} failing`
            }
            flush
          >
            <Table label="Connections in use" rows={[...inUse].sort(byTrouble)} columns={IN_USE} />
          </Panel>
          <Panel
            title="Ready"
            note="they would be heard if they spoke; open one to see what to tell them"
            flush
          >
            <Table
              label="Connections that are ready"
              rows={inState(all, 'waiting')}
              columns={BEFORE}
            />
          </Panel>
          <Panel title="To be set up" note="open one and be led through" flush>
            <Table label="Connections to be set up" rows={inState(all, 'off')} columns={BEFORE} />
          </Panel>
        </div>
      )}
    </>
  );
}

const ORDER = ['failing', 'limited', 'paused', 'healthy'];

function inState(all: readonly Connection[], wanted: ConnectionState): Connection[] {
  return all.filter(({ state }) => state === wanted);
}

function byTrouble(left: Connection, right: Connection): number {
  return (
    ORDER.indexOf(left.state) - ORDER.indexOf(right.state) || left.title.localeCompare(right.title)
  );
}

/** What is only read tells of no event, and an answer is a sign of life. */
function laterOf(left: string | null, right: string | null): string | null {
  return left !== null && (right === null || left > right) ? left : right;
}

/** Of what does nothing yet there is nothing to count. */
const BEFORE: Column<Connection>[] = [
  {
    key: 'title',
    header: 'System',
    cell: ({ title, summary }) => (
      <span className="cell-title connection-title">
        <span>{title}</span>
        <span className="quiet small">{summary}</span>
      </span>
    ),
  },
  {
    key: 'does',
    header: 'Does',
    hide: 'narrow',
    width: 220,
    cell: ({ capabilities }) => (
      <span className="soft small">
        {capabilities.map((capability) => CAPABILITY_WORDS[capability]).join(', ')}
      </span>
    ),
  },
];

const IN_USE: Column<Connection>[] = [
  ...BEFORE,
  {
    key: 'state',
    header: 'State',
    width: 240,
    cell: (connection) => (
      <span className="cell-title">
        <span>
          <ConnectionBadge connection={connection} />
        </span>
        {connection.state === 'failing' && connection.lastError !== null && (
          <span className="quiet small" title={connection.lastError.message}>
            {connection.lastError.message}
          </span>
        )}
      </span>
    ),
  },
  {
    key: 'counts',
    header: 'Ingested',
    align: 'end',
    hide: 'phone',
    width: 120,
    cell: ({ counts }) => (
      <span className="cell-title">
        <span>{count(counts.signals + counts.objects)}</span>
        {counts.refused > 0 && <span className="quiet small">{count(counts.refused)} refused</span>}
      </span>
    ),
  },
  {
    key: 'last',
    header: 'Last heard of',
    align: 'end',
    hide: 'phone',
    width: 120,
    cell: ({ lastEventAt, lastSuccessAt }) => (
      <When at={laterOf(lastEventAt, lastSuccessAt)} none="never" />
    ),
  },
];

function Table({
  label,
  rows,
  columns,
}: {
  label: string;
  rows: readonly Connection[];
  columns: Column<Connection>[];
}) {
  if (rows.length === 0) return <p className="quiet small panel-body">None.</p>;
  return (
    <DataTable
      label={label}
      rows={rows}
      rowKey={({ name }) => name}
      rowHref={({ name }) => `/connections/${name}`}
      columns={columns}
    />
  );
}
