/** What a repository's own history says; every figure opens the commits behind it. */
import { Drawer, SegmentedControl, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import { queries } from '../../api/queries.ts';
import type { XrayBucket, XrayReport } from '../../api/types.ts';
import { count, compact, day, hours, percent, plural, shortId } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, PageHeader, Panel, Problem } from '../../parts/layout.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import { CommitList } from './commit-list.tsx';
import { ContextStudyPanel } from './context-study.tsx';
import { RankingFitsPanel } from './ranking-fits.tsx';
import './xray.css';

const WeekChart = lazy(() => import('./week-chart.tsx'));

/** A figure that was asked for its commits. */
interface Shown {
  title: string;
  commits: readonly string[];
}

type Show = (title: string, commits: readonly string[]) => void;

export function XrayPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const [state, setState] = useSearchState({ since: '90d' });
  const [shown, setShown] = useState<Shown>();
  const repository = useQuery(queries.repositories()).data?.items.find(
    (each) => each.id === id || each.name === id,
  );
  const query = useQuery(queries.xray(id, state.since));
  const report = query.data;
  const show: Show = (title, commits) => setShown({ title, commits });

  return (
    <>
      <PageHeader
        title={report?.repository ?? repository?.name ?? 'X-ray'}
        crumbs={[{ label: 'X-ray', href: '/xray' }]}
        description={
          report === undefined ? undefined : (
            <>
              {day(report.since)} to {day(report.until)}, read{' '}
              {report.headSha !== null && (
                <>
                  at <code>{shortId(report.headSha)}</code>{' '}
                </>
              )}
              <When at={report.generatedAt} />. Every figure opens the commits behind it.
            </>
          )
        }
        actions={
          <SegmentedControl
            aria-label="Period"
            data={[
              { value: '30d', label: '30 days' },
              { value: '90d', label: '90 days' },
              { value: '365d', label: '1 year' },
            ]}
            value={state.since}
            onChange={(since) => setState({ since })}
          />
        }
      />
      {report === undefined && query.error === null && (
        <div className="panel">
          <p className="panel-body quiet small" style={{ paddingBlockEnd: 0 }} role="status">
            Reading the history. This takes seconds for most repositories.
          </p>
          <Loading rows={10} label="Reading the history" />
        </div>
      )}
      {report === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {report !== undefined && report.totals.commits === 0 && (
        <div className="panel">
          <EmptyState
            icon="xray"
            title="No commit in this period"
            text="Choose a longer period above."
          />
        </div>
      )}
      {report !== undefined && report.totals.commits > 0 && (
        <Report report={report} show={show} study={<ContextStudyPanel repositoryId={id} />} />
      )}
      <Drawer
        opened={shown !== undefined}
        onClose={() => setShown(undefined)}
        position="right"
        size="min(640px, 100vw)"
        title={shown?.title}
      >
        {shown !== undefined && report !== undefined && (
          <CommitList shas={shown.commits} known={report.commits} />
        )}
      </Drawer>
    </>
  );
}

function Report({ report, show, study }: { report: XrayReport; show: Show; study: ReactNode }) {
  const all = Object.keys(report.commits);
  return (
    <div className="stack" style={{ '--gap': '16px' } as object}>
      {report.problems.length > 0 && (
        <Notice tone="warn" title="Not everything could be read">
          {report.problems.map((problem) => (
            <span key={problem} className="wrap-anywhere">
              {problem}
            </span>
          ))}
        </Notice>
      )}
      <Headline report={report} show={show} all={all} />
      <Panel title="Changes over time" note="by week, with the part written with an agent">
        <Suspense fallback={<Skeleton height={210} />}>
          <WeekChart
            weeks={report.changesOverTime}
            onWeek={(week) => show(`Week of ${day(week)}`, commitsOfWeek(report, week))}
          />
        </Suspense>
      </Panel>
      <div className="xray-pair">
        <RiskPanel report={report} show={show} />
        <SizePanel report={report} show={show} />
      </div>
      <div className="xray-pair">
        <HotFiles report={report} show={show} />
        <Ownership report={report} show={show} />
      </div>
      <div className="xray-pair">
        <Overlaps report={report} />
        <Agents report={report} show={show} />
      </div>
      {study}
      <RankingFitsPanel />
    </div>
  );
}

function commitsOfWeek(report: XrayReport, week: string): string[] {
  const from = Date.parse(week);
  const to = from + 7 * 86_400_000;
  return Object.entries(report.commits)
    .filter(([, { at }]) => Date.parse(at) >= from && Date.parse(at) < to)
    .map(([sha]) => sha);
}

