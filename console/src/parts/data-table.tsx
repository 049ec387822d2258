/**
 * The one table of the console. A row is a link; J and K or the arrows walk, Enter opens, so that a
 * reviewer never needs the mouse.
 */
import { Button } from '@mantine/core';
import { useRef, type KeyboardEvent, type MouseEvent, type ReactNode } from 'react';
import { counted } from './format.ts';
import { AppLink, useOpen } from './link.tsx';

export interface Column<Row> {
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  align?: 'start' | 'end';
  width?: number | string;
  /** Left out on small screens: `narrow` below 860 px, `phone` below 560 px. */
  hide?: 'narrow' | 'phone';
}

export function DataTable<Row>({
  label,
  columns,
  rows,
  rowKey,
  rowHref,
  onOpen,
}: {
  /** Names the table for those who do not see it. */
  label: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  /** The first cell becomes a link to it, and the whole row follows it on a click. */
  rowHref?: (row: Row) => string | undefined;
  /** Instead of an address: the first cell becomes a button. */
  onOpen?: (row: Row) => void;
}) {
  const body = useRef<HTMLTableSectionElement>(null);
  const open = useOpen();

  const walk = (event: KeyboardEvent) => {
    const step = STEP_OF_KEY[event.key];
    const target = event.target as HTMLElement;
    if (step === undefined || !target.classList.contains('row-link')) return;
    event.preventDefault();
    const links = [...(body.current?.querySelectorAll<HTMLElement>('.row-link') ?? [])];
    links[links.indexOf(target) + step]?.focus();
  };

  const follow = (event: MouseEvent, row: Row) => {
    const hasOwnMeaning = (event.target as HTMLElement).closest('a, button, input, label');
    if (hasOwnMeaning !== null || window.getSelection()?.isCollapsed === false) return;
    const href = rowHref?.(row);
    if (href !== undefined) open(href);
    else onOpen?.(row);
  };

  const isOpenable = rowHref !== undefined || onOpen !== undefined;
  const opens = (row: Row) => onOpen !== undefined || rowHref?.(row) !== undefined;
  const first = (row: Row, content: ReactNode) => {
    const href = rowHref?.(row);
    if (href !== undefined) {
      return (
        <AppLink className="row-link" href={href}>
          {content}
        </AppLink>
      );
    }
    if (onOpen !== undefined) {
      return (
        <button type="button" className="row-link plain-button" onClick={() => onOpen(row)}>
          {content}
        </button>
      );
    }
    return content;
  };

  const hideClass = (column: Column<Row>) =>
    column.hide === undefined ? undefined : `hide-${column.hide}`;

  return (
    <div className="table-scroll">
      <table className="table">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                data-align={column.align}
                className={hideClass(column)}
                style={{ width: column.width }}
              >
                {column.header}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={body} onKeyDown={walk} data-walkable={isOpenable || undefined}>
          {rows.map((row) => (
            <tr
              key={rowKey(row)}
              data-href={opens(row) || undefined}
              onClick={opens(row) ? (event) => follow(event, row) : undefined}
            >
              {columns.map((column, index) => (
                <td key={column.key} data-align={column.align} className={hideClass(column)}>
                  {index === 0 ? first(row, column.cell(row)) : column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const STEP_OF_KEY: Record<string, number> = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 };

/** How many are shown, and the way to the next page. */
export function TableFoot({
  shown,
  noun,
  hasMore,
  isLoading,
  onMore,
  isWalkable = true,
}: {
  shown: number;
  noun: string;
  hasMore: boolean;
  isLoading: boolean;
  onMore: () => void;
  /** Whether rows can be walked and opened by key. */
  isWalkable?: boolean;
}) {
  return (
    <div className="table-more">
      <span className="number">
        {counted(shown, noun)}
        {hasMore ? ' shown, there are more' : ''}
      </span>
      {hasMore ? (
        <Button variant="default" size="compact-xs" loading={isLoading} onClick={onMore}>
          Load more
        </Button>
      ) : (
        isWalkable && (
          <span className="hide-phone">
            <kbd className="key">J</kbd> <kbd className="key">K</kbd> to walk,{' '}
            <kbd className="key">Enter</kbd> to open
          </span>
        )
      )}
    </div>
  );
}
