/** What harm has halved, until when, and the way back for whoever owns the service. */
import { Button, Modal, Textarea } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type AutonomyCurb, restoreAutonomy } from '../../api/autonomy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { EmptyState, Panel, Problem } from '../../parts/layout.tsx';
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
      <Modal
        opened={restoring !== null}
        onClose={() => setRestoring(null)}
        title="Restore autonomy before its time"
      >
        {restoring !== null && <Restore curb={restoring} onDone={() => setRestoring(null)} />}
      </Modal>
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
  const [reason, setReason] = useState('');
  const [hint, setHint] = useState<string>();
  const restore = useMutation({
    mutationFn: () => restoreAutonomy(curb.number, reason.trim()),
    onSuccess: () => {
      onDone();
      return client.invalidateQueries({ queryKey: ['autonomy'] });
    },
  });
  const submit = () => {
    if (reason.trim().length < MIN_REASON) {
      setHint(`Say why, in at least ${MIN_REASON} letters: it becomes part of the record.`);
      return;
    }
    setHint(undefined);
    restore.mutate();
  };
  return (
    <div className="stack">
      <p className="soft small">
        <strong>{curb.title}</strong> by {curb.agent} {CAUSES[curb.cause]}. Only the owner of{' '}
        {curb.service === '*' ? curb.repository : curb.service} may restore it.
      </p>
      <Textarea
        label="Reason"
        placeholder="What was mended, and why it will not happen again"
        autosize
        minRows={3}
        data-autofocus
        value={reason}
        error={hint}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <div className="row">
        <Button loading={restore.isPending} onClick={submit}>
          Restore
        </Button>
      </div>
      {restore.error !== null && <Problem error={restore.error} />}
    </div>
  );
}