/** A figure one can open. */
function Figure({
  label,
  value,
  note,
  onOpen,
}: {
  label: string;
  value: string;
  note?: ReactNode;
  onOpen: (() => void) | undefined;
}) {
  const content = (
    <>
      <span className="stat-label">{label}</span>
      <span className="stat-value">{value}</span>
      {note !== undefined && <span className="stat-note">{note}</span>}
    </>
  );
  return onOpen === undefined ? (
    <div className="stat">{content}</div>
  ) : (
    <button type="button" className="stat" onClick={onOpen}>
      {content}
    </button>
  );
}

function Headline({ report, show, all }: { report: XrayReport; show: Show; all: string[] }) {
  const { totals, risk, churn, waits, aiAuthored, overlaps } = report;
  const colliding = overlaps.filter(({ hasConflict }) => hasConflict).length;
  const opener = (title: string, commits: readonly string[]) =>
    commits.length === 0 ? undefined : () => show(title, commits);
  return (
    <section className="stats" aria-label="Figures of the period">
      <Figure
        label="Changes"
        value={count(totals.changes)}
        note={`${plural(totals.commits, 'commit')}, ${plural(totals.authors, 'author')}`}
        onOpen={opener('All changes', all)}
      />
      <Figure
        label="Would have shipped alone"
        value={risk.underBound.share === null ? '–' : percent(risk.underBound.share)}
        note={
          risk.underBound.share === null
            ? 'too few code changes have landed to tell'
            : `of ${plural(risk.underBound.judged, 'code change')} under ${boundOf(risk)}`
        }
        onOpen={opener('Would have shipped alone', risk.underBound.commits)}
      />
      <Figure
        label="Written with an agent"
        value={percent(aiAuthored.share)}
        note={`${plural(aiAuthored.changes, 'change')}, by trailers`}
        onOpen={opener('Written with an agent', aiAuthored.commits)}
      />
      <Figure
        label="Churn within 14 days"
        value={percent(churn.share)}
        note={
          churn.share === null
            ? 'no line is old enough to tell'
            : `${compact(churn.churnedLines)} of ${compact(churn.bornLines)} new lines`
        }
        onOpen={opener('Rewritten soon after', churn.commits)}
      />
      <Figure
        label="Wait until merge"
        value={waits.isKnown ? hours(waits.medianHours) : '–'}
        note={
          waits.isKnown
            ? `median; 9 in 10 within ${hours(waits.p90Hours)}`
            : 'not in the history of this repository'
        }
        onOpen={opener('Merges with a known wait', waits.commits)}
      />
      <Figure
        label="Colliding branches"
        value={count(colliding)}
        note={`${plural(overlaps.length, 'pair')} overlap`}
        onOpen={undefined}
      />
    </section>
  );
}

