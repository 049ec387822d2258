/** Changes that shipped alone and were drawn for a person to look at: harm that nobody else would see. */
import { Button, SegmentedControl } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { answerAudit, type AuditedChange } from '../../api/autonomy.ts';
import { Badge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { ConfirmDialog } from '../../parts/dialogs.tsx';
import { EmptyState, Panel } from '../../parts/layout.tsx';
import { AppLink } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';

const MIN_REASON = 10;

export function Audits({ audits }: { audits: readonly AuditedChange[] }) {
  const [open, setOpen] = useState<AuditedChange | null>(null);
  return (
    <Panel
      title="Drawn to be looked at"
      note="one in fifty of what ships alone, by chance: what a person finds here no incident has to tell"
      flush
    >
      {audits.length === 0 ? (
        <EmptyState small title="Nothing is drawn now" />
      ) : (
        <DataTable
          label="Audits"
          rows={audits}
          rowKey={({ changeId }) => changeId}
          columns={[
            {
              key: 'change',
              header: 'Change',
              cell: ({ changeId, title, repository }) => (
                <span className="cell-title">
                  <span>
                    <AppLink href={`/changes/${changeId}`}>{title}</AppLink>
                  </span>
                  <span className="quiet small">{repository}</span>
                </span>
              ),
            },
            {
              key: 'landed',
              header: 'Landed',
              hide: 'phone',
              width: 140,
              cell: ({ landedAt }) => <When at={landedAt} />,
            },
            { key: 'finding', header: 'Found', cell: (audit) => <Finding audit={audit} /> },
            {
              key: 'act',
              header: '',
              align: 'end',
              cell: (audit) =>
                audit.state === 'open' && (
                  <Button size="compact-sm" variant="default" onClick={() => setOpen(audit)}>
                    Answer
                  </Button>
                ),
            },
          ]}
        />
      )}
      {open !== null && <Answer audit={open} onDone={() => setOpen(null)} />}
    </Panel>
  );
}

function Finding({ audit }: { audit: AuditedChange }) {
  if (audit.state === 'open')
    return <Badge look={{ label: 'Waits', tone: 'warn', icon: 'clock' }} />;
  const isFine = audit.state === 'fine';
  return (
    <span className="cell-title">
      <span>
        <Badge
          look={{
            label: isFine ? 'Fine' : 'Risky',
            tone: isFine ? 'good' : 'bad',
            icon: isFine ? 'check' : 'alert',
          }}
        />{' '}
        <span className="quiet small">by {audit.auditedName}</span>
      </span>
      <span className="quiet small">{audit.reason}</span>
    </span>
  );
}

function Answer({ audit, onDone }: { audit: AuditedChange; onDone: () => void }) {
  const client = useQueryClient();
  const [finding, setFinding] = useState<'fine' | 'risky'>('fine');
  const answer = useMutation({
    mutationFn: (reason: string) => answerAudit(audit.changeId, { finding, reason }),
    onSuccess: () => {
      onDone();
      return client.invalidateQueries({ queryKey: ['autonomy'] });
    },
  });
  return (
    <ConfirmDialog
      isOpen
      onClose={onDone}
      title="What did you find?"
      action="Record it"
      work={answer}
      reason={{ placeholder: 'What you looked at, and what you found', least: MIN_REASON }}
      onConfirm={(reason) => answer.mutate(reason)}
    >
      <p>
        <AppLink href={`/changes/${audit.changeId}`}>{audit.title}</AppLink> shipped with nobody
        looking. Should it have?
      </p>
      <SegmentedControl
        aria-label="Finding"
        mt={10}
        value={finding}
        onChange={(value) => setFinding(value as 'fine' | 'risky')}
        data={[
          { value: 'fine', label: 'Fine' },
          { value: 'risky', label: 'Risky: a person should have seen it' },
        ]}
      />
    </ConfirmDialog>
  );
}
