/** What depends on what: groups that open, a service with its surroundings, and all of it as a list. */
import { SegmentedControl, Select, Skeleton, Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo } from 'react';
import { contextQueries } from '../../api/context-queries.ts';
import { DataTable, type Column } from '../../parts/data-table.tsx';
import { Filters } from '../../parts/filters.tsx';
import { count, counted, plural } from '../../parts/format.ts';
import { EmptyState, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { ContextNavigation, entityPage } from './context-pages.tsx';
import {
  servicesOf,
  viewAround,
  viewOfAll,
  type Box,
  type Services,
  type View,
} from './map-view.ts';

const MapGraph = lazy(() => import('./map-graph.tsx'));
const SHOWN_OPTIONS = 50;

export function MapPage() {
  const [state, setState] = useSearchState({ focus: '', open: '', depth: '1', together: '' });
  const isTogether = state.together !== '';
  const query = useQuery(contextQueries.landscape(isTogether));
  const all = useMemo(
    () => (query.data === undefined ? undefined : servicesOf(query.data)),
    [query.data],
  );
  const isFocused = all?.services.has(state.focus) === true;
  const view = useMemo(() => {
    if (all === undefined) return undefined;
    return all.services.has(state.focus)
      ? viewAround(all, state.focus, Number(state.depth))
      : viewOfAll(all, state.open);
  }, [all, state.focus, state.open, state.depth]);
  const isEmpty = all?.services.size === 0;
  const declared = (all?.dependencies ?? []).filter(({ isCoupling }) => isCoupling !== true).length;

  const openBox = (box: Box) =>
    setState(box.kind === 'service' ? { focus: box.id } : { focus: '', open: box.id });

  return (
    <>
      <PageHeader
        title="Dependencies"
        crumbs={[{ label: 'Context', href: '/context' }]}
        description="Services and what they depend on, as catalogs declare it. Open a group, or focus on one service and look around it."
      />
      <ContextNavigation />
      {query.error !== null && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.data === undefined && query.error === null && (
        <div className="panel">
          <Loading label="Loading dependencies" />
        </div>
      )}
      {isEmpty && (
        <div className="panel">
          <EmptyState
            icon="run"
            title="No service is known yet"
            text="Services come from catalog-info.yaml (Backstage) or .loom/catalog.yaml in your repositories, with their system, owner and dependencies."
            steps={[{ text: 'Read a repository that has one:', command: 'loom import ../my-repo' }]}
          />
        </div>
      )}
      {all !== undefined && view !== undefined && !isEmpty && (
        <>
          <Filters>
            <Focus
              all={all}
              value={isFocused ? state.focus : ''}
              onChange={(focus) => setState({ focus })}
            />
            {isFocused && (
              <SegmentedControl
                aria-label="Steps around it"
                data={['1', '2', '3'].map((value) => ({
                  value,
                  label: plural(Number(value), 'step'),
                }))}
                value={state.depth}
                onChange={(depth) => setState({ depth })}
              />
            )}
            <Switch
              size="xs"
              label="Also what changes together"
              checked={isTogether}
              onChange={(event) => setState({ together: event.currentTarget.checked ? 'yes' : '' })}
            />
            <Trail
              all={all}
              open={isFocused ? '' : state.open}
              onOpen={(open) => setState({ open })}
            />
          </Filters>
          <div className="stack" style={{ '--gap': '16px' } as object}>
            {query.data?.isTruncated === true && (
              <Notice tone="info" title="Not everything is shown">
                <span>There are more services than one drawing can carry.</span>
              </Notice>
            )}
            <Panel
              title={
                isFocused ? `Around ${all.names.get(state.focus) ?? state.focus}` : 'All services'
              }
              note={
                <span className="number">
                  {plural(all.services.size, 'service')}, {counted(declared, 'dependencies')}
                  {isTogether && (
                    <>
                      , {counted(all.dependencies.length - declared, 'pairs')} that change together
                    </>
                  )}
                </span>
              }
              actions={isFocused && <AppLink href={entityPage(state.focus)}>Open its page</AppLink>}
              flush
              foot={
                view.all.length > view.lines.length
                  ? `An arrow leads from a service to what it needs. Of ${counted(view.all.length, 'lines')} the ${count(view.lines.length)} that matter most are drawn; the list has all.`
                  : `An arrow leads from a service to what it needs. Thicker lines stand for more dependencies.${isTogether ? ' A broken line joins services whose files change together though no catalog says why.' : ''}`
              }
            >
              <Suspense fallback={<Skeleton height={420} />}>
                <MapGraph view={view} onOpen={openBox} />
              </Suspense>
            </Panel>
            <AsList view={view} onOpen={openBox} />
          </div>
        </>
      )}
    </>
  );
}

function Focus({
  all,
  value,
  onChange,
}: {
  all: Services;
  value: string;
  onChange: (id: string) => void;
}) {
  const options = useMemo(
    () =>
      [...all.services.values()]
        .map(({ id }) => ({ value: id, label: all.names.get(id) ?? id }))
        .toSorted((a, b) => (a.label < b.label ? -1 : 1)),
    [all],
  );
  return (
    <Select
      aria-label="Focus on a service"
      placeholder="Focus on a service"
      data={options}
      limit={SHOWN_OPTIONS}
      value={value === '' ? null : value}
      onChange={(id) => onChange(id ?? '')}
      searchable
      clearable
      data-page-search
      w={260}
      nothingFoundMessage="No service of that name"
    />
  );
}

/** Which group is open, and the way back out of it. */
function Trail({
  all,
  open,
  onOpen,
}: {
  all: Services;
  open: string;
  onOpen: (id: string) => void;
}) {
  if (open === '') return null;
  const domain = [...all.services.values()].find(({ system }) => system === open)?.domain;
  const nameOf = (id: string) => all.names.get(id) ?? 'Without a group';
  return (
    <nav aria-label="Opened group" className="crumbs">
      <button type="button" className="plain-button text-button" onClick={() => onOpen('')}>
        All
      </button>
      {domain !== undefined && domain !== null && (
        <>
          <span aria-hidden="true">/</span>
          <button type="button" className="plain-button text-button" onClick={() => onOpen(domain)}>
            {nameOf(domain)}
          </button>
        </>
      )}
      <span aria-hidden="true">/</span>
      <span aria-current="true">{nameOf(open)}</span>
    </nav>
  );
}

/** The same, for those who read rather than look; groups open and services focus from here, too. */
function AsList({ view, onOpen }: { view: View; onOpen: (box: Box) => void }) {
  const titles = new Map(view.boxes.map(({ id, title }) => [id, title]));
  const namesOf = (ids: string[]) => {
    const names = ids.map((id) => titles.get(id) ?? id);
    const more = names.length - 4;
    return names.length === 0 ? (
      <span className="quiet">nothing here</span>
    ) : (
      <span className="wrap-anywhere">
        {names.slice(0, 4).join(', ')}
        {more > 0 && <span className="quiet"> and {more} more</span>}
      </span>
    );
  };
  const columns: Column<Box>[] = [
    {
      key: 'title',
      header: 'Name',
      cell: ({ title, place }) => (
        <span className="cell-title area-name">
          <span>{title}</span>
          {place !== '' && <span className="quiet small">{place}</span>}
        </span>
      ),
    },
    {
      key: 'kind',
      header: 'Holds',
      width: 120,
      hide: 'phone',
      cell: ({ kind, size }) => (kind === 'service' ? 'service' : plural(size, 'service')),
    },
    {
      key: 'needs',
      header: 'Needs',
      cell: ({ id }) =>
        namesOf(
          view.all
            .filter(({ from, isCoupling }) => from === id && isCoupling !== true)
            .map(({ to }) => to),
        ),
    },
    {
      key: 'needed',
      header: 'Needed by',
      hide: 'narrow',
      cell: ({ id }) =>
        namesOf(
          view.all
            .filter(({ to, isCoupling }) => to === id && isCoupling !== true)
            .map(({ from }) => from),
        ),
    },
    ...(view.all.some(({ isCoupling }) => isCoupling === true)
      ? [
          {
            key: 'together',
            header: 'Changes with',
            hide: 'narrow' as const,
            cell: ({ id }: Box) =>
              namesOf(
                view.all
                  .filter(
                    ({ from, to, isCoupling }) => isCoupling === true && (from === id || to === id),
                  )
                  .map(({ from, to }) => (from === id ? to : from)),
              ),
          },
        ]
      : []),
  ];
  return (
    <Panel title="The same as a list" note={plural(view.boxes.length, 'row')} flush>
      <DataTable
        label="Services and groups"
        columns={columns}
        rows={view.boxes}
        rowKey={({ id }) => id}
        onOpen={onOpen}
      />
    </Panel>
  );
}
