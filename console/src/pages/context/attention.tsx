/** Knowledge that misleads: contradicted, naming what is gone, replaced, or long not confirmed. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { contextQueries, MOST_STALE } from '../../api/context-queries.ts';
import type { Freshness, StaleKnowledge } from '../../api/context-types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { Filters, RepositoryFilter, StateFilter } from '../../parts/filters.tsx';
import { count, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import {
  ContextNavigation,
  entityPage,
  iconOfKind,
  nameOf,
  placeOf,
  wordOfKind,
} from './context-pages.tsx';
import { Conflict } from './disagreements.tsx';

const STATES = [
  { value: 'all', label: 'All' },
  { value: 'contradicted', label: 'Contradicted' },
  { value: 'stale', label: 'Stale' },
  { value: 'superseded', label: 'Superseded' },
  { value: 'unverified', label: 'Unverified' },
];
const STEP = 50;
const SHOWN_REASONS = 3;
/** What misleads comes before what is only old. */
const ORDER: readonly Freshness[] = ['contradicted', 'stale', 'superseded', 'unverified'];

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const COLUMNS: Column<StaleKnowledge>[] = [
  {
    key: 'record',
    header: 'Record',
    cell: ({ entity }) => (
      <span className="row">
        <span className="quiet entity-icon">
          <Icon name={iconOfKind(entity.kind)} label={wordOfKind(entity.kind)} />
        </span>
        <span className="cell-title entity-name">
          <span>{nameOf(entity)}</span>
          <span className="quiet small">{placeOf(entity) || wordOfKind(entity.kind)}</span>
        </span>
      </span>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: 132,
    cell: ({ entity }) => <StateBadge state={entity.freshness} />,
  },
  {
    key: 'reason',
    header: 'Why',
    hide: 'phone',
    cell: ({ because }) => (
      <span className="soft wrap-anywhere">
        {sentence(because.slice(0, SHOWN_REASONS).join('; '))}
        {because.length > SHOWN_REASONS && (
          <span className="quiet"> and {because.length - SHOWN_REASONS} more</span>
        )}
      </span>
    ),
  },
  {
    key: 'confirmed',
    header: 'Last said',
    width: 110,
    align: 'end',
    hide: 'narrow',
    cell: ({ entity }) => <When at={entity.confirmedAt} none="never" />,
  },
];

export function AttentionPage() {
  const [filter, setFilter] = useSearchState({ state: 'all', repository: '', limit: String(STEP) });
  const query = useQuery(contextQueries.stale(filter.repository));
  const contradictions = useQuery(contextQueries.contradictions());
  const conflicts = contradictions.data?.items ?? [];
  const all = query.data?.items ?? [];
  const countOf = (state: string) => all.filter(({ entity }) => entity.freshness === state).length;
  const matching = all
    .filter(({ entity }) => filter.state === 'all' || entity.freshness === filter.state)
    .toSorted((a, b) => ORDER.indexOf(a.entity.freshness) - ORDER.indexOf(b.entity.freshness));
  const shown = matching.slice(0, Number(filter.limit));

  return (
    <>
      <PageHeader
        title="To put right"
        crumbs={[{ label: 'Context', href: '/context' }]}
        description="Records that would mislead an agent. They are never handed out as current; putting them right makes packs better at once."
      />
      <ContextNavigation />
      <Filters>
        <StateFilter
          label="State"
          options={STATES.map(({ value, label }) => ({
            value,
            label:
              query.data === undefined || value === 'all'
                ? label
                : `${label} ${count(countOf(value))}`,
          }))}
          value={filter.state}
          onChange={(state) => setFilter({ state, limit: String(STEP) })}
        />
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository })}
        />
      </Filters>
      <div className="stack" style={{ '--gap': '16px' } as object}>
        {conflicts.length > 0 && (
          <Panel
            title="Contradictions"
            note={`${plural(conflicts.length, 'pair')} to settle`}
            flush
          >
            <ul aria-label="Contradictions">
              {conflicts.map(({ a, b, sources }) => (
                <li key={`${a.id} ${b.id}`} className="disagreement">
                  <Conflict a={a} b={b} sources={sources} />
                </li>
              ))}
            </ul>
          </Panel>
        )}
        {all.length === MOST_STALE && (
          <Notice tone="info" title="There are more">
            <span>
              These are the oldest {count(MOST_STALE)}. Choose a repository to see its own.
            </span>
          </Notice>
        )}
        <div className="panel">
          {query.data === undefined && query.error === null && <Loading label="Loading records" />}
          {query.error !== null && (
            <div className="panel-body">
              <Problem error={query.error} onRetry={() => void query.refetch()} />
            </div>
          )}
          {query.data !== undefined && matching.length === 0 && (
            <EmptyState
              icon="check"
              title="Nothing here is out of date"
              text="Documents are checked against the code they name, decisions against those that replace them, and rules against their age, whenever they are shown."
            />
          )}
          {shown.length > 0 && (
            <>
              <DataTable
                label="Records to put right"
                columns={COLUMNS}
                rows={shown}
                rowKey={({ entity }) => entity.id}
                rowHref={({ entity }) => entityPage(entity.id)}
              />
              <div className="table-more">
                <span className="number">
                  {count(shown.length)} of {plural(matching.length, 'record')}
                </span>
                {shown.length < matching.length && (
                  <Button
                    variant="default"
                    size="compact-xs"
                    onClick={() => setFilter({ limit: String(shown.length + STEP) })}
                  >
                    Show more
                  </Button>
                )}
              </div>
            </>
          )}
        </div>
      </div>
    </>
  );
}
