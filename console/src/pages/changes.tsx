/** Every proposed change with its verdict. */
import { Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import type { Change } from '../api/types.ts';
import { Author, LaneBadge, laneLook, StateBadge } from '../parts/badges.tsx';
import type { Column } from '../parts/data-table.tsx';
import { Filters, RepositoryFilter, SearchFilter, StateFilter } from '../parts/filters.tsx';
import { EmptyState, PageHeader } from '../parts/layout.tsx';
import { List, rowsOf } from '../parts/list.tsx';
import { useSearchState } from '../parts/search-state.ts';
import { When } from '../parts/time.tsx';

const STATES = [
  { value: 'open', label: 'Open' },
  { value: 'merged', label: 'Merged' },
  { value: 'closed', label: 'Closed' },
  { value: 'all', label: 'All' },
];

const LANES = ['ship', 'ship-and-watch', 'one-reviewer', 'two-person', 'hold'];

const COLUMNS: Column<Change>[] = [
  {
    key: 'title',
    header: 'Change',
    cell: (change) => (
      <span className="cell-title" style={{ maxWidth: 'min(52vw, 560px)' }}>
        <span>{change.title}</span>
        <span className="quiet small">
          {change.repository}
          {change.number === null ? '' : `#${change.number}`} · <code>{change.branch}</code>
        </span>
      </span>
    ),
  },
  { key: 'lane', header: 'Lane', cell: (change) => <LaneBadge lane={change.lane} />, width: 140 },
  {
    key: 'author',
    header: 'Author',
    hide: 'narrow',
    width: 170,
    cell: (change) => <Author name={change.authorName} kind={change.authorKind} />,
  },
  {
    key: 'state',
    header: 'State',
    hide: 'phone',
    width: 110,
    cell: (change) => <StateBadge state={change.state} bare />,
  },
  {
    key: 'updated',
    header: 'Updated',
    hide: 'phone',
    align: 'end',
    width: 110,
    cell: (change) => <When at={change.updatedAt} />,
  },
];

export function ChangesPage() {
  const [filter, setFilter] = useSearchState({ state: 'open', repository: '', lane: '', text: '' });
  const query = useInfiniteQuery(
    queries.changes({
      state: filter.state === 'all' ? '' : filter.state,
      repository: filter.repository,
    }),
  );

  const text = filter.text.toLowerCase();
  const rows = rowsOf(query.data).filter(
    (change) =>
      (filter.lane === '' || change.lane === filter.lane) &&
      `${change.title} ${change.branch} ${change.repository} ${change.authorName} ${change.id} ${change.headSha}`
        .toLowerCase()
        .includes(text),
  );
  const isFiltered =
    filter.text !== '' || filter.lane !== '' || filter.repository !== '' || filter.state !== 'open';

  return (
    <>
      <PageHeader
        title="Changes"
        description="Each proposed change, classified by risk: low risk ships alone, the rest waits for the right person."
      />
      <Filters>
        <StateFilter
          label="State"
          options={STATES}
          value={filter.state}
          onChange={(state) => setFilter({ state })}
        />
        <SearchFilter
          label="Filter changes"
          value={filter.text}
          onChange={(value) => setFilter({ text: value })}
        />
        <Select
          aria-label="Lane"
          placeholder="All lanes"
          data={LANES.map((lane) => ({ value: lane, label: laneLook(lane).label }))}
          value={filter.lane === '' ? null : filter.lane}
          onChange={(lane) => setFilter({ lane: lane ?? '' })}
          clearable
          w={150}
        />
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository })}
        />
      </Filters>
      <div className="panel">
        <List
          query={query}
          rows={rows}
          label="Changes"
          noun="changes"
          columns={COLUMNS}
          rowKey={(change) => change.id}
          rowHref={(change) => `/changes/${change.id}`}
          isFiltered={isFiltered}
          onClear={() => setFilter({ state: 'open', repository: '', lane: '', text: '' })}
          empty={
            <EmptyState
              icon="change"
              title="No open changes"
              text="A change appears when a branch is pushed or a pull request opened in a connected repository. To see a verdict before pushing:"
              steps={[
                {
                  text: 'Judge your branch by the policy in force. Nothing is written down.',
                  command: 'loom check',
                },
                { text: 'Then push it as always.', command: 'git push -u origin HEAD' },
              ]}
            />
          }
        />
      </div>
    </>
  );
}
