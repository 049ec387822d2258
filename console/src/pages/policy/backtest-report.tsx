/** What an edited policy would have done: lanes before and after, what moved, who is asked, what it let through. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import { type Backtest, type Lane, type LaneCounts, LANES } from '../../api/policy.ts';
import { LaneBadge, laneLook } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { count, day, percent, plural, shortId, whoInWords } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import './backtest.css';

const FIRST_ROWS = 15;

export function BacktestReport({
  report,
  onGo,
}: {
  report: Backtest;
  onGo: (line: number) => void;
}) {
  if (report.changes === 0) {
    return (
      <EmptyState
        small
        title="Nothing landed in this time"
        text="Look further back: the window is above."
      />
    );
  }
  const alone = (lanes: LaneCounts) => lanes.ship + lanes['ship-and-watch'];
  const moved = report.stricter + report.milder;
  return (
    <div className="backtest" data-testid="backtest-report">
      <div className="backtest-figures">
        <Figure
          value={count(report.changes)}
          label="changes looked at"
          note={
            report.from === null || report.to === null
              ? ''
              : `${day(report.from)} – ${day(report.to)}`
          }
        />
        <Figure
          value={count(moved)}
          label={moved === 1 ? 'change moves lane' : 'changes move lane'}
          note={`${count(report.stricter)} stricter, ${count(report.milder)} milder`}
        />
        <Figure
          value={percent(alone(report.after) / report.changes)}
          label="ship alone"
          note={`${percent(alone(report.before) / report.changes)} before`}
        />
        <Figure
          value={count(report.revertedLater.length)}
          label="shipped alone, reverted later"
          note={`${count(report.revertedLater.filter(({ shippedBefore }) => shippedBefore).length)} of them before too`}
          tone={report.revertedLater.length > 0 ? 'bad' : 'good'}
        />
      </div>
      <div className="backtest-parts">
        <section className="backtest-part" aria-labelledby="backtest-lanes">
          <h3 id="backtest-lanes">Lanes</h3>
          <Lanes report={report} />
        </section>
        <section className="backtest-part" aria-labelledby="backtest-weeks">
          <h3 id="backtest-weeks">By week, before and after</h3>
          <Weeks weeks={report.weeks} />
        </section>
        <section className="backtest-part" aria-labelledby="backtest-paged">
          <h3 id="backtest-paged">Whom it asks</h3>
          <Paged paged={report.paged} />
        </section>
        <section className="backtest-part" aria-labelledby="backtest-rules">
          <h3 id="backtest-rules">Rules that spoke, and those that never did</h3>
          <Fired report={report} onGo={onGo} />
        </section>
      </div>
      <section className="backtest-part" aria-labelledby="backtest-moved">
        <h3 id="backtest-moved">Changes that move</h3>
        <Moved report={report} />
      </section>
      {report.revertedLater.length > 0 && (
        <section className="backtest-part" aria-labelledby="backtest-reverted">
          <h3 id="backtest-reverted">Would have shipped alone and was reverted later</h3>
          <DataTable
            label="Shipped alone and reverted later"
            rows={report.revertedLater}
            rowKey={({ sha }) => sha}
            columns={[
              { key: 'subject', header: 'Change', cell: (row) => <Subject {...row} /> },
              {
                key: 'before',
                header: 'Before',
                hide: 'phone',
                width: 130,
                cell: ({ shippedBefore }) =>
                  shippedBefore ? 'shipped alone too' : 'had a reviewer',
              },
              {
                key: 'reverted',
                header: 'Reverted',
                width: 190,
                cell: ({ revertedBy, revertedAt }) => (
                  <span className="nowrap">
                    <code>{shortId(revertedBy)}</code> <When at={revertedAt} />
                  </span>
                ),
              },
            ]}
          />
        </section>
      )}
      {report.notes.length > 0 && (
        <ul className="backtest-notes" aria-label="What the figures cannot say">
          {report.notes.map((note) => (
            <li key={note}>
              <Icon name="info" size={13} /> {note}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function Figure({
  value,
  label,
  note,
  tone,
}: {
  value: string;
  label: string;
  note: string;
  tone?: 'good' | 'bad';
}) {
  return (
    <p className="stat" data-tone={tone}>
      <span className={tone === 'bad' ? 'stat-value removed' : 'stat-value'}>{value}</span>
      <span className="stat-label">{label}</span>
      <span className="stat-note">{note}</span>
    </p>
  );
}

function Lanes({ report: { before, after, changes } }: { report: Backtest }) {
  return (
    <div className="lanes">
      {(
        [
          ['Before', before],
          ['After', after],
        ] as const
      ).map(([label, lanes]) => (
        <div key={label} className="lanes-row">
          <span className="quiet small">{label}</span>
          <LaneBar lanes={lanes} total={changes} label={label} />
        </div>
      ))}
      <table className="lanes-table">
        <caption className="visually-hidden">Changes in each lane, before and after</caption>
        <thead>
          <tr>
            <th scope="col">Lane</th>
            <th scope="col" data-align="end">
              Before
            </th>
            <th scope="col" data-align="end">
              After
            </th>
            <th scope="col" data-align="end">
              Difference
            </th>
          </tr>
        </thead>
        <tbody>
          {LANES.map((lane) => (
            <tr key={lane}>
              <th scope="row">
                <span className="lane-name" data-tone={laneLook(lane).tone}>
                  <span className="lane-dot" />
                  {laneLook(lane).label}
                </span>
              </th>
              <td data-align="end">{count(before[lane])}</td>
              <td data-align="end">{count(after[lane])}</td>
              <td data-align="end">
                <strong>{signed(after[lane] - before[lane])}</strong>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function signed(value: number): string {
  if (value === 0) return '–';
  return value > 0 ? `+${count(value)}` : `−${count(-value)}`;
}

function LaneBar({ lanes, total, label }: { lanes: LaneCounts; total: number; label: string }) {
  const words = LANES.filter((lane) => lanes[lane] > 0)
    .map((lane) => `${laneLook(lane).label} ${lanes[lane]}`)
    .join(', ');
  return (
    <div className="lane-bar" role="img" aria-label={`${label}: ${words}`}>
      {LANES.map((lane) =>
        lanes[lane] === 0 ? null : (
          <span
            key={lane}
            data-tone={laneLook(lane).tone}
            style={{ width: `${(lanes[lane] / total) * 100}%` }}
            title={`${laneLook(lane).label}: ${lanes[lane]}`}
          />
        ),
      )}
    </div>
  );
}

function Weeks({ weeks }: { weeks: Backtest['weeks'] }) {
  const totalOf = (lanes: LaneCounts) => LANES.reduce((sum, lane) => sum + lanes[lane], 0);
  const highest = Math.max(1, ...weeks.map(({ after }) => totalOf(after)));
  const first = weeks[0];
  const last = weeks.at(-1);
  if (first === undefined || last === undefined) return null;
  return (
    <figure className="weeks">
      <div className="weeks-chart" aria-hidden="true">
        {weeks.map(({ week, before, after }) => (
          <div key={week} className="weeks-pair" title={`Week of ${day(week)}`}>
            <Column lanes={before} highest={highest} isFaded />
            <Column lanes={after} highest={highest} />
          </div>
        ))}
      </div>
      <figcaption className="row spread quiet small">
        <span>{day(first.week)}</span>
        <span>left before, right after; at most {plural(highest, 'change')} a week</span>
        <span>{weeks.length > 1 && day(last.week)}</span>
      </figcaption>
    </figure>
  );
}

function Column({
  lanes,
  highest,
  isFaded = false,
}: {
  lanes: LaneCounts;
  highest: number;
  isFaded?: boolean;
}) {
  return (
    <span className="weeks-column" data-faded={isFaded || undefined}>
      {LANES.map((lane) =>
        lanes[lane] === 0 ? null : (
          <span
            key={lane}
            data-tone={laneLook(lane).tone}
            style={{ height: `${(lanes[lane] / highest) * 100}%` }}
          />
        ),
      )}
    </span>
  );
}

function Paged({ paged }: { paged: Backtest['paged'] }) {
  const [isAll, setAll] = useState(false);
  const highest = Math.max(1, ...paged.flatMap(({ before, after }) => [before, after]));
  if (paged.length === 0) return <p className="quiet small">Nobody would have been asked.</p>;
  const shown = isAll ? paged : paged.slice(0, 7);
  return (
    <>
      <ul className="paged" aria-label="Whom it asks, before and after">
        {shown.map(({ who, before, after }) => (
          <li key={who}>
            <span className="wrap-anywhere">{nameOf(who)}</span>
            <span className="paged-bars" aria-hidden="true">
              <span style={{ width: `${(before / highest) * 100}%` }} data-faded />
              <span style={{ width: `${(after / highest) * 100}%` }} />
            </span>
            <span className="number small nowrap">
              <span className="quiet">{count(before)} → </span>
              <strong>{count(after)}</strong>
              <span className="visually-hidden"> times</span>
            </span>
          </li>
        ))}
      </ul>
      {shown.length < paged.length && (
        <Button variant="subtle" size="compact-xs" onClick={() => setAll(true)}>
          Show all {paged.length}
        </Button>
      )}
    </>
  );
}

function nameOf(who: string): string {
  return who === 'anyone' ? 'any approver' : whoInWords(who);
}

function Fired({
  report: { fired, neverFired },
  onGo,
}: {
  report: Backtest;
  onGo: (line: number) => void;
}) {
  if (fired.length + neverFired.length === 0) {
    return <p className="quiet small">The text holds no rules of its own.</p>;
  }
  return (
    <ul className="fired" aria-label="Rules">
      {neverFired.map(({ id, line, because }) => (
        <li key={id} data-tone="warn">
          <Icon name="alert" size={14} />
          <span className="grow">
            <code className="wrap-anywhere">{id}</code>{' '}
            <span className="quiet small">{because}</span>
          </span>
          <span className="nowrap small">
            never <Line line={line} onGo={onGo} />
          </span>
        </li>
      ))}
      {fired.map(({ id, line, count: times }) => (
        <li key={id} data-tone="good">
          <Icon name="check" size={14} />
          <code className="grow wrap-anywhere">{id}</code>
          <span className="nowrap small number">
            {times}× <Line line={line} onGo={onGo} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function Line({ line, onGo }: { line: number; onGo: (line: number) => void }) {
  if (line === 0) return null;
  return (
    <button type="button" className="plain-button text-button" onClick={() => onGo(line)}>
      line {line}
    </button>
  );
}

function Moved({ report: { moved, stricter, milder } }: { report: Backtest }) {
  const [isAll, setAll] = useState(false);
  if (moved.length === 0) {
    return (
      <p className="quiet small">
        No change moves: in this time both texts would have decided the same.
      </p>
    );
  }
  const shown = isAll ? moved : moved.slice(0, FIRST_ROWS);
  return (
    <>
      <DataTable
        label="Changes that move lane"
        rows={shown}
        rowKey={({ sha }) => sha}
        columns={[
          { key: 'subject', header: 'Change', cell: (row) => <Subject {...row} /> },
          {
            key: 'move',
            header: 'Lane',
            width: 290,
            cell: ({ before, after }) => <Move before={before} after={after} />,
          },
          {
            key: 'why',
            header: 'Because of',
            hide: 'narrow',
            width: 240,
            cell: ({ rulesAdded, rulesRemoved }) => (
              <span className="small wrap-anywhere">
                {rulesAdded.length > 0 && <code>{rulesAdded.join(', ')}</code>}
                {rulesAdded.length === 0 && rulesRemoved.length > 0 && (
                  <span className="quiet">
                    no longer <code>{rulesRemoved.join(', ')}</code>
                  </span>
                )}
              </span>
            ),
          },
        ]}
      />
      {shown.length < moved.length && (
        <Button variant="subtle" size="compact-xs" onClick={() => setAll(true)}>
          Show all {moved.length}
        </Button>
      )}
      {stricter + milder > moved.length && (
        <p className="quiet small">The newest {count(moved.length)} are listed.</p>
      )}
    </>
  );
}

function Subject({ subject, sha, landedAt }: { subject: string; sha: string; landedAt: string }) {
  return (
    <span className="cell-title">
      <span title={subject}>{subject}</span>
      <span className="quiet small">
        <code>{shortId(sha)}</code> · <When at={landedAt} />
      </span>
    </span>
  );
}

function Move({ before, after }: { before: Lane; after: Lane }) {
  return (
    <span className="row row-wrap" style={{ gap: 5 }}>
      <LaneBadge lane={before} />
      <Icon name="right" size={12} label="to" />
      <LaneBadge lane={after} />
    </span>
  );
}
