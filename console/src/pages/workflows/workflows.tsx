/** The library of workflows: what each does, what starts it, and what was chosen lately. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { lazy, Suspense } from 'react';
import {
  type Composition,
  type GraphStep,
  type Workflow,
  type WorkflowLibrary,
  workflowQueries,
} from '../../api/workflows.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { Filters, RepositoryFilter } from '../../parts/filters.tsx';
import { humanise, plural, shortSource } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import {
  EmptyState,
  Facts,
  Loading,
  Notice,
  PageHeader,
  Panel,
  Problem,
} from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { List } from '../../parts/list.tsx';
import { WorkItemLink } from '../../parts/named.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import './workflows.css';

const StepGraph = lazy(() => import('../../parts/step-graph.tsx'));

export function WorkflowsPage() {
  const [filter, setFilter] = useSearchState({ repository: '', name: '', step: '' });
  const query = useQuery(workflowQueries.library(filter.repository));
  const library = query.data;
  const chosen = library?.workflows.find(({ name }) => name === filter.name);
  return (
    <>
      <PageHeader
        title="Workflows"
        description="What is done about what happens. A repository’s own files in .loom/workflows come before the shipped ones; every step says which line put it there."
        actions={<AppLink href="/runs">Runs</AppLink>}
      />
      <Filters>
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository, name: '', step: '' })}
        />
      </Filters>
      {library === undefined && query.error === null && <Loading />}
      {library === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {library !== undefined && (
        <div className="stack">
          <Refused refused={library.refused} />
          <Panel title="Library" note={plural(library.workflows.length, 'workflow')} flush>
            <DataTable
              label="Workflows"
              rows={library.workflows}
              rowKey={({ name }) => name}
              onOpen={({ name }) => setFilter({ name, step: '' })}
              columns={COLUMNS}
            />
          </Panel>
          {chosen !== undefined && (
            <Preview
              workflow={chosen}
              selected={filter.step}
              onSelect={(step) => setFilter({ step })}
            />
          )}
          <Compositions />
        </div>
      )}
    </>
  );
}

const COLUMNS: Column<Workflow>[] = [
  {
    key: 'name',
    header: 'Workflow',
    cell: ({ name, description }) => (
      <span className="cell-title workflow-name">
        <span>{humanise(name)}</span>
        <span className="quiet small">{description}</span>
      </span>
    ),
  },
  {
    key: 'starts',
    header: 'Starts on',
    hide: 'narrow',
    width: '26%',
    cell: ({ on, triggers }) => (
      <span className="small soft">{startsOn(on, triggers) || 'being started by hand'}</span>
    ),
  },
  {
    key: 'steps',
    header: 'Steps',
    align: 'end',
    hide: 'phone',
    width: 70,
    cell: ({ graph }) => graph.steps.length,
  },
  {
    key: 'source',
    header: 'From',
    hide: 'phone',
    width: 150,
    cell: ({ isShipped, source }) =>
      isShipped ? (
        <span className="quiet">shipped</span>
      ) : (
        <code title={source}>{shortSource(source)}</code>
      ),
  },
];

function startsOn(on: readonly string[], triggers: Workflow['triggers']): string {
  return [...on, ...triggers.map(({ match }) => triggerInWords(match))].join('; ');
}

/** `{ workItem: { labels: [bug, defect] } }` reads `work item, labels bug or defect`. */
function triggerInWords(match: Record<string, unknown>): string {
  return Object.entries(match)
    .map(([kind, terms]) => {
      const conditions = Object.entries((terms ?? {}) as Record<string, unknown>).map(
        ([key, value]) => `${inWords(key)} ${valueInWords(value)}`,
      );
      return [inWords(kind), ...conditions].join(', ');
    })
    .join('; ');
}

