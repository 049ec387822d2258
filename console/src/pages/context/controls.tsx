/** Which regulation bears on a thing, and what a control bears on: for whoever must show it to an auditor. */
import { useQuery } from '@tanstack/react-query';
import { contextQueries } from '../../api/context-queries.ts';
import type { BearingControl, ControlReach } from '../../api/context-types.ts';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { count, counted, plural, shortId } from '../../parts/format.ts';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink, pageOf } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';
import { EntityLink } from './context-pages.tsx';

/** Nothing is shown where nothing bears on it. */
export function Controls({ id }: { id: string }) {
  const { data, error } = useQuery(contextQueries.controls(id));
  if (error !== null) return <Problem error={error} />;
  if (data === undefined || data.items.length === 0) return null;
  return (
    <Panel title="Controls" note={`${plural(data.items.length, 'control')} bear on it`} flush>
      <ul aria-label="Controls" className="source-list">
        {data.items.map((item) => (
          <Bearing key={item.control.id} item={item} />
        ))}
      </ul>
    </Panel>
  );
}

function Bearing({ item: { control, bonds } }: { item: BearingControl }) {
  return (
    <li>
      <EntityLink entity={control} />
      {bonds.map(({ pattern, dataClass, through, writtenIn }) => (
        <p key={`${pattern} ${writtenIn}`} className="small soft wrap-anywhere in-sentence">
          {through === null ? <code>{pattern}</code> : <>through {through.title}</>}
          {dataClass !== null && <> · data class {dataClass}</>}
          <span className="quiet"> · {writtenIn}</span>
        </p>
      ))}
    </li>
  );
}

const PATTERNS: Column<ControlReach['patterns'][number]>[] = [
  { key: 'pattern', header: 'Paths', cell: ({ pattern }) => <code>{pattern}</code> },
  { key: 'repository', header: 'Repository', hide: 'phone', cell: ({ repository }) => repository },
  { key: 'class', header: 'Data class', hide: 'narrow', cell: ({ dataClass }) => dataClass ?? '' },
  {
    key: 'files',
    header: 'Files',
    width: 70,
    align: 'end',
    cell: ({ files }) => <span className="number">{count(files)}</span>,
  },
  {
    key: 'written',
    header: 'Written in',
    hide: 'phone',
    cell: ({ writtenIn }) => <span className="quiet wrap-anywhere">{writtenIn}</span>,
  },
];

const CHANGES: Column<ControlReach['changes'][number]>[] = [
  {
    key: 'subject',
    header: 'Change',
    cell: ({ subject, sha }) => (
      <span className="cell-title">
        <span>{subject}</span>
        <code className="quiet small">{shortId(sha)}</code>
      </span>
    ),
  },
  { key: 'author', header: 'By', hide: 'phone', cell: ({ author }) => author },
  {
    key: 'files',
    header: 'Files of it',
    width: 96,
    align: 'end',
    hide: 'narrow',
    cell: ({ files }) => <span className="number">{count(files)}</span>,
  },
  { key: 'at', header: 'When', width: 110, align: 'end', cell: ({ at }) => <When at={at} /> },
];

/** From a control to services, files and changes. */
export function Reach({ id }: { id: string }) {
  const { data, error, refetch } = useQuery(contextQueries.controlReach(id));
  if (error !== null) return <Problem error={error} onRetry={() => void refetch()} />;
  if (data === undefined) {
    return (
      <div className="panel">
        <Loading label="Loading what it bears on" />
      </div>
    );
  }
  const { services, patterns, files, fileCount, changes } = data;
  return (
    <>
      <Panel
        title="Bears on"
        note={`${plural(services.length, 'service')}, ${counted(fileCount, 'files')}`}
        flush
      >
        {services.length + patterns.length === 0 && (
          <EmptyState
            small
            title="Nothing yet"
            text="Tags and annotations in catalogs put controls on services, and data classes of the policy on paths."
          />
        )}
        <ul aria-label="Services" className="source-list">
          {services.map(({ service, because }) => (
            <li key={service.id}>
              <EntityLink entity={service} />
              <p className="small quiet wrap-anywhere">{because.join(', ')}</p>
            </li>
          ))}
        </ul>
        {patterns.length > 0 && (
          <DataTable
            label="Paths"
            columns={PATTERNS}
            rows={patterns}
            rowKey={({ repository, pattern, writtenIn }) => `${repository} ${pattern} ${writtenIn}`}
          />
        )}
        {files.length > 0 && (
          <details className="source-more">
            <summary>{counted(fileCount, 'files')}</summary>
            <ul aria-label="Files" className="source-list">
              {files.map(({ repository, path }) => (
                <li key={`${repository} ${path}`} className="small wrap-anywhere">
                  <AppLink href={pageOf(`${path}:1`)}>{path}</AppLink>{' '}
                  <span className="quiet">{repository}</span>
                </li>
              ))}
            </ul>
          </details>
        )}
      </Panel>
      {changes.length > 0 && (
        <Panel title="Newest changes to these files" note={plural(changes.length, 'change')} flush>
          <DataTable
            label="Changes"
            columns={CHANGES}
            rows={changes}
            rowKey={({ repository, sha }) => `${repository} ${sha}`}
            rowHref={({ sha }) => pageOf(sha)}
          />
        </Panel>
      )}
    </>
  );
}
