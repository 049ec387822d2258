/** One run: its graph, its steps, and the ways to intervene. */
import { Drawer, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import { queries } from '../../api/queries.ts';
import type { RunWithSteps, Step } from '../../api/types.ts';
import { StateBadge, stateLook } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { duration, humanise, plural, shortSource } from '../../parts/format.ts';
import { Facts, Json, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { ChangeLink, WorkItemLink } from '../../parts/named.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { StepList } from '../../parts/steps.tsx';
import { When } from '../../parts/time.tsx';
import { AgentView } from './agent-view.tsx';
import { Controls, RetryFrom } from './controls.tsx';

const RunGraph = lazy(() => import('./run-graph.tsx'));

export function RunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.run(id));
  const [state, setState] = useSearchState({ step: '' });
  const crumbs = [{ label: 'Runs', href: '/runs' }];

  if (query.data === undefined) {
    return (
      <>
        <PageHeader title="Run" crumbs={crumbs} />
        {query.error === null ? (
          <Loading />
        ) : (
          <Problem error={query.error} onRetry={() => void query.refetch()} />
        )}
      </>
    );
  }

  const run = query.data;
  const step = run.steps.find(({ name }) => name === state.step);
  const failed = run.steps.filter((each) => each.state === 'failed');
  return (
    <>
      <PageHeader
        title={run.title}
        crumbs={crumbs}
        badges={<StateBadge state={run.state} />}
        description={
          <>
            Workflow {run.workflow} from{' '}
            <code className="wrap-anywhere">{shortSource(run.definitionSource)}</code>
          </>
        }
        actions={<Controls run={run} />}
      />
      <div className="stack">
        {failed.length > 0 && (
          <Notice tone="bad" title={`${plural(failed.length, 'step')} failed`}>
            {failed.map((each) => (
              <span key={each.id}>
                {humanise(each.name)}: {each.message ?? 'no message'}
              </span>
            ))}
          </Notice>
        )}
        <Panel title="Graph" note="Choose a step to see what it was given and what it gave" flush>
          <Suspense fallback={<Skeleton height={300} radius={0} />}>
            <RunGraph
              steps={run.steps}
              selected={state.step}
              onSelect={(name) => setState({ step: name })}
            />
          </Suspense>
        </Panel>
        <div className="two-columns">
          <Panel title="Steps" note={progressOf(run.steps)} flush>
            <StepList steps={run.steps} hrefOf={(each) => `/runs/${run.id}?step=${each.name}`} />
          </Panel>
          <aside aria-label="About this run">
            <Panel title="About">
              <Facts
                items={[
                  ['Repository', run.repository ?? '–'],
                  [
                    'Change',
                    run.changeId === null ? '–' : <ChangeLink key="c" id={run.changeId} />,
                  ],
                  [
                    'Work item',
                    run.workItemId === null ? '–' : <WorkItemLink key="w" id={run.workItemId} />,
                  ],
                  [
                    'Graph',
                    <code key="g" title={run.graphHash}>
                      {run.graphHash.slice(0, 12)}
                    </code>,
                  ],
                  ['Started', <When key="s" at={run.createdAt} />],
                  ['Ended', <When key="e" at={run.endedAt} none="not yet" />],
                  ...(run.archivedAt === null
                    ? []
                    : [['Put away', <When key="a" at={run.archivedAt} />] as [string, ReactNode]]),
                  ['Id', <Identifier key="i" id={run.id} />],
                ]}
              />
            </Panel>
          </aside>
        </div>
      </div>
      <Drawer
        opened={step !== undefined}
        onClose={() => setState({ step: '' })}
        position="right"
        size="min(520px, 100vw)"
        title={step === undefined ? '' : humanise(step.name)}
      >
        {step !== undefined && <StepDetail run={run} step={step} />}
      </Drawer>
    </>
  );
}

function progressOf(steps: Step[]): string {
  const finished = steps.filter(({ state }) => /^(done|skipped)$/.test(state)).length;
  return `${finished} of ${plural(steps.length, 'step')} done`;
}

function StepDetail({ run, step }: { run: RunWithSteps; step: Step }) {
  const tookMs =
    step.startedAt === null || step.endedAt === null
      ? null
      : Date.parse(step.endedAt) - Date.parse(step.startedAt);
  return (
    <div className="stack">
      <div className="row row-wrap">
        <StateBadge state={step.state} />
        <code className="quiet small">{step.kind}</code>
        <RetryFrom run={run} step={step.name} />
      </div>
      {step.message !== null && step.message !== '' && (
        <Notice
          tone={step.state === 'failed' ? 'bad' : step.state === 'waiting' ? 'warn' : 'info'}
          title={stateLook(step.state).label}
        >
          <span className="wrap-anywhere">{step.message}</span>
        </Notice>
      )}
      <Facts
        items={[
          ['Why it is here', <code key="o">{step.origin}</code>],
          ['Needs', step.needs.length === 0 ? 'nothing' : step.needs.map(humanise).join(', ')],
          ['Attempt', `${step.attempt} of ${step.maxAttempts}`],
          ['Worker', step.worker ?? '–'],
          ['Due', <When key="d" at={step.dueAt} />],
          ['Started', <When key="s" at={step.startedAt} />],
          ['Ended', <When key="e" at={step.endedAt} />],
          ['Took', tookMs === null ? '–' : duration(tookMs)],
          ['Id', <Identifier key="i" id={step.id} />],
        ]}
      />
      {(step.kind === 'agent.run' || step.kind === 'eval.gate') && (
        <AgentView runId={run.id} step={step.name} state={step.state} />
      )}
      {step.output !== null && (
        <section className="stack" style={{ '--gap': '6px' } as object}>
          <h3>Output</h3>
          <Output output={step.output} />
        </section>
      )}
      {Object.keys(step.with).length > 0 && (
        <section className="stack" style={{ '--gap': '6px' } as object}>
          <h3>Settings</h3>
          <Json value={step.with} label="Settings of the step" />
        </section>
      )}
    </div>
  );
}

/** Long text in an output (a test log) is shown as text, the rest as JSON. */
function Output({ output }: { output: Record<string, unknown> }) {
  const texts = Object.entries(output).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string' && entry[1].includes('\n'),
  );
  const rest = Object.fromEntries(
    Object.entries(output).filter(([name]) => !texts.some(([other]) => other === name)),
  );
  return (
    <>
      {Object.keys(rest).length > 0 && <Json value={rest} label="Output" />}
      {texts.map(([name, text]) => (
        <pre key={name} className="json" tabIndex={0} aria-label={humanise(name)}>
          {text}
        </pre>
      ))}
    </>
  );
}
