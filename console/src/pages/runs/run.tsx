/** One run: its graph, its steps, and the two ways to intervene. */
import { Button, Drawer, Modal, Skeleton, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { post } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import type { RunWithSteps, Step } from '../../api/types.ts';
import { StateBadge, stateLook } from '../../parts/badges.tsx';
import { Identifier } from '../../parts/copy.tsx';
import { duration, humanise, plural, shortSource } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Facts, Json, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { ChangeLink, WorkItemLink } from '../../parts/named.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { StepList } from '../../parts/steps.tsx';
import { When } from '../../parts/time.tsx';

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
        {step !== undefined && <StepDetail step={step} />}
      </Drawer>
    </>
  );
}

function progressOf(steps: Step[]): string {
  const finished = steps.filter(({ state }) => /^(done|skipped)$/.test(state)).length;
  return `${finished} of ${plural(steps.length, 'step')} done`;
}

function Controls({ run }: { run: RunWithSteps }) {
  const [isAsking, setAsking] = useState(false);
  const [reason, setReason] = useState('');
  const client = useQueryClient();
  const done = (message: string) => () => {
    setAsking(false);
    notifications.show({ message });
    return client.invalidateQueries({ queryKey: ['runs'] });
  };
  const cancel = useMutation({
    mutationFn: () => post(`/v1/runs/${run.id}/cancel`, { reason: reason.trim() }),
    onSuccess: done('The run is cancelled.'),
  });
  const retry = useMutation({
    mutationFn: () => post(`/v1/runs/${run.id}/retry`, {}),
    onSuccess: done('The failed step is taken up again.'),
    onError: (error) => notifications.show({ color: 'red', message: error.message }),
  });

  return (
    <>
      {run.changeId !== null && (
        <Button
          component={AppLink}
          href={`/changes/${run.changeId}`}
          variant="default"
          leftSection={<Icon name="change" size={14} />}
        >
          Open change
        </Button>
      )}
      {run.state === 'failed' && (
        <Button
          leftSection={<Icon name="retry" size={14} />}
          loading={retry.isPending}
          onClick={() => retry.mutate()}
        >
          Retry
        </Button>
      )}
      {run.state === 'running' && (
        <Button
          variant="default"
          leftSection={<Icon name="cancelled" size={14} />}
          onClick={() => setAsking(true)}
        >
          Cancel run
        </Button>
      )}
      <Modal opened={isAsking} onClose={() => setAsking(false)} title="Cancel this run?">
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            cancel.mutate();
          }}
        >
          <p className="soft small">
            Steps in hand are stopped and nothing after them runs. A push starts a new run.
          </p>
          <Textarea
            label="Reason"
            description="It becomes part of the record."
            required
            autosize
            minRows={2}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {cancel.error !== null && <Problem error={cancel.error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={() => setAsking(false)}>
              Keep it running
            </Button>
            <Button type="submit" color="#b0231b" loading={cancel.isPending}>
              Cancel run
            </Button>
          </div>
        </form>
      </Modal>
    </>
  );
}

function StepDetail({ step }: { step: Step }) {
  const tookMs =
    step.startedAt === null || step.endedAt === null
      ? null
      : Date.parse(step.endedAt) - Date.parse(step.startedAt);
  return (
    <div className="stack">
      <div className="row row-wrap">
        <StateBadge state={step.state} />
        <code className="quiet small">{step.kind}</code>
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
