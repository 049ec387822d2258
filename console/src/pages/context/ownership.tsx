/** Who knows which part of a repository and who is said to own it, and on how few people each part hangs. */
import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { contextQueries } from '../../api/context-queries.ts';
import type { FolderOwnership } from '../../api/context-types.ts';
import { queries } from '../../api/queries.ts';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { Filters } from '../../parts/filters.tsx';
import { count, day, percent, plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { ContextNavigation, entityPage } from './context-pages.tsx';
import { OwnershipTreemap } from './ownership-treemap.tsx';
import { activeShare, areasOf, depthOf, MOST_DEPTH, nameIn, riskOf } from './ownership-areas.ts';

/** As many as one answer carries. */
const MOST_FOLDERS = 300;

export function OwnershipPage() {
  const [state, setState] = useSearchState({ repository: '', under: '', view: 'table' });
  const repositories = useQuery(queries.repositories());
  const names = (repositories.data?.items ?? []).map(({ name }) => name);
  const repository = state.repository === '' ? (names[0] ?? '') : state.repository;
  const query = useQuery({
    ...contextQueries.ownership(repository, depthOf(state.under)),
    enabled: repository !== '',
  });
  const areas = query.data === undefined ? undefined : areasOf(query.data.folders, state.under);
  const enter = (under: string) => setState({ under });

  return (
    <>
      <PageHeader
        title="Ownership"
        crumbs={[{ label: 'Context', href: '/context' }]}
        description="Declared owners beside those the history shows. The bus factor is how few people did half of the recent work."
      />
      <ContextNavigation />
      {repositories.data !== undefined && names.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="people"
            title="No history to read"
            text="Import a repository, and each folder shows who knows it and who is said to own it."
            steps={[{ text: 'Read one:', command: 'loom import ../my-repo' }]}
          />
        </div>
      ) : (
        <>
          <Filters>
            <Select
              aria-label="Repository"
              data={names}
              value={repository === '' ? null : repository}
              onChange={(name) => setState({ repository: name ?? '', under: '' })}
              allowDeselect={false}
              searchable={names.length > 8}
              w={220}
            />
            <SegmentedControl
              aria-label="View"
              data={[
                { value: 'table', label: 'Table' },
                { value: 'map', label: 'Map' },
              ]}
              value={state.view}
              onChange={(view) => setState({ view })}
            />
            <Trail under={state.under} onEnter={enter} />
          </Filters>
          {query.error !== null && (
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          )}
          {areas === undefined && query.error === null && (
            <div className="panel">
              <Loading label="Loading ownership" />
            </div>
          )}
          {areas !== undefined && (
            <div className="stack" style={{ '--gap': '16px' } as object}>
              {query.data?.folders.length === MOST_FOLDERS && (
                <Notice tone="info" title="Only the largest folders are shown">
                  <span>There are more than {count(MOST_FOLDERS)} at this depth.</span>
                </Notice>
              )}
              <Figures areas={areas} />
              {state.view === 'map' && areas.length > 0 && (
                <Panel
                  title="Map"
                  note="size: files; colour: bus factor"
                  foot="Red hangs on one person or on people no longer active, amber on two, green on three or more."
                >
                  <OwnershipTreemap areas={areas} under={state.under} onEnter={enter} />
                </Panel>
              )}
              {state.view === 'table' && (
                <Areas areas={areas} under={state.under} onEnter={enter} />
              )}
            </div>
          )}
        </>
      )}
    </>
  );
}

function Trail({ under, onEnter }: { under: string; onEnter: (under: string) => void }) {
  const parts = under.split('/').filter(Boolean);
  if (parts.length === 0) return null;
  return (
    <nav aria-label="Folder" className="crumbs">
      <button type="button" className="plain-button text-button" onClick={() => onEnter('')}>
        top
      </button>
      {parts.map((part, index) => (
        <span key={parts.slice(0, index + 1).join('/')} className="row" style={{ gap: 6 }}>
          <Icon name="right" size={11} />
          {index === parts.length - 1 ? (
            <span aria-current="true">{part}</span>
          ) : (
            <button
              type="button"
              className="plain-button text-button"
              onClick={() => onEnter(parts.slice(0, index + 1).join('/'))}
            >
              {part}
            </button>
          )}
        </span>
      ))}
    </nav>
  );
}

