/** Puts the edited text over what landed, shows how far it is, and then what it found. */
import { Button, Select } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import {
  type Backtest,
  type BacktestProgress,
  type BacktestQuestion,
  runBacktest,
} from '../../api/policy.ts';
import { count } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Notice, Panel, Problem } from '../../parts/layout.tsx';
import { BacktestReport } from './backtest-report.tsx';

type State =
  | { kind: 'idle' }
  | { kind: 'running'; progress: BacktestProgress | null }
  | { kind: 'done'; report: Backtest; text: string }
  | { kind: 'failed'; error: unknown };

export interface BacktestRun {
  state: State;
  sinceDays: number;
  run: (question: BacktestQuestion) => void;
  stop: () => void;
}

const WINDOWS = [
  { value: '30', label: 'Last 30 days' },
  { value: '90', label: 'Last 90 days' },
  { value: '365', label: 'Last year' },
  { value: '3650', label: 'Last 500 changes' },
];

export function useBacktest(): BacktestRun {
  const [state, setState] = useState<State>({ kind: 'idle' });
  const [sinceDays, setSinceDays] = useState(90);
  const current = useRef<AbortController>(undefined);

  const stop = useCallback(() => {
    current.current?.abort();
    setState({ kind: 'idle' });
  }, []);
  useEffect(() => () => current.current?.abort(), []);

  const run = useCallback((question: BacktestQuestion) => {
    current.current?.abort();
    const controller = new AbortController();
    current.current = controller;
    const { signal } = controller;
    setSinceDays(question.sinceDays);
    setState({ kind: 'running', progress: null });
    const onProgress = (progress: BacktestProgress) => {
      if (!signal.aborted) setState({ kind: 'running', progress });
    };
    runBacktest(question, { signal, onProgress }).then(
      (report) => {
        if (!signal.aborted) setState({ kind: 'done', report, text: question.text });
      },
      (error: unknown) => {
        if (!signal.aborted) setState({ kind: 'failed', error });
      },
    );
  }, []);

  return { state, sinceDays, run, stop };
}

export function BacktestPanel({
  backtest: { state, sinceDays, stop },
  text,
  repository,
  canRun,
  onRun,
  onGo,
}: {
  backtest: BacktestRun;
  text: string;
  repository: string;
  canRun: boolean;
  onRun: (sinceDays?: number) => void;
  onGo: (line: number) => void;
}) {
  const [days, setDays] = useState(String(sinceDays));
  return (
    <Panel
      title="Backtest"
      note={repository === '' ? undefined : `what this text would have done in ${repository}`}
      actions={
        <>
          <Select
            aria-label="How far back"
            size="xs"
            w={150}
            data={WINDOWS}
            value={days}
            onChange={(value) => setDays(value ?? '90')}
            allowDeselect={false}
          />
          {state.kind === 'running' ? (
            <Button size="xs" variant="default" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button size="xs" disabled={!canRun} onClick={() => onRun(Number(days))}>
              Run backtest
            </Button>
          )}
        </>
      }
      flush
    >
      {state.kind === 'idle' && (
        <EmptyState
          small
          title={
            repository === '' ? 'There is no history to look at yet' : 'Know before you publish'
          }
          text={
            repository === ''
              ? 'Import a repository; its landed changes are what an edited policy is put over.'
              : 'The edited text is put over changes that landed: which would have gone another way, whom it would have asked, and what would have shipped alone and was reverted later. Nothing is stored.'
          }
        />
      )}
      {state.kind === 'running' && <Progress progress={state.progress} />}
      {state.kind === 'failed' && (
        <div className="panel-body">
          <Problem error={state.error} onRetry={() => onRun(Number(days))} />
        </div>
      )}
      {state.kind === 'done' && (
        <>
          {state.text !== text && (
            <div className="panel-body">
              <Notice tone="warn" title="The text has changed since this backtest">
                <span>
                  What follows is about the earlier text. Run it again with{' '}
                  <kbd className="key">Ctrl Enter</kbd> in the editor.
                </span>
              </Notice>
            </div>
          )}
          <BacktestReport report={state.report} onGo={onGo} />
        </>
      )}
    </Panel>
  );
}

const PHASES: Record<BacktestProgress['phase'], string> = {
  history: 'Reading what landed',
  risk: 'Learning from what landed',
  patches: 'Reading patches',
  verdicts: 'Judging by both texts',
  done: 'Putting it together',
};

function Progress({ progress }: { progress: BacktestProgress | null }) {
  const share =
    progress?.total === null || progress === null || progress.total === 0
      ? null
      : Math.min(1, progress.done / progress.total);
  const words = progress === null ? 'Starting' : PHASES[progress.phase];
  return (
    <div className="panel-body stack" style={{ '--gap': '8px' } as object}>
      <p className="row small" role="status" aria-label={words}>
        <Icon name="running" size={14} />
        {words}
        {progress !== null && progress.total !== null && (
          <span className="quiet number">
            {count(progress.done)} of {count(progress.total)}
          </span>
        )}
      </p>
      <span
        className="bar"
        role="progressbar"
        aria-label="Backtest"
        aria-valuemin={0}
        aria-valuemax={100}
        {...(share === null ? {} : { 'aria-valuenow': Math.round(share * 100) })}
      >
        <span style={{ width: `${Math.round((share ?? 0.03) * 100)}%` }} />
      </span>
    </div>
  );
}
