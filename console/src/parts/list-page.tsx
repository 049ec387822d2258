/**
 * The frame of a page that lists: title, filters that live in the address, rows page by page, and what is
 * said when there is none, none that matches, or no answer.
 */
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Page } from '../api/types.ts';
import { Filters, RepositoryFilter, SearchFilter, StateFilter } from './filters.tsx';
import { PageHeader } from './layout.tsx';
import { type Column, TableFoot } from './data-table.tsx';
import { List, rowsOf } from './list.tsx';

/** How rows are shown: as a table, or one below the other in a way of their own. */
export type RowsAs<Row> = { rowKey: (row: Row) => string } & (
  | {
      columns: Column<Row>[];
      /** A row without an address is no link. */
      rowHref?: (row: Row) => string | undefined;
      onOpen?: (row: Row) => void;
    }
  | { card: (row: Row) => ReactNode }
);

/** Filters every list page may have; further ones are the page's own. */
export type ListFilter = Record<string, string> & { state: string };

/** What is asked of the server: `all` is no question, and the search looks at what was read. */
export function asked(filter: ListFilter): Record<string, string> {
  return Object.fromEntries(
    Object.entries(filter)
      .filter(([name]) => name !== 'text')
      .map(([name, value]) => [name, value === 'all' ? '' : value]),
  );
}

export function ListPage<Row, Filter extends ListFilter>({
  title,
  description,
  actions,
  noun,
  defaults,
  filter,
  onFilter,
  states,
  more,
  textOf,
  keeps = () => true,
  query,
  empty,
  as,
}: {
  title: string;
  description: string;
  actions?: ReactNode;
  /** In the plural: `work items`. */
  noun: string;
  /** The filters at rest. With `repository` among them, a repository can be chosen. */
  defaults: Filter;
  filter: NoInfer<Filter>;
  onFilter: (change: Partial<NoInfer<Filter>>) => void;
  states: { value: string; label: string }[];
  /** Further filters. */
  more?: ReactNode;
  /** What the search looks in; without it there is no search. */
  textOf?: (row: Row) => string;
  /** Filters what was read beyond what the server was asked. */
  keeps?: (row: Row) => boolean;
  query: UseInfiniteQueryResult<{ pages: Page<Row>[] }>;
  /** Said when nothing is there and nothing is filtered. */
  empty: ReactNode;
  as: RowsAs<Row>;
}) {
  const set = (change: Record<string, string>) => onFilter(change as Partial<Filter>);
  const text = (filter['text'] ?? '').toLowerCase();
  const rows = rowsOf(query.data).filter(
    (row) => keeps(row) && (textOf === undefined || textOf(row).toLowerCase().includes(text)),
  );
  const isFiltered = Object.entries(defaults).some(([name, value]) => filter[name] !== value);
  return (
    <>
      <PageHeader title={title} description={description} actions={actions} />
      <Filters>
        <StateFilter
          label="State"
          options={states}
          value={filter.state}
          onChange={(state) => set({ state })}
        />
        {textOf !== undefined && (
          <SearchFilter
            label={`Filter ${noun}`}
            value={filter['text'] ?? ''}
            onChange={(value) => set({ text: value })}
          />
        )}
        {more}
        {'repository' in defaults && (
          <RepositoryFilter
            value={filter['repository'] ?? ''}
            onChange={(repository) => set({ repository })}
          />
        )}
      </Filters>
      {'card' in as && rows.length > 0 ? (
        <>
          <ul className="stack" aria-label={title}>
            {rows.map((row) => (
              <li key={as.rowKey(row)}>{as.card(row)}</li>
            ))}
          </ul>
          {query.hasNextPage && (
            <TableFoot
              shown={rows.length}
              noun={noun}
              hasMore
              isLoading={query.isFetchingNextPage}
              onMore={() => void query.fetchNextPage()}
            />
          )}
        </>
      ) : (
        <div className="panel">
          <List
            query={query}
            rows={rows}
            label={title}
            noun={noun}
            columns={[]}
            {...as}
            isFiltered={isFiltered}
            onClear={() => onFilter(defaults)}
            empty={empty}
          />
        </div>
      )}
    </>
  );
}
