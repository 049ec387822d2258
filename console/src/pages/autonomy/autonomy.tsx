/** What ships with nobody waiting, how it went, and what harm has halved. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { type Autonomy, autonomyQueries, type AutonomyRecord } from '../../api/autonomy.ts';
import { policyQueries } from '../../api/policy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { count, day, percent, plural } from '../../parts/format.ts';
import { EmptyState, Loading, PageHeader, Panel, Problem, Stat } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';
import { Audits } from './audits.tsx';
import './autonomy.css';
import { Bounds } from './bounds.tsx';
import { Curbs } from './curbs.tsx';
import { Thresholds } from './thresholds.tsx';

export function AutonomyPage() {
  const query = useQuery(autonomyQueries.all());
  return (
    <>
      <PageHeader
        title="Autonomy"
        description="Changes that ship alone: what is left of today’s budgets, what came of them, and what harm has halved. Grants are the leader’s file alone."
        actions={<AppLink href="/policy">The rules in force</AppLink>}
      />
      {query.data === undefined && query.error === null && <Loading />}
      {query.data === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && <Content autonomy={query.data} />}
    </>
  );
}

function Content({ autonomy }: { autonomy: Autonomy }) {
  const { curbs, budgets, records, bounds, thresholds, audits, windowDays } = autonomy;
  if (curbs.length + budgets.length + records.length + bounds.length === 0) {
    return (
      <div className="panel">
        <EmptyState
          icon="autonomy"
          title="Nothing has shipped alone yet"
          text="A change ships alone where a grant of the policy covers all of it, its risk is low enough and the day’s budget is not spent. What comes of it is counted here, for each agent, repository and folder."
          steps={[
            {
              text: 'Write a grant under autonomy and see what it would have let through.',
              command: 'loom policy backtest',
            },
          ]}
          action={<AppLink href="/policy?tab=edit">Open the policy studio</AppLink>}
        />
      </div>
    );
  }
  const shipped = records.reduce((sum, { shippedAlone }) => sum + shippedAlone, 0);
  const reverted = records.reduce((sum, each) => sum + each.reverted, 0);
  const incidents = records.reduce((sum, each) => sum + each.incidents, 0);
  const active = curbs.filter(({ isActive }) => isActive).length;
  return (
    <div className="stack">
      <div className="stats">
        <Stat
          value={count(shipped)}
          label="shipped alone"
          note={`in ${windowDays} days, counted in each folder they touch`}
        />
        <Stat
          value={count(reverted)}
          label="reverted or rolled back"
          note={shipped === 0 ? '' : `${percent(reverted / shipped)} of them`}
        />
        <Stat
          value={count(incidents)}
          label={incidents === 1 ? 'incident' : 'incidents'}
          note="traced to one of them"
        />
        <Stat
          value={count(active)}
          label={active === 1 ? 'halving in force' : 'halvings in force'}
          note={active === 0 ? 'full budgets everywhere' : 'percentile and budget'}
        />
      </div>
      <Bounds bounds={bounds} />
      {thresholds.length > 0 && <Thresholds thresholds={thresholds} />}
      <Audits audits={audits} />
      <Curbs curbs={curbs} />
      <Budgets budgets={budgets} />
      <Records records={records} windowDays={windowDays} />
    </div>
  );
}

function Budgets({ budgets }: { budgets: Autonomy['budgets'] }) {
  const repositories = [...new Set(budgets.map(({ repository }) => repository))];
  const policies = useQueries({
    queries: repositories.map((repository) => policyQueries.inForce(repository)),
  });
  const wordsOf = (repository: string, grant: string) =>
    policies[repositories.indexOf(repository)]?.data?.rules.find(({ id }) => id === grant)?.words;
  return (
    <Panel
      title="Budgets of today"
      note="drawn on by changes that shipped alone; they start anew at midnight UTC"
      flush
    >
      {budgets.length === 0 ? (
        <EmptyState
          small
          title="Nothing was drawn today"
          text="No change has shipped alone under a grant with a daily budget."
        />
      ) : (
        <DataTable
          label="Budgets of today"
          rows={budgets}
          rowKey={({ repository, budget }) => `${repository} ${budget}`}
          columns={[
            {
              key: 'scope',
              header: 'For',
              cell: ({ budget, repository }) => (
                <span className="cell-title">
                  <span>{scopeOf(budget)}</span>
                  <span className="quiet small">{repository}</span>
                </span>
              ),
            },
            {
              key: 'grant',
              header: 'Under the grant',
              hide: 'phone',
              cell: ({ budget, repository }) => (
                <span className="autonomy-grant">
                  <code>{grantOf(budget)}</code>
                  <span className="quiet small">{wordsOf(repository, grantOf(budget))}</span>
                </span>
              ),
            },
            {
              key: 'used',
              header: 'Used',
              align: 'end',
              width: 90,
              cell: ({ used }) => <strong>{count(used)}</strong>,
            },
          ]}
        />
      )}
    </Panel>
  );
}

/** `autonomy.tier1 service:checkout` -> `Service checkout`. */
function scopeOf(budget: string): string {
  const scope = budget.split(' ').slice(1).join(' ');
  const [kind = '', ...name] = scope.split(':');
  if (name.length === 0) return scope === '' ? 'All of it' : scope;
  return `${kind.charAt(0).toUpperCase()}${kind.slice(1)} ${name.join(':')}`;
}

