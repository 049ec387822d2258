/** Every proposed change with its verdict. */
import { Select } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import type { Change } from '../api/types.ts';
import { Author, LaneBadge, laneLook, StateBadge } from '../parts/badges.tsx';
import type { Column } from '../parts/data-table.tsx';
import { EmptyState } from '../parts/layout.tsx';
import { asked, ListPage } from '../parts/list-page.tsx';
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

const REST = { state: 'open', repository: '', lane: '', text: '' };

export function ChangesPage() {
  const [filter, setFilter] = useSearchState(REST);
  const { lane, ...wanted } = filter;
  const query = useInfiniteQuery(queries.changes(asked(wanted)));
  return (
    <ListPage
      title="Changes"
      description="Each proposed change, classified by risk: low risk ships alone, the rest waits for the right person."
      noun="changes"
      defaults={REST}
      filter={filter}
      onFilter={setFilter}
      states={STATES}
      more={
        <Select
          aria-label="Lane"
          placeholder="All lanes"
          data={LANES.map((value) => ({ value, label: laneLook(value).label }))}
          value={lane === '' ? null : lane}
          onChange={(value) => setFilter({ lane: value ?? '' })}
          clearable
          w={150}
        />
      }
      textOf={({ title, branch, repository, authorName, id, headSha }) =>
        `${title} ${branch} ${repository} ${authorName} ${id} ${headSha}`
      }
      keeps={(change) => lane === '' || change.lane === lane}
      query={query}
      as={{
        columns: COLUMNS,
        rowKey: (change) => change.id,
        rowHref: (change) => `/changes/${change.id}`,
      }}
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
  );
}
