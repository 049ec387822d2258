/** Says that two records cannot both hold. Nothing is closed by it: a person settles it afterwards. */
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type { Entity } from '../../api/context-types.ts';
import { Problem } from '../../parts/layout.tsx';
import { rowsOf } from '../../parts/list.tsx';
import { nameOf, placeOf, wordOfKind } from './context-pages.tsx';

const KINDS = 'decision,rule,document,section,control,slo,component';

export function ReportContradiction({
  entity,
  isOpen,
  onClose,
}: {
  entity: Entity;
  isOpen: boolean;
  onClose: () => void;
}) {
  const [typed, setTyped] = useState('');
  const [text] = useDebouncedValue(typed, 200);
  const [other, setOther] = useState<string | null>(null);
  const [because, setBecause] = useState('');
  const found = useInfiniteQuery({
    ...contextQueries.entities({ q: text, kind: KINDS }),
    enabled: isOpen,
  });
  const client = useQueryClient();
  const report = useMutation({
    mutationFn: () =>
      post('/v1/graph/contradictions', { a: entity.id, b: other, because: because.trim() }),
    onSuccess: () => {
      setOther(null);
      setBecause('');
      onClose();
      notifications.show({ title: 'Reported', message: 'It waits until somebody settles it.' });
      return client.invalidateQueries({ queryKey: ['graph'] });
    },
  });
  const options = rowsOf(found.data)
    .filter(({ id }) => id !== entity.id)
    .map((one) => ({
      value: one.id,
      label: `${nameOf(one)} (${[wordOfKind(one.kind).toLowerCase(), placeOf(one)].filter(Boolean).join(', ')})`,
    }));

  return (
    <Modal opened={isOpen} onClose={onClose} title="Report a contradiction">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          report.mutate();
        }}
      >
        <p className="soft small">
          “{nameOf(entity)}” and another record cannot both hold. Agents are told of both until a
          person has settled it.
        </p>
        <Select
          label="The other record"
          placeholder="Type its name"
          data={options}
          value={other}
          onChange={setOther}
          searchable
          searchValue={typed}
          onSearchChange={setTyped}
          filter={({ options: all }) => all}
          nothingFoundMessage="Nothing of that name"
          required
          data-autofocus
        />
        <TextInput
          label="Because"
          placeholder="One wants cents, the other floats"
          required
          value={because}
          onChange={(event) => setBecause(event.currentTarget.value)}
        />
        {report.error !== null && <Problem error={report.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose}>
            Discard
          </Button>
          <Button
            type="submit"
            loading={report.isPending}
            disabled={other === null || because.trim() === ''}
          >
            Report
          </Button>
        </div>
      </form>
    </Modal>
  );
}
