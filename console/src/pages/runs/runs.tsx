/** Executions of workflows. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { queries } from '../../api/queries.ts';
import type { Run } from '../../api/types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { duration, shortSource } from '../../parts/format.ts';
import { EmptyState } from '../../parts/layout.tsx';
import { asked, ListPage } from '../../parts/list-page.tsx';
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

const REST = { state: 'all', text: '' };

export function RunsPage() {
  const [filter, setFilter] = useSearchState(REST);
  const query = useInfiniteQuery(queries.runs(asked(filter)));
  const now = useNow();

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
    <ListPage
      title="Runs"
      description="Each execution of a workflow: an explicit graph that survives crashes and days of waiting."
      noun="runs"
      defaults={REST}
      filter={filter}
      onFilter={setFilter}
      states={STATES}
      textOf={(run) => `${run.title} ${run.workflow} ${run.repository ?? ''} ${run.id}`}
      query={query}
      as={{ columns, rowKey: (run) => run.id, rowHref: (run) => `/runs/${run.id}` }}
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
  );
}
