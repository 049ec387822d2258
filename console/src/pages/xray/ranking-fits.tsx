/**
 * The ranking fitted to the organisation's own changes: what each attempt changed on later ones, which is in
 * force, and the way back.
 */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { post } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type { FitMeasure, RankingFit } from '../../api/context-types.ts';
import { Badge, type Tone } from '../../parts/badges.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { count, plural } from '../../parts/format.ts';
import type { IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';

const LOOKS: Record<RankingFit['state'], { label: string; tone: Tone; icon: IconName }> = {
  running: { label: 'Being fitted', tone: 'info', icon: 'running' },
  'in-force': { label: 'In force', tone: 'good', icon: 'check' },
  'not-better': { label: 'Not better', tone: 'neutral', icon: 'skipped' },
  replaced: { label: 'Replaced', tone: 'neutral', icon: 'clock' },
  withdrawn: { label: 'Withdrawn', tone: 'warn', icon: 'cancelled' },
  failed: { label: 'Failed', tone: 'bad', icon: 'cross' },
};

const QUESTIONS: Record<FitMeasure['question'], string> = {
  files: 'Files',
  companions: 'Files that change with them',
  documents: 'Documents',
  people: 'People to ask',
};

const figure = (value: number | undefined) => (value === undefined ? '–' : value.toFixed(3));

const COLUMNS: Column<FitMeasure>[] = [
  {
    key: 'question',
    header: 'Question',
    cell: ({ question, figure: name }) => (
      <>
        {QUESTIONS[question]} <span className="quiet small">{name}</span>
      </>
    ),
  },
  {
    key: 'judged',
    header: 'Later changes',
    width: 116,
    align: 'end',
    hide: 'phone',
    cell: ({ judged }) => <span className="number">{count(judged)}</span>,
  },
  {
    key: 'before',
    header: 'Before',
    width: 84,
    align: 'end',
    cell: ({ before }) => <span className="number">{figure(before?.main)}</span>,
  },
  {
    key: 'after',
    header: 'After',
    width: 84,
    align: 'end',
    cell: ({ after }) => <span className="number">{figure(after?.main)}</span>,
  },
  {
    key: 'taken',
    header: 'Outcome',
    cell: ({ isTaken, reason }) => (
      <span className="soft">
        {isTaken ? 'Taken' : 'As before'}: {reason}
      </span>
    ),
  },
];

export function RankingFitsPanel() {
  const query = useQuery(contextQueries.rankingFits());
  const client = useQueryClient();
  const refresh = () => client.invalidateQueries({ queryKey: ['ranking-fits'] });
  const begin = useMutation({
    mutationFn: () => post<RankingFit>('/v1/ranking-fits'),
    onSettled: refresh,
  });
  const decide = useMutation({
    mutationFn: ({ version, decision }: { version: number; decision: 'withdraw' | 'use' }) =>
      post<RankingFit>(`/v1/ranking-fits/${version}/decision`, { decision }),
    onSettled: refresh,
  });
  const mayDecide = useMay('context:approve');
  const fits = query.data?.items;
  const newest = fits?.[0];
  // What is in force matters more than a later attempt that came to nothing.
  const shown = newest?.state === 'running' ? newest : (fits?.find(isInForce) ?? newest);
  const failure = query.error ?? begin.error ?? decide.error;
  return (
    <Panel
      title="Ranking fitted to your changes"
      note={
        fits === undefined
          ? undefined
          : fits.some(isInForce)
            ? `version ${fits.find(isInForce)!.version} is in force`
            : 'the weights that ship are in force'
      }
      actions={
        mayDecide && (
          <Button
            variant="default"
            size="compact-sm"
            loading={begin.isPending}
            disabled={newest?.state === 'running'}
            onClick={() => begin.mutate()}
          >
            Fit anew
          </Button>
        )
      }
      flush
      foot="Fitted to earlier changes of all repositories, judged by later ones. What does not gain is not taken. Looked at again every week in which enough has landed."
    >
      {failure !== null && (
        <div className="panel-body">
          <Problem error={failure} />
        </div>
      )}
      {fits === undefined && query.error === null && <Loading rows={2} label="Loading fits" />}
      {fits !== undefined && newest === undefined && (
        <EmptyState
          small
          title="Not fitted yet"
          text="It takes some hundred changes by people to say what is better here."
        />
      )}
      {shown?.state === 'running' && (
        <EmptyState
          small
          title={
            shown.progress.total === 0
              ? 'Reading the histories'
              : `Asked ${count(shown.progress.done)} of ${count(shown.progress.total)} questions`
          }
          text="This runs in the background; what came of it appears here."
        />
      )}
      {shown !== undefined && shown.state !== 'running' && shown.measures.length > 0 && (
        <DataTable
          label={`What version ${shown.version} changed`}
          columns={COLUMNS}
          rows={shown.measures}
          rowKey={({ question }) => question}
        />
      )}
      <ul aria-label="Versions of the ranking">
        {fits?.map((fit) => (
          <Version
            key={fit.version}
            fit={fit}
            onDecide={
              mayDecide
                ? (decision) => decide.mutate({ version: fit.version, decision })
                : undefined
            }
            isDeciding={decide.isPending}
          />
        ))}
      </ul>
    </Panel>
  );
}

const isInForce = ({ state }: RankingFit) => state === 'in-force';

function Version({
  fit: { version, state, startedAt, repositories, reason },
  onDecide,
  isDeciding,
}: {
  fit: RankingFit;
  onDecide: ((decision: 'withdraw' | 'use') => void) | undefined;
  isDeciding: boolean;
}) {
  const decision =
    state === 'in-force'
      ? 'withdraw'
      : state === 'replaced' || state === 'withdrawn'
        ? 'use'
        : null;
  return (
    <li className="overlap">
      <Badge look={LOOKS[state]} />
      <div className="grow">
        <p>
          Version {version}{' '}
          <span className="quiet small">
            <When at={startedAt} />, {plural(repositories.length, 'repository', 'repositories')}
          </span>
        </p>
        {reason !== null && <p className="quiet small">{reason}</p>}
      </div>
      {decision !== null && onDecide !== undefined && (
        <Button
          variant="default"
          size="compact-xs"
          loading={isDeciding}
          onClick={() => onDecide(decision)}
        >
          {decision === 'withdraw' ? 'Withdraw' : 'Use again'}
        </Button>
      )}
    </li>
  );
}
