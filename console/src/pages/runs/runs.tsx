/** Executions of workflows. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Run } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Filters, SearchFilter, StateFilter } from '../../parts/filters.tsx';
import { duration, shortSource } from '../../parts/format.ts';
import { EmptyState, PageHeader } from '../../parts/layout.tsx';
import { List, rowsOf } from '../../parts/list.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { useNow, When } from '../../parts/time.tsx';

const STATES = [
  { value: 'all', label: 'All' },
  { value: 'running', label: 'Running' },
  { value: 'paused', label: 'Paused' },
  { value: 'failed', label: 'Failed' },
  { value: 'done', label: 'Done' },
  { value: 'cancelled', label: 'Cancelled' },
];

export function RunsPage() {
  const [filter, setFilter] = useSearchState({ state: 'all', text: '' });
  const query = useInfiniteQuery(
    queries.runs({ state: filter.state === 'all' ? '' : filter.state }),
  );
  const now = useNow();
  const text = filter.text.toLowerCase();
  const rows = rowsOf(query.data).filter((run) =>
    `${run.title} ${run.workflow} ${run.repository ?? ''} ${run.id}`.toLowerCase().includes(text),
  );

  const columns: Column<Run>[] = [
    {
      key: 'title',
      header: 'Run',
      cell: (run) => (
        <span className="cell-title" style={{ maxWidth: 'min(56vw, 620px)' }}>
          <span>{run.title}</span>
          <span className="quiet small">
            {run.workflow}
            {run.repository === null ? '' : ` · ${run.repository}`}
          </span>
        </span>
      ),
    },
    { key: 'state', header: 'State', width: 116, cell: (run) => <StateBadge state={run.state} /> },
    {
      key: 'source',
      header: 'Definition',
      hide: 'narrow',
      width: 250,
      cell: (run) => (
        <code className="quiet small cut" style={{ display: 'block', maxWidth: 250 }}>
          {shortSource(run.definitionSource)}
        </code>
      ),
    },
    {
      key: 'took',
      header: 'Took',
      hide: 'narrow',
      align: 'end',
      width: 80,
      cell: (run) =>
        duration(
          (run.endedAt === null ? now : Date.parse(run.endedAt)) - Date.parse(run.createdAt),
        ),
    },
    {
      key: 'created',
      header: 'Started',
      hide: 'phone',
      align: 'end',
      width: 104,
      cell: (run) => <When at={run.createdAt} />,
    },
  ];

  return (
    <>
      <PageHeader
        title="Runs"
        description="Each execution of a workflow: an explicit graph that survives crashes and days of waiting."
      />
      <Filters>
        <StateFilter
          label="State"
          options={STATES}
          value={filter.state}
          onChange={(state) => setFilter({ state })}
        />
        <SearchFilter
          label="Filter runs"
          value={filter.text}
          onChange={(value) => setFilter({ text: value })}
        />
      </Filters>
      <div className="panel">
        <List
          query={query}
          rows={rows}
          label="Runs"
          noun="runs"
          columns={columns}
          rowKey={(run) => run.id}
          rowHref={(run) => `/runs/${run.id}`}
          isFiltered={filter.text !== '' || filter.state !== 'all'}
          onClear={() => setFilter({ state: 'all', text: '' })}
          empty={
            <EmptyState
              icon="run"
              title="No run yet"
              text="A pushed branch starts the change workflow: context, checks, verdict, approval, merge, deployment. See the graph before anything runs:"
              steps={[
                { text: 'Draw the workflow of a repository.', command: 'loom workflow graph' },
                { text: 'Start it with a push.', command: 'git push -u origin HEAD' },
              ]}
            />
          }
        />
      </div>
    </>
  );
}
