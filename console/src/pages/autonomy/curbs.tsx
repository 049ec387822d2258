/** What harm has halved, until when, and the way back for whoever owns the service. */
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type AutonomyCurb, restoreAutonomy } from '../../api/autonomy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';

const MIN_REASON = 10;

const CAUSES: Record<AutonomyCurb['cause'], string> = {
  revert: 'reverted',
  rollback: 'rolled back',
  incident: 'caused an incident',
};

export function Curbs({ curbs }: { curbs: readonly AutonomyCurb[] }) {
  const [restoring, setRestoring] = useState<AutonomyCurb | null>(null);
  return (
    <Panel
      title="Halved after harm"
      note="percentile and budget of what ships alone, until the date or until its owner restores them"
      flush
    >
      {curbs.length === 0 ? (
        <EmptyState
          small
          title="Nothing is halved"
          text="A revert, rollback or incident traced to a change that shipped alone halves its service for a while."
        />
      ) : (
        <DataTable
          label="Halvings"
          rows={curbs}
          rowKey={({ number }) => String(number)}
          columns={[
            {
              key: 'service',
              header: 'Where',
              cell: ({ service, repository }) => (
                <span className="cell-title">
                  <span>{service === '*' ? 'All of the repository' : service}</span>
                  <span className="quiet small">{repository}</span>
                </span>
              ),
            },
            {
              key: 'why',
              header: 'Why',
              hide: 'phone',
              cell: ({ changeId, title, agent, cause }) => (
                <span className="cell-title">
                  <span>
                    <AppLink href={`/changes/${changeId}`}>{title}</AppLink>
                  </span>
                  <span className="quiet small">
                    by {agent}, {CAUSES[cause]}
                  </span>
                </span>
              ),
            },
            {
              key: 'state',
              header: 'State',
              cell: (curb) => <State curb={curb} />,
            },
            {
              key: 'act',
              header: '',
              align: 'end',
              cell: (curb) =>
                curb.isActive && (
                  <Button size="compact-sm" variant="default" onClick={() => setRestoring(curb)}>
                    Restore
                  </Button>
                ),
            },
          ]}
        />
      )}
      {restoring !== null && <Restore curb={restoring} onDone={() => setRestoring(null)} />}
    </Panel>
  );
}

function State({ curb }: { curb: AutonomyCurb }) {
  if (curb.isActive) {
    return (
      <span className="row row-wrap" style={{ gap: '2px 8px' }}>
        <Badge look={{ label: 'Halved', tone: 'warn', icon: 'alert' }} />
        <span className="quiet small">
          ends <When at={curb.until} />
        </span>
      </span>
    );
  }
  if (curb.restoredAt !== null) {
    return (
      <span className="cell-title" title={curb.reason ?? ''}>
        <span className="small">
          Restored by {curb.restoredName}, <When at={curb.restoredAt} />
        </span>
        <span className="quiet small">{curb.reason}</span>
      </span>
    );
  }
  return <Badge look={{ label: 'Over', tone: 'neutral', icon: 'check' }} />;
}

function Restore({ curb, onDone }: { curb: AutonomyCurb; onDone: () => void }) {
  const client = useQueryClient();
  const restore = useMutation({
    mutationFn: (reason: string) => restoreAutonomy(curb.number, reason),
    onSuccess: () => {
      onDone();
      return client.invalidateQueries({ queryKey: ['autonomy'] });
    },
  });
  return (
    <ConfirmDialog
      isOpen
      onClose={onDone}
      title="Restore autonomy before its time?"
      action="Restore"
      work={restore}
      reason={{
        placeholder: 'What was mended, and why it will not happen again',
        least: MIN_REASON,
      }}
      onConfirm={(reason) => restore.mutate(reason)}
    >
      <strong>{curb.title}</strong> by {curb.agent} {CAUSES[curb.cause]}. Only the owner of{' '}
      {curb.service === '*' ? curb.repository : curb.service} may restore it.
    </ConfirmDialog>
  );
}
