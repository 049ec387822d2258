/** What waits for people, and what an agent would be given next. */
import type { Board } from '../../api/board.ts';
import { Badge, LaneBadge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { plural } from '../../parts/format.ts';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

export function WaitingChanges({ changes, total }: { changes: Board['changes']; total: number }) {
  return (
    <Panel title="Waits for people" note={plural(total, 'change')} flush>
      {changes.length === 0 ? (
        <EmptyState small title="Nobody is waited for" />
      ) : (
        <DataTable
          label="Changes that wait for people"
          rows={changes}
          rowKey={({ id }) => id}
          rowHref={({ id }) => `/changes/${id}`}
          columns={[
            {
              key: 'title',
              header: 'Change',
              cell: ({ title, repository, askedOf }) => (
                <span className="cell-title board-queue-title">
                  <span>{title}</span>
                  <span className="quiet small">
                    {repository} · {askedOf.length === 0 ? 'nobody asked' : askedOf.join(', ')}
                  </span>
                </span>
              ),
            },
            {
              key: 'lane',
              header: 'Needs',
              hide: 'phone',
              width: 130,
              cell: ({ lane }) => <LaneBadge lane={lane} />,
            },
            {
              key: 'since',
              header: 'Since',
              align: 'end',
              width: 90,
              cell: ({ since }) => <When at={since} />,
            },
          ]}
        />
      )}
    </Panel>
  );
}

const PRIORITIES = ['Lowest', 'Low', 'Normal', 'High', 'Urgent'];

export function ReadyItems({ items, total }: { items: Board['items']; total: number }) {
  return (
    <Panel title="Ready to be taken" note={plural(total, 'work item')} flush>
      {items.length === 0 ? (
        <EmptyState small title="All work is taken" />
      ) : (
        <DataTable
          label="Work that is ready"
          rows={items}
          rowKey={({ id }) => id}
          rowHref={({ id }) => `/work?item=${id}`}
          columns={[
            {
              key: 'title',
              header: 'Work item',
              cell: ({ title, repository, source }) => (
                <span className="cell-title board-queue-title">
                  <span>{title}</span>
                  <span className="quiet small">
                    {repository ?? 'any repository'} · from {source}
                  </span>
                </span>
              ),
            },
            {
              key: 'priority',
              header: 'Priority',
              hide: 'phone',
              width: 110,
              cell: ({ priority }) => (
                <Badge
                  look={{
                    label: PRIORITIES[priority] ?? 'Normal',
                    tone: priority > 2 ? 'warn' : 'neutral',
                    icon: priority > 2 ? 'alert' : 'ready',
                  }}
                />
              ),
            },
            {
              key: 'since',
              header: 'Since',
              align: 'end',
              width: 90,
              cell: ({ createdAt }) => <When at={createdAt} />,
            },
          ]}
        />
      )}
    </Panel>
  );
}
