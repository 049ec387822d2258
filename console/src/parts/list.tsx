/** The common course of a list page: loading, problem, nothing yet, nothing that matches, rows. */
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Page } from '../api/types.ts';
import { DataTable, TableFoot, type Column } from './data-table.tsx';
import { EmptyState, Loading, Problem } from './layout.tsx';

interface PagesOf<Row> {
  pages: Page<Row>[];
}

/** The rows read so far, in order. */
export function rowsOf<Row>(data: PagesOf<Row> | undefined): Row[] {
  return data?.pages.flatMap((page) => page.items) ?? [];
}

export function List<Row>({
  query,
  rows = rowsOf(query.data),
  label,
  noun,
  columns,
  rowKey,
  rowHref,
  onOpen,
  empty,
  isFiltered = false,
  onClear,
}: {
  query: UseInfiniteQueryResult<PagesOf<Row>>;
  /** When the page filters what was read. */
  rows?: Row[];
  label: string;
  noun: string;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  rowHref?: (row: Row) => string | undefined;
  onOpen?: (row: Row) => void;
  empty: ReactNode;
  isFiltered?: boolean;
  onClear?: () => void;
}) {
  if (query.data === undefined) {
    return query.error === null ? (
      <Loading label={`Loading ${noun}`} />
    ) : (
      <div className="panel-body">
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      </div>
    );
  }
  const opening = { ...(rowHref && { rowHref }), ...(onOpen && { onOpen }) };
  return (
    <>
      {rows.length > 0 && (
        <DataTable label={label} columns={columns} rows={rows} rowKey={rowKey} {...opening} />
      )}
      {rows.length === 0 && !isFiltered && empty}
      {rows.length === 0 && isFiltered && (
        <EmptyState
          small
          title={
            query.hasNextPage
              ? `None of the ${noun} read so far match these filters`
              : `No ${noun} match these filters`
          }
          action={
            onClear && (
              <Button variant="default" size="compact-sm" mt={6} onClick={onClear}>
                Clear filters
              </Button>
            )
          }
        />
      )}
      {(rows.length > 0 || query.hasNextPage) && (
        <TableFoot
          shown={rows.length}
          noun={noun}
          hasMore={query.hasNextPage}
          isLoading={query.isFetchingNextPage}
          onMore={() => void query.fetchNextPage()}
          isWalkable={rowHref !== undefined || onOpen !== undefined}
        />
      )}
    </>
  );
}
