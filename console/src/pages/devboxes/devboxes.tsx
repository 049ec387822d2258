/** Where agents work: each devbox with its state, age, ports, disk, and who is in it. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { type DevboxEntry, landingQueries } from '../../api/landing.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import type { Column } from '../../parts/data-table.tsx';
import type { IconName } from '../../parts/icon.tsx';
import { EmptyState } from '../../parts/layout.tsx';
import { ListPage } from '../../parts/list-page.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';

const LOOKS: Record<DevboxEntry['state'], { label: string; tone: Tone; icon: IconName }> = {
  open: { label: 'Open', tone: 'info', icon: 'running' },
  kept: { label: 'Work kept', tone: 'good', icon: 'check' },
  empty: { label: 'No work', tone: 'neutral', icon: 'cancelled' },
  lost: { label: 'Lost', tone: 'warn', icon: 'alert' },
};

const STATES = [
  { value: '', label: 'All' },
  ...Object.entries(LOOKS).map(([value, { label }]) => ({ value, label })),
];

const REST = { state: '' };

export function DevboxesPage() {
  const [filter, setFilter] = useSearchState(REST);
  const query = useInfiniteQuery(landingQueries.devboxes(filter));
  const columns: Column<DevboxEntry>[] = [
    {
      key: 'branch',
      header: 'Devbox',
      cell: (box) => (
        <span className="cell-title" style={{ maxWidth: 'min(56vw, 460px)' }}>
          <span>{box.branch}</span>
          <span className="quiet small">
            {box.repository}
            {box.step === null ? '' : ` · ${box.step}`}
          </span>
        </span>
      ),
    },
    { key: 'state', header: 'State', width: 116, cell: (box) => <Badge look={LOOKS[box.state]} /> },
    {
      key: 'who',
      header: 'Who',
      hide: 'phone',
      width: 170,
      cell: (box) => [box.agent, box.operator].filter(Boolean).join(' for ') || '–',
    },
    {
      key: 'ports',
      header: 'Ports',
      hide: 'narrow',
      width: 140,
      cell: (box) => (
        <span className="cell-title">
          {Object.entries(box.ports).map(([name, port]) => (
            <span key={name}>
              <span className="quiet small">{name}</span> {port}
            </span>
          ))}
        </span>
      ),
    },
    {
      key: 'disk',
      header: 'Disk',
      hide: 'narrow',
      align: 'end',
      width: 90,
      cell: (box) => (box.diskBytes === null ? '–' : `${Math.ceil(box.diskBytes / 2 ** 20)} MB`),
    },
    {
      key: 'ready',
      header: 'Ready in',
      hide: 'narrow',
      align: 'end',
      width: 110,
      cell: (box) => `${(box.readyMs / 1_000).toFixed(1)} s${box.wasWarm ? ' (warm)' : ''}`,
    },
    {
      key: 'made',
      header: 'Made',
      align: 'end',
      width: 104,
      hide: 'phone',
      cell: (box) => <When at={box.createdAt} />,
    },
  ];
  return (
    <ListPage
      title="Devboxes"
      description="Isolated work trees in which agents of workflows work. When one goes, its work stays on its branch."
      noun="devboxes"
      defaults={REST}
      filter={filter}
      onFilter={setFilter}
      states={STATES}
      query={query}
      as={{
        columns,
        rowKey: (box) => box.id,
        rowHref: ({ runId }) => (runId === null ? undefined : `/runs/${runId}`),
      }}
      empty={
        <EmptyState
          icon="agent"
          title="No devbox yet"
          text="A workflow step agent.run opens one: a work tree of its own, ready in seconds, with its own ports and caches."
        />
      }
    />
  );
}
