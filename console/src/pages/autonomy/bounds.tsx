/** The promise: at most so much of the harm ships alone. Beside it, what really slipped. */
import type { RealisedBound } from '../../api/autonomy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { count, percent, plural } from '../../parts/format.ts';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

export function Bounds({ bounds }: { bounds: readonly RealisedBound[] }) {
  return (
    <Panel
      title="The declared bound and what slipped"
      note="of all changes that harm was traced to within a year, how many had shipped alone"
      flush
    >
      {bounds.length === 0 ? (
        <EmptyState small title="Nothing has landed through here yet" />
      ) : (
        <DataTable
          label="Bounds"
          rows={bounds}
          rowKey={({ repository }) => repository}
          columns={[
            {
              key: 'repository',
              header: 'Repository',
              cell: ({ repository, landed, shippedAlone }) => (
                <span className="cell-title">
                  <span>{repository}</span>
                  <span className="quiet small">
                    {count(shippedAlone)} of {plural(landed, 'change')} shipped alone
                  </span>
                </span>
              ),
            },
            {
              key: 'bound',
              header: 'Declared',
              align: 'end',
              width: 96,
              cell: ({ boundPerMille }) =>
                boundPerMille === null ? (
                  <span className="quiet">none</span>
                ) : (
                  percent(boundPerMille / 1000)
                ),
            },
            {
              key: 'slipped',
              header: 'Slipped',
              align: 'end',
              width: 150,
              cell: ({ realised, slipped, defects }) =>
                realised === null ? (
                  <span className="quiet small">no harm known</span>
                ) : (
                  <span>
                    <strong>{percent(realised)}</strong>{' '}
                    <span className="quiet small">
                      {count(slipped)} of {count(defects)}
                    </span>
                  </span>
                ),
            },
            {
              key: 'audited',
              header: 'Looked at',
              align: 'end',
              hide: 'phone',
              width: 150,
              cell: ({ audited, auditedRisky }) =>
                audited === 0 ? (
                  <span className="quiet small">none yet</span>
                ) : (
                  <span>
                    {count(audited)}{' '}
                    <span className="quiet small">{count(auditedRisky)} risky</span>
                  </span>
                ),
            },
            { key: 'state', header: 'State', width: 220, cell: (bound) => <State bound={bound} /> },
          ]}
        />
      )}
    </Panel>
  );
}

function State({ bound }: { bound: RealisedBound }) {
  const { alarmSince, tightening, boundPerMille } = bound;
  if (boundPerMille === null)
    return <Badge look={{ label: 'No bound declared', tone: 'neutral', icon: 'clock' }} />;
  const used =
    tightening < 1 ? (
      <span className="quiet small">{percent(tightening)} of it is used</span>
    ) : null;
  if (alarmSince !== null) {
    return (
      <span className="cell-title">
        <Badge look={{ label: 'Bound passed', tone: 'bad', icon: 'alert' }} />
        <span className="quiet small">
          since <When at={alarmSince} />, {percent(tightening)} of it is used
        </span>
      </span>
    );
  }
  return (
    <span className="cell-title">
      <Badge look={{ label: 'Kept', tone: 'good', icon: 'check' }} />
      {used}
    </span>
  );
}