function Figures({ areas }: { areas: readonly FolderOwnership[] }) {
  const filesOf = (list: readonly FolderOwnership[]) =>
    list.reduce((sum, { files }) => sum + files, 0);
  const total = filesOf(areas);
  const note = (list: readonly FolderOwnership[]) =>
    `${percent(total === 0 ? null : filesOf(list) / total)} of the files`;
  const alone = areas.filter(({ busFactor }) => busFactor === 1);
  const left = areas.filter((area) => area.busFactor > 0 && activeShare(area) < 0.5);
  const unowned = areas.filter(({ declared }) => declared.length === 0);
  const figures: [label: string, value: string, note: string][] = [
    ['Folders', count(areas.length), plural(total, 'file')],
    ['Hang on one person', count(alone.length), note(alone)],
    ['Their people are inactive', count(left.length), note(left)],
    ['Without a declared owner', count(unowned.length), note(unowned)],
  ];
  return (
    <section className="stats" aria-label="Ownership in figures">
      {figures.map(([label, value, note]) => (
        <div key={label} className="stat">
          <span className="stat-label">{label}</span>
          <span className="stat-value">{value}</span>
          <span className="stat-note">{note}</span>
        </div>
      ))}
    </section>
  );
}

const columnsIn = (under: string): Column<FolderOwnership>[] => [
  {
    key: 'folder',
    header: 'Folder',
    cell: ({ folder, files, component }) => (
      <span className="row">
        <span className="quiet entity-icon">
          <Icon name="folder" size={14} />
        </span>
        <span className="cell-title area-name">
          <span>{nameIn(folder, under)}</span>
          <span className="quiet small">
            {plural(files, 'file')}
            {component !== null && `, service ${component}`}
          </span>
        </span>
      </span>
    ),
  },
  { key: 'bus', header: 'Bus factor', width: 132, cell: (area) => <BusFactor area={area} /> },
  { key: 'people', header: 'Observed owners', cell: (area) => <Known area={area} /> },
  {
    key: 'declared',
    header: 'Declared owners',
    hide: 'narrow',
    cell: ({ declared }) =>
      declared.length === 0 ? (
        <span className="left small">nobody</span>
      ) : (
        <span className="small wrap-anywhere">{declared.join(', ')}</span>
      ),
  },
];

function Areas({
  areas,
  under,
  onEnter,
}: {
  areas: readonly FolderOwnership[];
  under: string;
  onEnter: (under: string) => void;
}) {
  const isDeepest = under !== '' && under.split('/').length >= MOST_DEPTH;
  const enter = ({ folder }: FolderOwnership) => {
    if (folder !== under) onEnter(folder);
  };
  return (
    <Panel title="Folders" note={count(areas.length)} flush>
      {areas.length === 0 ? (
        <EmptyState small title="Nothing lies here" />
      ) : (
        <DataTable
          label="Folders"
          columns={columnsIn(under)}
          rows={areas}
          rowKey={({ folder }) => folder}
          {...(!isDeepest && { onOpen: enter })}
        />
      )}
    </Panel>
  );
}

function BusFactor({ area }: { area: FolderOwnership }) {
  const { tone, word } = riskOf(area);
  return (
    <span className="badge" data-tone={tone} title={word}>
      <Icon name={area.busFactor > 1 ? 'people' : 'person'} size={13} />
      {area.busFactor}
      <span className="visually-hidden">: {word}</span>
      {area.busFactor > 0 && activeShare(area) < 0.5 && ', inactive'}
    </span>
  );
}

const NAMED = 2;

function Known({ area: { people } }: { area: FolderOwnership }) {
  const named = people.slice(0, NAMED);
  return (
    <span className="known">
      <span className="stacked-bar" aria-hidden="true">
        {people.map(({ id, name, share, isActive }) => (
          <span
            key={id}
            data-left={!isActive || undefined}
            style={{ width: `${100 * share}%` }}
            title={`${name}: ${percent(share)}${isActive ? '' : ', inactive'}`}
          />
        ))}
      </span>
      <span className="small wrap-anywhere in-sentence">
        {named.map(({ id, name, share, isActive, lastAt }, index) => (
          <span key={id}>
            {index > 0 && ', '}
            <AppLink href={entityPage(`person:${id}`)}>{name}</AppLink> {percent(share)}
            {!isActive && (
              <span className="left" title={`Last change ${day(lastAt)}`}>
                {' '}
                inactive
              </span>
            )}
          </span>
        ))}
        {people.length > NAMED && <span className="quiet"> and others</span>}
        {people.length === 0 && <span className="quiet">nobody lately</span>}
      </span>
    </span>
  );
}
