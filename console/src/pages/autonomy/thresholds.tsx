/** Where the thresholds stand: each kind of change and each tier keeps the bound by itself. */
import type { AutonomyThreshold } from '../../api/autonomy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { count, percent } from '../../parts/format.ts';
import { Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

const KINDS: Record<string, string> = {
  '*': 'Everything',
  code: 'Production code',
  operations: 'Configuration, builds, CI, dependencies',
  'docs-and-tests': 'Documents and tests',
};

export function Thresholds({ thresholds }: { thresholds: readonly AutonomyThreshold[] }) {
  return (
    <Panel
      title="Thresholds by kind of change and tier"
      note="each keeps the declared bound by itself; they move when something lands or harms"
      flush
    >
      <DataTable
        label="Thresholds"
        rows={thresholds}
        rowKey={({ repository, changeClass, tier }) => `${repository} ${changeClass} ${tier}`}
        columns={[
          {
            key: 'kind',
            header: 'Kind',
            cell: ({ repository, changeClass, tier }) => (
              <span className="cell-title">
                <span>{KINDS[changeClass] ?? changeClass}</span>
                <span className="quiet small">
                  {repository}, {tier === '*' ? 'all tiers' : tier}
                </span>
              </span>
            ),
          },
          {
            key: 'slipped',
            header: 'Slipped',
            align: 'end',
            width: 150,
            cell: ({ slipped, defects }) =>
              defects === 0 ? (
                <span className="quiet small">no harm known</span>
              ) : (
                <span>
                  <strong>{percent(slipped / defects)}</strong>{' '}
                  <span className="quiet small">
                    {count(slipped)} of {count(defects)}
                  </span>
                </span>
              ),
          },
          {
            key: 'used',
            header: 'Of the bound used',
            align: 'end',
            width: 130,
            cell: ({ tightening, ceiling, boundPerMille }) => (
              <span>
                {boundPerMille === null ? '–' : percent(tightening)}
                {ceiling !== null && (
                  <span className="quiet small"> up to {count(ceiling)} points</span>
                )}
              </span>
            ),
          },
          {
            key: 'state',
            header: 'State',
            width: 220,
            cell: (each) => <State threshold={each} />,
          },
        ]}
      />
    </Panel>
  );
}

function State({ threshold }: { threshold: AutonomyThreshold }) {
  const { alarmSince, phase, changedAt, boundPerMille } = threshold;
  const look =
    boundPerMille === null
      ? ({ label: 'No bound declared', tone: 'neutral', icon: 'clock' } as const)
      : alarmSince !== null
        ? ({ label: 'Bound passed', tone: 'bad', icon: 'alert' } as const)
        : phase === 'cold' && threshold.changeClass === 'operations'
          ? ({ label: 'Cold start: half budgets', tone: 'warn', icon: 'clock' } as const)
          : ({ label: 'Kept', tone: 'good', icon: 'check' } as const);
  return (
    <span className="cell-title">
      <Badge look={look} />
      <span className="quiet small">
        moved <When at={changedAt} />
      </span>
    </span>
  );
}
