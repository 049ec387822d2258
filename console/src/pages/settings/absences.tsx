/** Who is away and who stands in: reviews go past people who are away, to their delegate or the next. */
import { Button, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  type Absence,
  absencesQuery,
  cancelAbsence,
  enterAbsence,
} from '../../api/people-duties.ts';
import { queries } from '../../api/queries.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { usePersonName } from '../../parts/people.ts';
import { useMay } from '../../parts/rights.ts';
import { useNow, When } from '../../parts/time.tsx';

export function Absences() {
  const me = useQuery(queries.me()).data?.principal;
  const people = useQuery(queries.people()).data?.items ?? [];
  const managesPeople = useMay('people:manage');
  const [chosen, setChosen] = useState<string | null>(null);
  const personId = chosen ?? me?.onBehalfOf ?? me?.id;
  if (personId === undefined) return <Loading rows={3} />;
  return (
    <div className="stack">
      {managesPeople && (
        <Select
          label="Person"
          value={personId}
          onChange={setChosen}
          allowDeselect={false}
          data={people.map(({ id, name }) => ({ value: id, label: name }))}
        />
      )}
      <Enter key={`enter-${personId}`} personId={personId} people={people} />
      <Entered key={personId} personId={personId} />
    </div>
  );
}

function Enter({
  personId,
  people,
}: {
  personId: string;
  people: readonly { id: string; name: string }[];
}) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [delegateId, setDelegate] = useState<string | null>(null);
  const [note, setNote] = useState('');
  const client = useQueryClient();
  const enter = useMutation({
    mutationFn: () =>
      enterAbsence(personId, {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        ...(delegateId !== null && { delegateId }),
        ...(note.trim() !== '' && { note: note.trim() }),
      }),
    onSuccess() {
      setFrom('');
      setTo('');
      setNote('');
      return client.invalidateQueries({ queryKey: ['people', personId, 'absences'] });
    },
  });
  return (
    <Panel
      title="Enter an absence"
      note="nobody who is away is asked; the delegate consents in their own name, with the teams of the absent"
    >
      <form
        className="stack"
        aria-label="Enter an absence"
        onSubmit={(event) => {
          event.preventDefault();
          enter.mutate();
        }}
      >
        <div className="row row-wrap">
          <TextInput
            label="From"
            type="datetime-local"
            required
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            label="To"
            type="datetime-local"
            required
            min={from}
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
          <Select
            label="Delegate"
            placeholder="nobody"
            clearable
            searchable
            value={delegateId}
            onChange={setDelegate}
            data={people
              .filter(({ id }) => id !== personId)
              .map(({ id, name }) => ({ value: id, label: name }))}
          />
          <TextInput
            label="Note"
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
        </div>
        {enter.error !== null && <Problem error={enter.error} />}
        <div className="row">
          <Button type="submit" loading={enter.isPending} disabled={from === '' || to === ''}>
            Enter
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Entered({ personId }: { personId: string }) {
  const query = useQuery(absencesQuery(personId));
  const nameOf = usePersonName();
  const now = useNow();
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: cancelAbsence,
    onSuccess: () => client.invalidateQueries({ queryKey: ['people', personId, 'absences'] }),
  });
  const stateOf = ({ cancelledAt, from, to }: Absence) => {
    if (cancelledAt !== null) return 'cancelled';
    if (Date.parse(to) <= now) return 'over';
    return Date.parse(from) <= now ? 'away now' : 'to come';
  };
  return (
    <Panel title="Absences" flush>
      {query.data === undefined && query.error === null && <Loading rows={2} />}
      {query.error !== null && (
        <div className="panel-body">
          <Problem error={query.error} />
        </div>
      )}
      {cancel.error !== null && (
        <div className="panel-body">
          <Problem error={cancel.error} />
        </div>
      )}
      {query.data?.items.length === 0 && <EmptyState small title="No absence entered" />}
      {query.data !== undefined && query.data.items.length > 0 && (
        <DataTable
          label="Absences"
          rows={query.data.items}
          rowKey={({ id }) => id}
          columns={[
            {
              key: 'span',
              header: 'When',
              cell: ({ from, to, note }) => (
                <span className="cell-title">
                  <span>
                    <When at={from} /> to <When at={to} />
                  </span>
                  {note !== '' && <span className="quiet small">{note}</span>}
                </span>
              ),
            },
            {
              key: 'delegate',
              header: 'Delegate',
              width: 160,
              cell: ({ delegateId }) => nameOf(delegateId),
            },
            { key: 'state', header: 'State', width: 110, cell: stateOf },
            {
              key: 'cancel',
              header: '',
              align: 'end',
              width: 100,
              cell: (each) =>
                ['to come', 'away now'].includes(stateOf(each)) && (
                  <Button
                    variant="default"
                    size="compact-xs"
                    loading={cancel.isPending && cancel.variables.id === each.id}
                    onClick={() => cancel.mutate(each)}
                  >
                    Cancel
                  </Button>
                ),
            },
          ]}
        />
      )}
    </Panel>
  );
}