function grantOf(budget: string): string {
  return budget.split(' ')[0] ?? budget;
}

function Records({
  records,
  windowDays,
}: {
  records: readonly AutonomyRecord[];
  windowDays: number;
}) {
  const highest = Math.max(1, ...records.map(({ shippedAlone }) => shippedAlone));
  return (
    <Panel
      title="Track record"
      note={`what each agent shipped alone, by repository and folder, in ${plural(windowDays, 'day')}`}
      flush
    >
      {records.length === 0 ? (
        <EmptyState small title="No record in this time" />
      ) : (
        <DataTable
          label="Track record"
          rows={records}
          rowKey={({ agent, repository, prefix }) => `${agent} ${repository} ${prefix}`}
          columns={[
            {
              key: 'agent',
              header: 'Agent and place',
              cell: ({ agent, repository, prefix }) => (
                <span className="cell-title">
                  <span>{agent}</span>
                  <span className="quiet small">
                    {repository} · <code>{prefix === '' ? '/' : prefix}</code>
                  </span>
                </span>
              ),
            },
            {
              key: 'bar',
              header: 'Shipped alone',
              width: '30%',
              hide: 'narrow',
              cell: (record) => <Track record={record} highest={highest} />,
            },
            {
              key: 'shipped',
              header: 'Changes',
              align: 'end',
              width: 84,
              cell: ({ shippedAlone }) => count(shippedAlone),
            },
            {
              key: 'outcome',
              header: 'Came of it',
              width: 190,
              cell: ({ reverted, incidents }) =>
                reverted + incidents === 0 ? (
                  <Badge look={{ label: 'No harm known', tone: 'good', icon: 'check' }} />
                ) : (
                  <Badge
                    look={{ label: harmOf(reverted, incidents), tone: 'bad', icon: 'alert' }}
                  />
                ),
            },
            {
              key: 'since',
              header: 'Since',
              hide: 'phone',
              width: 190,
              cell: ({ firstAt, lastAt }) => (
                <span className="nowrap">
                  {day(firstAt)}{' '}
                  <span className="quiet small">
                    last <When at={lastAt} />
                  </span>
                </span>
              ),
            },
          ]}
        />
      )}
    </Panel>
  );
}

function harmOf(reverted: number, incidents: number): string {
  return [
    ...(reverted > 0 ? [`${reverted} reverted`] : []),
    ...(incidents > 0 ? [plural(incidents, 'incident')] : []),
  ].join(', ');
}

/** How many, against the longest record; what was taken back is the end of the bar. */
function Track({ record, highest }: { record: AutonomyRecord; highest: number }) {
  const harmed = Math.min(record.shippedAlone, record.reverted + record.incidents);
  return (
    <span className="track" aria-hidden="true">
      <span
        data-tone="good"
        style={{ width: `${((record.shippedAlone - harmed) / highest) * 100}%` }}
      />
      <span data-tone="bad" style={{ width: `${(harmed / highest) * 100}%` }} />
    </span>
  );
}
