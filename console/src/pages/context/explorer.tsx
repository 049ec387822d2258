/** Everything the organisation knows of, by name and by what is written in it. */
import { Select } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { contextQueries } from '../../api/context-queries.ts';
import type { Entity, SearchHit } from '../../api/context-types.ts';
import { queries } from '../../api/queries.ts';
import { StateBadge } from '../../parts/badges.tsx';
import type { Column } from '../../parts/data-table.tsx';
import { Filters, RepositoryFilter, SearchFilter } from '../../parts/filters.tsx';
import { humanise, shortId } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink, pageOf } from '../../parts/link.tsx';
import { List } from '../../parts/list.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import {
  ContextNavigation,
  entityPage,
  iconOfKind,
  nameOf,
  placeOf,
  wordOfKind,
} from './context-pages.tsx';

const GROUPS = [
  { value: 'all', label: 'Everything', kinds: '' },
  { value: 'services', label: 'Services', kinds: 'component,api,resource,system,domain' },
  { value: 'people', label: 'People and teams', kinds: 'person,team' },
  { value: 'files', label: 'Files and symbols', kinds: 'file,symbol,package' },
  { value: 'documents', label: 'Documents', kinds: 'document,section,thread' },
  { value: 'decisions', label: 'Decisions and rules', kinds: 'decision,rule,control,slo' },
  {
    value: 'history',
    label: 'Changes and incidents',
    kinds: 'change,work-item,incident,deployment,session',
  },
];
/** What a newcomer asks for first. */
const FIRST = 'component,api,system,domain,team,decision,rule,document,incident,slo,control';
const TYPING_MS = 200;

const COLUMNS: Column<Entity>[] = [
  {
    key: 'name',
    header: 'Name',
    cell: (entity) => (
      <span className="row">
        <span className="quiet entity-icon">
          <Icon name={iconOfKind(entity.kind)} />
        </span>
        <span className="cell-title entity-name">
          <span>{nameOf(entity)}</span>
          {placeOf(entity) !== '' && <span className="quiet small">{placeOf(entity)}</span>}
        </span>
      </span>
    ),
  },
  { key: 'kind', header: 'Kind', width: 110, cell: ({ kind }) => wordOfKind(kind) },
  {
    key: 'freshness',
    header: 'Freshness',
    width: 130,
    hide: 'phone',
    cell: ({ freshness }) => <StateBadge state={freshness} bare />,
  },
  {
    key: 'confirmed',
    header: 'Confirmed',
    width: 110,
    align: 'end',
    hide: 'narrow',
    cell: ({ confirmedAt }) => <When at={confirmedAt} none="never" />,
  },
];

export function ExplorerPage() {
  const [filter, setFilter] = useSearchState({ text: '', kind: 'all', repository: '' });
  const [text] = useDebouncedValue(filter.text.trim(), TYPING_MS);
  const kinds = GROUPS.find(({ value }) => value === filter.kind)?.kinds ?? '';
  const isStart = text === '' && filter.kind === 'all';
  const query = useInfiniteQuery(
    contextQueries.entities({
      q: text,
      kind: isStart ? FIRST : kinds,
      scope: filter.repository,
    }),
  );
  const repositories = useQuery(queries.repositories());
  const hasNothing = repositories.data?.items.length === 0;

  return (
    <>
      <PageHeader
        title="Context"
        description="What is known of your services, files, people and decisions, by whose word, and whether it still holds."
      />
      <ContextNavigation />
      <Filters>
        <SearchFilter
          label="Search by name or path"
          value={filter.text}
          onChange={(value) => setFilter({ text: value })}
        />
        <Select
          aria-label="Kind"
          data={GROUPS}
          value={filter.kind}
          onChange={(kind) => setFilter({ kind: kind ?? 'all' })}
          allowDeselect={false}
          w={190}
        />
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository })}
        />
      </Filters>
      <div
        className={text.length > 1 ? 'explorer-columns' : 'stack'}
        style={{ '--gap': '16px' } as object}
      >
        <Panel
          title={isStart ? 'Services, decisions and rules' : 'By name'}
          note={isStart ? 'type to search for files and people too' : undefined}
          flush
        >
          <List
            query={query}
            label="Entities"
            noun="entities"
            columns={COLUMNS}
            rowKey={({ id }) => id}
            rowHref={({ id }) => entityPage(id)}
            isFiltered={!hasNothing && !isStart}
            onClear={() => setFilter({ text: '', kind: 'all', repository: '' })}
            empty={
              <EmptyState
                icon="pack"
                title="Nothing is known yet"
                text="Import a repository: its files, history, documents, owners and catalog become a graph that every agent starts from."
                steps={[
                  { text: 'Read a repository:', command: 'loom import ../my-repo' },
                  { text: 'Then ask for what matters:', command: 'loom context search orders' },
                ]}
              />
            }
          />
        </Panel>
        {text.length > 1 && <InText text={text} repository={filter.repository} />}
      </div>
    </>
  );
}

function InText({ text, repository }: { text: string; repository: string }) {
  const query = useQuery(contextQueries.text(text, repository));
  const hits = query.data?.items ?? [];
  return (
    <Panel title="In the text" note="files, documents, decisions and lessons by their words" flush>
      {query.error !== null && (
        <div className="panel-body">
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.data !== undefined && hits.length === 0 && (
        <EmptyState small title="No text speaks of it" />
      )}
      <ul aria-label="Passages">
        {hits.map((hit) => (
          <Hit
            key={`${hit.repository} ${hit.path} ${hit.line} ${hit.source?.object} ${hit.title}`}
            hit={hit}
          />
        ))}
      </ul>
    </Panel>
  );
}

/** Where a page of an outside system is, who answers for it, how old it is and whether it holds. */
function Source({ hit, source }: { hit: SearchHit; source: NonNullable<SearchHit['source']> }) {
  const isWeb = source.url?.startsWith('http') === true;
  return (
    <p className="small wrap-anywhere in-sentence">
      {isWeb ? (
        <a href={source.url} rel="noreferrer" target="_blank">
          {source.url}
        </a>
      ) : (
        (source.url ?? source.object)
      )}
      {hit.owner != null && <> · kept by {hit.owner}</>}
      {hit.observedAt !== undefined && (
        <>
          {' '}
          · changed <When at={hit.observedAt} />
        </>
      )}
      {hit.freshness !== undefined && hit.freshness !== 'current' && (
        <>
          {' '}
          <StateBadge state={hit.freshness} bare />
        </>
      )}
    </p>
  );
}

function Hit({ hit }: { hit: SearchHit }) {
  const name = hit.path ?? hit.title;
  const place = hit.line === undefined ? hit.path : `${hit.path}:${hit.line}`;
  return (
    <li className="hit">
      <div className="row row-wrap" style={{ gap: '2px 8px' }}>
        <span className="wrap-anywhere hit-title">{hit.title}</span>
        <span className="quiet small">{humanise(hit.kind)}</span>
      </div>
      <p className="small soft hit-excerpt">{hit.excerpt}</p>
      {hit.source !== undefined && <Source hit={hit} source={hit.source} />}
      <p className="quiet small wrap-anywhere in-sentence">
        {hit.repository || hit.source?.system}
        {hit.path !== null && (
          <>
            {' · '}
            <AppLink
              href={
                hit.line === undefined
                  ? `/context?text=${encodeURIComponent(name)}`
                  : pageOf(place ?? name)
              }
            >
              {place}
            </AppLink>
          </>
        )}{' '}
        at <code>{shortId(hit.revision)}</code>
      </p>
    </li>
  );
}
