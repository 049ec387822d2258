/** People and their roles; an admin adds them and makes their login links. */
import { Button, Modal, MultiSelect, TagsInput, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import { ROLES, type Person, type Role } from '../../api/types.ts';
import { Copy } from '../../parts/copy.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { FormDialog } from '../../parts/dialogs.tsx';
import { EmptyState, Loading, Notice, Panel, Problem } from '../../parts/layout.tsx';

const ROLE_HINT =
  'Viewers read. Developers run agents and propose. Approvers consent. Auditors export. Admins manage.';

export function People() {
  const query = useQuery(queries.people());
  const [isCreating, setCreating] = useState(false);
  const login = useMutation({
    mutationFn: (person: Person) =>
      post<{ code: string; url: string }>('/v1/login-codes', {
        personId: person.id,
      }),
  });

  const link = login.data?.url;

  return (
    <div className="stack">
      <Panel
        title="People"
        note={
          query.data === undefined ? undefined : plural(query.data.items.length, 'person', 'people')
        }
        actions={
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setCreating(true)}>
            Add person
          </Button>
        }
        flush
        foot={ROLE_HINT}
      >
        {query.data === undefined && query.error === null && <Loading rows={4} />}
        {query.error !== null && (
          <div className="panel-body">
            <Problem error={query.error} />
          </div>
        )}
        {query.data?.items.length === 0 && <EmptyState small title="Nobody yet" />}
        {query.data !== undefined && query.data.items.length > 0 && (
          <DataTable
            label="People"
            rows={query.data.items}
            rowKey={(person) => person.id}
            columns={[
              {
                key: 'name',
                header: 'Name',
                cell: (person) => (
                  <span className="cell-title">
                    <span style={{ fontWeight: 540 }}>{person.name}</span>
                    <span className="quiet small">{person.identities.join(', ')}</span>
                  </span>
                ),
              },
              {
                key: 'roles',
                header: 'Roles',
                hide: 'phone',
                cell: (person) => (
                  <span className="row row-wrap" style={{ gap: 4 }}>
                    {person.roles.map((role) => (
                      <span key={role} className="badge" data-tone="neutral">
                        {role}
                      </span>
                    ))}
                  </span>
                ),
              },
              {
                key: 'teams',
                header: 'Teams',
                hide: 'narrow',
                cell: (person) => person.teams.join(', ') || <span className="quiet">none</span>,
              },
              {
                key: 'login',
                header: 'Sign-in',
                align: 'end',
                width: 130,
                cell: (person) => (
                  <Button
                    variant="default"
                    size="compact-xs"
                    loading={login.isPending && login.variables.id === person.id}
                    aria-label={`Make a login link for ${person.name}`}
                    onClick={() => login.mutate(person)}
                  >
                    Login link
                  </Button>
                ),
              },
            ]}
          />
        )}
      </Panel>
      {login.error !== null && <Problem error={login.error} />}
      <CreatePerson isOpen={isCreating} onClose={() => setCreating(false)} />
      <Modal
        opened={link !== undefined}
        onClose={() => login.reset()}
        title={`Login link for ${login.variables?.name ?? ''}`}
      >
        <div className="stack">
          <Notice tone="warn" title="Works once, within ten minutes">
            <span>Whoever opens it is signed in as this person. Send it on a private way.</span>
          </Notice>
          {link !== undefined && <Secret value={link} label="Login link" />}
        </div>
      </Modal>
    </div>
  );
}

/** Text to be copied now: it is not shown again. */
export function Secret({ value, label }: { value: string; label: string }) {
  return (
    <div className="command" style={{ alignItems: 'flex-start' }}>
      <span className="mono wrap-anywhere grow" aria-label={label} role="group">
        {value}
      </span>
      <Copy value={value} label={`Copy ${label.toLowerCase()}`} />
    </div>
  );
}

function CreatePerson({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [name, setName] = useState('');
  const [roles, setRoles] = useState<string[]>(['developer']);
  const [teams, setTeams] = useState<string[]>([]);
  const [identities, setIdentities] = useState<string[]>([]);
  const client = useQueryClient();
  const create = useMutation({
    mutationFn: () =>
      post<Person>('/v1/people', { name: name.trim(), roles: roles as Role[], teams, identities }),
    onSuccess: () => {
      setName('');
      setTeams([]);
      setIdentities([]);
      onClose();
      return client.invalidateQueries({ queryKey: ['people'] });
    },
  });
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Add person"
      action="Add person"
      work={create}
      isReady={name.trim() !== ''}
      onSubmit={() => create.mutate()}
    >
      <TextInput
        label="Name"
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <MultiSelect label="Roles" data={[...ROLES]} value={roles} onChange={setRoles} required />
      <TagsInput
        label="Identities"
        description="How commits and hosts name this person. It is what keeps authors from approving their own changes."
        placeholder="email:ada@example.com, github:ada"
        value={identities}
        onChange={setIdentities}
      />
      <TagsInput label="Teams" placeholder="payments" value={teams} onChange={setTeams} />
    </FormDialog>
  );
}
