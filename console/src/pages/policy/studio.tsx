/** A policy file being edited: what is wrong with it, what it would have done, and the way into force. */
import { Button, SegmentedControl } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useMemo, useState } from 'react';
import { get } from '../../api/client.ts';
import { type Layer, type PolicyCheck, policyQueries } from '../../api/policy.ts';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Loading, Panel, Problem } from '../../parts/layout.tsx';
import { BacktestPanel, useBacktest } from './backtest.tsx';
import type { Draft } from './draft.ts';
import type { Jump, Mark } from './editor.tsx';
import { Problems, Remarks } from './problems.tsx';
import { Publish } from './publish.tsx';
import { type JsonSchema, shapeOf } from './schema.ts';

const PolicyEditor = lazy(() => import('./editor.tsx'));

/** What a file may hold changes with the server alone. */
const policyShapeQuery = queryOptions({
  queryKey: ['policy', 'schema'],
  queryFn: ({ signal }) => get<JsonSchema>('/v1/policy/schema', {}, signal),
  select: shapeOf,
  staleTime: Number.POSITIVE_INFINITY,
});

/** Long enough that nobody is corrected in the middle of a word. */
const PAUSE_MS = 350;

export function Studio({
  layer,
  repository,
  draft,
}: {
  layer: Layer;
  repository: string;
  draft: Draft;
}) {
  const [view, setView] = useState('edit');
  const [jump, setJump] = useState<Jump | null>(null);
  const [settled] = useDebouncedValue(draft.text, PAUSE_MS);
  const check = useQuery({
    ...policyQueries.check(settled, layer === 'repository' ? repository : undefined),
    placeholderData: keepPreviousData,
  });
  const shape = useQuery(policyShapeQuery);
  const backtest = useBacktest();
  const isCurrent = settled === draft.text && !check.isPlaceholderData;
  const marks = useMemo(() => (check.data === undefined ? [] : marksOf(check.data)), [check.data]);
  const loads = isCurrent && check.data?.problems.length === 0;

  const run = (sinceDays = backtest.sinceDays) => {
    if (repository !== '') backtest.run({ text: draft.text, repository, layer, sinceDays });
  };
  const go = (line: number) => setJump({ line });

  return (
    <div className="stack">
      <div className="studio">
        <Panel
          title={layer === 'organisation' ? 'Organisation policy' : '.loom/policy.yaml'}
          note={
            draft.inForceName === null
              ? 'nothing in force yet: this is a beginning'
              : draft.isEdited
                ? `edited; in force is ${draft.inForceName}`
                : `as in force, ${draft.inForceName}`
          }
          actions={
            <>
              {draft.isEdited && (
                <Button variant="subtle" size="compact-sm" color="gray" onClick={draft.discard}>
                  Discard
                </Button>
              )}
              <SegmentedControl
                aria-label="Show"
                size="xs"
                data={[
                  { value: 'edit', label: 'Text' },
                  { value: 'difference', label: 'Difference' },
                ]}
                value={view}
                onChange={setView}
              />
            </>
          }
          flush
          foot={
            <span className="row row-wrap" style={{ gap: '4px 14px' }}>
              <span>
                <kbd className="key">Ctrl Space</kbd> completes
              </span>
              <span>
                <kbd className="key">Ctrl Enter</kbd> runs the backtest
              </span>
              <span>
                <kbd className="key">Tab</kbd> leaves the field
              </span>
              <span>Kept in this browser until you publish or discard.</span>
            </span>
          }
        >
          <Suspense fallback={<Loading rows={14} />}>
            <PolicyEditor
              label="Policy file"
              value={draft.text}
              onChange={draft.change}
              marks={marks}
              jump={jump}
              original={view === 'difference' ? (draft.inForce ?? '') : null}
              onSubmit={() => run()}
              shape={shape.data ?? null}
            />
          </Suspense>
        </Panel>
        <div className="stack">
          <Check
            check={check.data}
            error={check.error}
            isCurrent={isCurrent}
            onRetry={() => void check.refetch()}
            onGo={go}
          />
          <Publish layer={layer} draft={draft} loads={loads} />
        </div>
      </div>
      <BacktestPanel
        backtest={backtest}
        text={draft.text}
        repository={repository}
        canRun={repository !== '' && (check.data?.problems.length ?? 1) === 0}
        onRun={run}
        onGo={go}
      />
    </div>
  );
}

function marksOf({ problems, remarks }: PolicyCheck): Mark[] {
  return [
    ...problems.map(({ line, column, message, suggestion }): Mark => ({
      line,
      column,
      severity: 'error',
      message: suggestion === null ? message : `${message}. Did you mean ${suggestion}?`,
    })),
    ...remarks
      .filter(({ line }) => line > 0)
      .map(({ line, message }): Mark => ({ line, column: 1, severity: 'warning', message })),
  ];
}

function Check({
  check,
  error,
  isCurrent,
  onRetry,
  onGo,
}: {
  check: PolicyCheck | undefined;
  error: Error | null;
  isCurrent: boolean;
  onRetry: () => void;
  onGo: (line: number) => void;
}) {
  const state = stateOf(check, isCurrent);
  return (
    <Panel title="Check" note={isCurrent ? undefined : 'reading …'}>
      <div className="stack" style={{ '--gap': '12px' } as object}>
        {error !== null && <Problem error={error} onRetry={onRetry} />}
        {error === null && (
          <p className="check-state" data-tone={state.tone} role="status">
            <Icon name={state.icon} size={15} />
            <span>
              <strong>{state.title}</strong>
              <span className="quiet small">{state.note}</span>
            </span>
          </p>
        )}
        {check !== undefined && check.problems.length > 0 && (
          <Problems problems={check.problems} onGo={onGo} />
        )}
        {check !== undefined && check.remarks.length > 0 && (
          <Remarks remarks={check.remarks} onGo={onGo} />
        )}
      </div>
    </Panel>
  );
}

function stateOf(check: PolicyCheck | undefined, isCurrent: boolean) {
  if (check === undefined) {
    return { tone: 'neutral', icon: 'clock', title: 'Not read yet', note: '' } as const;
  }
  if (check.problems.length > 0) {
    return {
      tone: 'bad',
      icon: 'cross',
      title: `It would be refused: ${plural(check.problems.length, 'problem')}`,
      note: 'The version in force stays until this is mended.',
    } as const;
  }
  return {
    tone: 'good',
    icon: 'check',
    title: 'It loads, and its own tests pass',
    note:
      check.version === null || !isCurrent
        ? ''
        : `It would be version ${check.version.slice(0, 8)}.`,
  } as const;
}
