/** One thing the organisation knows: what it hangs together with, by whose word, and since when. */
import { Button, Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiProblem } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type { EntityPage as Answer } from '../../api/context-types.ts';
import { StateBadge } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { humanise } from '../../parts/format.ts';
import { Facts, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { useMay } from '../../parts/rights.ts';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import { nameOf, wordOfKind } from './context-pages.tsx';
import { Controls, Reach } from './controls.tsx';
import { Disagreements } from './disagreements.tsx';
import { Identities } from './identities.tsx';
import { Relations } from './relations.tsx';
import { ReportContradiction } from './report-contradiction.tsx';
import { Sources } from './sources.tsx';
import { Timeline } from './timeline.tsx';

/** Kinds one can hold against each other; a file or a change is what it is. */
const RECORDS = new Set(['decision', 'rule', 'document', 'section', 'control', 'slo', 'component']);

/** What regulation can be written for, itself or by its paths. */
const REGULATED = new Set(['component', 'api', 'resource', 'system', 'file', 'repository']);

const DRAWN_AS_GRAPH = new Set(['component', 'api', 'resource', 'system', 'domain']);

export function EntityPage() {
  const [state, setState] = useSearchState({ id: '', validAt: '', knownAt: '', past: '' });
  const query = useQuery(
    contextQueries.entity(state.id, {
      validAt: state.validAt,
      knownAt: state.knownAt,
      withPast: state.past === '' ? undefined : true,
    }),
  );
  const [isReporting, setReporting] = useState(false);
  const mayReport = useMay('context:record');
  const page = query.data;
  const isUnknown = query.error instanceof ApiProblem && query.error.status === 404;
  const isBack = state.validAt !== '' || state.knownAt !== '';

  return (
    <>
      <PageHeader
        title={page === undefined ? 'Entity' : nameOf(page.entity)}
        crumbs={[{ label: 'Context', href: '/context' }]}
        badges={
          page !== undefined && (
            <>
              <span className="badge" data-tone="neutral">
                {wordOfKind(page.entity.kind)}
              </span>
              <StateBadge state={page.entity.freshness} />
            </>
          )
        }
        description={describe(page)}
        actions={
          page !== undefined && (
            <>
              {DRAWN_AS_GRAPH.has(page.entity.kind) && (
                <Button component={AppLink} href={mapOf(page)} variant="default">
                  Show in the graph
                </Button>
              )}
              {mayReport && RECORDS.has(page.entity.kind) && (
                <Button variant="default" onClick={() => setReporting(true)}>
                  Report a contradiction
                </Button>
              )}
            </>
          )
        }
      />
      {page === undefined && query.error === null && (
        <div className="panel">
          <Loading label="Loading entity" />
        </div>
      )}
      {page === undefined && isBack && isUnknown && (
        <Notice tone="info" title="Nothing was known of it then">
          <span>No source had spoken of it at the time you chose.</span>
          <div>
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => setState({ validAt: '', knownAt: '' })}
            >
              Back to now
            </Button>
          </div>
        </Notice>
      )}
      {page === undefined && query.error !== null && !(isBack && isUnknown) && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {page !== undefined && (
        <div className="two-columns">
          <div className="stack" style={{ '--gap': '16px' } as object}>
            {query.error !== null && <Problem error={query.error} />}
            {isBack && (
              <Notice tone="info" title="You look at the past">
                <span>
                  What was true {state.validAt === '' ? 'now' : <When at={state.validAt} />}, as
                  known {state.knownAt === '' ? 'now' : <When at={state.knownAt} />}.
                </span>
              </Notice>
            )}
            <Disagreements page={page} />
            {page.entity.kind === 'control' && <Reach id={page.entity.id} />}
            <Relations
              page={page}
              actions={
                <Switch
                  size="xs"
                  label="Also what is over"
                  checked={state.past !== ''}
                  onChange={(event) => setState({ past: event.currentTarget.checked ? 'yes' : '' })}
                />
              }
            />
          </div>
          <div className="stack" style={{ '--gap': '16px' } as object}>
            <About page={page} />
            {REGULATED.has(page.entity.kind) && <Controls id={page.entity.id} />}
            {page.entity.kind === 'person' && <Identities identity={page.entity.key} />}
            <Timeline
              sources={page.sources}
              validAt={state.validAt}
              knownAt={state.knownAt}
              onChange={setState}
            />
            <Sources sources={page.sources} />
          </div>
        </div>
      )}
      {page !== undefined && (
        <ReportContradiction
          entity={page.entity}
          isOpen={isReporting}
          onClose={() => setReporting(false)}
        />
      )}
    </>
  );
}

function mapOf({ entity }: Answer): string {
  const name = entity.kind === 'system' || entity.kind === 'domain' ? 'open' : 'focus';
  return `/context/map?${name}=${encodeURIComponent(entity.id)}`;
}

function describe(page: Answer | undefined): string | undefined {
  return page?.sources
    .map(({ properties }) => properties['description'])
    .find((description) => typeof description === 'string');
}

const SHOWN_APART = new Set(['title', 'description', 'form']);

function About({ page: { entity, sources } }: { page: Answer }) {
  // Each source adds what it knows; the surest word, which is the entity's own, is heard last.
  const said = Object.assign(
    {},
    ...sources.filter(({ validTo }) => validTo === null).map(({ properties }) => properties),
    entity.properties,
  ) as Record<string, unknown>;
  const properties = Object.entries(said).flatMap(([name, value]): [string, string][] => {
    if (SHOWN_APART.has(name)) return [];
    const text = Array.isArray(value) ? value.join(', ') : value;
    const isShown = typeof text === 'string' || typeof text === 'number';
    return isShown && text !== '' ? [[humanise(name), String(text)]] : [];
  });
  return (
    <Panel title="About">
      <Facts
        items={[
          ...properties,
          ['Confirmed', <When key="c" at={entity.confirmedAt} none="only named by others" />],
          [
            'Id',
            <span key="i" className="wrap-anywhere">
              <Identifier id={entity.id} />
            </span>,
          ],
        ]}
      />
    </Panel>
  );
}