/** `allLabels` reads `all labels`. */
function inWords(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function valueInWords(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueInWords).join(' or ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** `command: npm test, timeout: 10m`. */
function wordsOf(settings: Record<string, unknown>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${inWords(key)}: ${valueInWords(value)}`)
    .join(', ');
}

function Refused({ refused }: { refused: WorkflowLibrary['refused'] }) {
  return refused.map(({ path, problems }) => (
    <Notice key={path} tone="bad" title={`${path} was refused; the last good one stays in force`}>
      <ul>
        {problems.map(({ line, message, suggestion, hint }, index) => (
          <li key={index}>
            line {line}: {message}
            {suggestion !== null && ` Did you mean ${suggestion}?`}
            {hint !== null && <span className="quiet small"> {hint}</span>}
          </li>
        ))}
      </ul>
    </Notice>
  ));
}

/** What kind of step it is, by look. */
const KINDS: Record<string, { tone: Tone; icon: IconName }> = {
  'agent.run': { tone: 'info', icon: 'agent' },
  'context.pack': { tone: 'neutral', icon: 'pack' },
  'check.command': { tone: 'neutral', icon: 'check' },
  'eval.gate': { tone: 'watch', icon: 'eye' },
  'policy.decide': { tone: 'watch', icon: 'policy' },
  'approval.request': { tone: 'warn', icon: 'person' },
  merge: { tone: 'good', icon: 'merge' },
  notify: { tone: 'neutral', icon: 'signal' },
  repeat: { tone: 'info', icon: 'retry' },
  'wait.signal': { tone: 'neutral', icon: 'waiting' },
  'wait.timer': { tone: 'neutral', icon: 'clock' },
};

function Preview({
  workflow,
  selected,
  onSelect,
}: {
  workflow: Workflow;
  selected: string;
  onSelect: (step: string) => void;
}) {
  const { steps } = workflow.graph;
  const step = steps.find(({ name }) => name === selected) ?? steps[0];
  return (
    <Panel title={humanise(workflow.name)} note={workflow.description}>
      <Suspense fallback={<Loading />}>
        <StepGraph
          label={`Graph of ${workflow.name}`}
          selected={step?.name ?? ''}
          onSelect={onSelect}
          steps={steps.map(({ name, needs, kind }) => ({
            name,
            needs,
            look: KINDS[kind] ?? { tone: 'neutral', icon: 'ready' },
            detail: kind,
          }))}
        />
      </Suspense>
      {step !== undefined && <StepFacts step={step} />}
    </Panel>
  );
}

function StepFacts({ step }: { step: GraphStep }) {
  const settings = Object.entries(step.with);
  return (
    <Facts
      items={[
        ['Step', humanise(step.name)],
        ['Does', <code key="kind">{step.kind}</code>],
        ['Put here by', <code key="origin">{step.origin}</code>],
        ...(step.when === null ? [] : ([['Only when', wordsOf(step.when)]] as [string, string][])),
        ...(settings.length === 0 ? [] : ([['With', wordsOf(step.with)]] as [string, string][])),
        ['Attempts', String(step.maxAttempts)],
      ]}
    />
  );
}

const OUTCOMES: Record<Composition['outcome'], { label: string; tone: Tone; icon: IconName }> = {
  chosen: { label: 'Chosen', tone: 'good', icon: 'check' },
  ambiguous: { label: 'Two matched', tone: 'warn', icon: 'alert' },
  none: { label: 'Nothing matched', tone: 'neutral', icon: 'skipped' },
  refused: { label: 'Refused', tone: 'bad', icon: 'cross' },
  standing: { label: 'Already running', tone: 'info', icon: 'running' },
};

function Compositions() {
  const query = useInfiniteQuery(workflowQueries.compositions());
  return (
    <Panel
      title="Chosen lately"
      note="for what happened, and why nothing was where nothing was"
      flush
    >
      <List
        query={query}
        label="What was chosen"
        noun="choices"
        rowKey={({ id }) => id}
        columns={[
          {
            key: 'subject',
            header: 'What happened',
            cell: ({ subject, workItemId, kind, repository, hint }) => (
              <span className="cell-title workflow-name">
                {workItemId === null ? (
                  <span>{subject}</span>
                ) : (
                  <span>
                    <WorkItemLink id={workItemId} />
                  </span>
                )}
                <span className="quiet small">
                  {inWords(kind)}
                  {repository !== null && ` · ${repository}`}
                  {hint !== null && ` · ${hint}`}
                </span>
              </span>
            ),
          },
          {
            key: 'outcome',
            header: 'Outcome',
            width: 150,
            cell: ({ outcome }) => <Badge look={OUTCOMES[outcome]} />,
          },
          {
            key: 'workflow',
            header: 'Workflow',
            hide: 'phone',
            width: 170,
            cell: ({ workflow, runId }) =>
              workflow === null ? (
                <span className="quiet">none</span>
              ) : runId === null ? (
                humanise(workflow)
              ) : (
                <AppLink href={`/runs/${runId}`}>{humanise(workflow)}</AppLink>
              ),
          },
          {
            key: 'at',
            header: 'When',
            align: 'end',
            width: 100,
            cell: ({ createdAt }) => <When at={createdAt} />,
          },
        ]}
        empty={
          <EmptyState
            small
            title="Nothing has happened yet"
            text="Work items that are ready, alerts, comments and schedules are looked at here."
          />
        }
      />
    </Panel>
  );
}