function Buckets({
  buckets,
  label,
  nameOf,
  show,
  tones,
}: {
  buckets: XrayBucket[];
  label: string;
  nameOf: (bucket: string) => string;
  show: Show;
  tones?: readonly string[];
}) {
  const most = Math.max(1, ...buckets.map(({ changes }) => changes));
  const total = buckets.reduce((sum, { changes }) => sum + changes, 0);
  return (
    <ul className="buckets" aria-label={label}>
      {buckets.map((bucket, index) => (
        <li key={bucket.bucket}>
          <button
            type="button"
            className="bucket"
            disabled={bucket.commits.length === 0}
            data-tone={tones?.[Math.min(index, tones.length - 1)] ?? 'info'}
            onClick={() => show(`${label}: ${nameOf(bucket.bucket)}`, bucket.commits)}
          >
            <span>{nameOf(bucket.bucket)}</span>
            <span className="bar">
              <span style={{ width: `${(100 * bucket.changes) / most}%` }} />
            </span>
            <span className="number">{count(bucket.changes)}</span>
            <span className="number quiet">
              {total === 0 ? '–' : percent(bucket.changes / total)}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function boundOf({ underBound }: XrayReport['risk']): string {
  const share = Math.round(underBound.bound * 1000) / 10;
  return `the ${underBound.isDeclared ? 'declared' : 'usual'} bound of ${share} %`;
}

function RiskPanel({ report: { risk }, show }: { report: XrayReport; show: Show }) {
  return (
    <Panel
      title="Risk of changes"
      note={
        risk.underBound.share === null
          ? undefined
          : `${risk.underBound.slipped} of ${plural(risk.underBound.defects, 'known defect')} within ${boundOf(risk)}`
      }
      foot={risk.explanation}
    >
      <Buckets
        buckets={risk.buckets}
        label="Risk"
        nameOf={(bucket) => bucket}
        show={show}
        tones={['good', 'watch', 'warn', 'caution', 'bad']}
      />
    </Panel>
  );
}

function SizePanel({ report: { sizes }, show }: { report: XrayReport; show: Show }) {
  return (
    <Panel
      title="Size of changes"
      note="changed lines"
      foot="Small changes are reviewed better, conflict less and are easier to take back."
    >
      <Buckets buckets={sizes} label="Size" nameOf={(bucket) => bucket} show={show} />
    </Panel>
  );
}

const SHOWN_FILES = 10;

function HotFiles({ report: { hotFiles }, show }: { report: XrayReport; show: Show }) {
  const most = Math.max(1, ...hotFiles.map(({ changes }) => changes));
  return (
    <Panel title="Hot files" note="changed most often" flush>
      {hotFiles.length === 0 && <EmptyState small title="No file stands out" />}
      <ul aria-label="Hot files">
        {hotFiles.slice(0, SHOWN_FILES).map((file) => (
          <li key={file.path}>
            <button
              type="button"
              className="xray-row"
              onClick={() => show(file.path, file.commits)}
            >
              <code className="xray-path" title={file.path}>
                {file.path}
              </code>
              <span className="bar" data-tone="info">
                <span style={{ width: `${(100 * file.changes) / most}%` }} />
              </span>
              <span className="number nowrap">{plural(file.changes, 'change')}</span>
              <span className="number quiet nowrap hide-phone">
                {plural(file.authors, 'author')}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Ownership({ report: { ownership }, show }: { report: XrayReport; show: Show }) {
  return (
    <Panel
      title="Ownership"
      note={`${percent(ownership.singleOwnerShare)} of busy files known to one person only`}
      flush
      foot="Where one person wrote most of a busy file, their absence stops the work on it."
    >
      {ownership.files.length === 0 && (
        <EmptyState
          small
          title="No file depends on one person"
          text="Only files changed at least three times count: fewer say nothing about who knows them."
        />
      )}
      <ul aria-label="Files that depend on one person">
        {ownership.files.slice(0, SHOWN_FILES).map((file) => (
          <li key={file.path}>
            <button
              type="button"
              className="xray-row"
              onClick={() => show(file.path, file.commits)}
            >
              <code className="xray-path" title={file.path}>
                {file.path}
              </code>
              <span className="bar" data-tone={file.share > 0.8 ? 'caution' : 'warn'}>
                <span style={{ width: `${100 * file.share}%` }} />
              </span>
              <span className="number nowrap">{percent(file.share)}</span>
              <span className="quiet cut hide-phone">{file.topAuthor}</span>
            </button>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Overlaps({ report: { overlaps } }: { report: XrayReport }) {
  return (
    <Panel title="Branches that overlap" note="tried with a real merge" flush>
      {overlaps.length === 0 ? (
        <EmptyState
          small
          title="No two open branches touch the same files"
          text="With sessions and claims a collision is prevented before it is written."
        />
      ) : (
        <ul aria-label="Branches that overlap">
          {overlaps.slice(0, SHOWN_FILES).map((overlap) => (
            <li key={`${overlap.a}-${overlap.b}`} className="overlap">
              <span className="badge" data-tone={overlap.hasConflict ? 'bad' : 'neutral'}>
                <Icon name={overlap.hasConflict ? 'cross' : 'check'} size={13} />
                {overlap.hasConflict ? 'Conflict' : 'Merges'}
              </span>
              <div className="grow">
                <p className="wrap-anywhere">
                  <code>{overlap.a}</code> <span className="quiet">and</span>{' '}
                  <code>{overlap.b}</code>
                </p>
                <p
                  className="quiet small wrap-anywhere"
                  title={(overlap.hasConflict ? overlap.conflictPaths : overlap.paths).join('\n')}
                >
                  {(overlap.hasConflict ? overlap.conflictPaths : overlap.paths)
                    .slice(0, 3)
                    .join(', ')}
                  {overlap.paths.length > 3 && ` and ${overlap.paths.length - 3} more`}
                </p>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Agents({ report: { aiAuthored }, show }: { report: XrayReport; show: Show }) {
  const most = Math.max(1, ...aiAuthored.byAgent.map(({ changes }) => changes));
  return (
    <Panel
      title="Agents in the history"
      note="by trailers in commit messages"
      flush
      foot="Trailers are what authors chose to say. Sessions recorded by hooks say it exactly."
    >
      {aiAuthored.byAgent.length === 0 ? (
        <EmptyState
          small
          title="No commit names an agent"
          text="Wire your agents in, and every line knows which session wrote it."
          steps={[{ text: '', command: 'loom attach' }]}
        />
      ) : (
        <ul aria-label="Changes by agent">
          {aiAuthored.byAgent.map(({ agent, changes }) => (
            <li key={agent}>
              <button
                type="button"
                className="xray-row xray-row-short"
                onClick={() => show('Written with an agent', aiAuthored.commits)}
              >
                <span>{agent}</span>
                <span className="bar" data-tone="info">
                  <span style={{ width: `${(100 * changes) / most}%` }} />
                </span>
                <span className="number nowrap">{plural(changes, 'change')}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}
