/** API tokens: made here, shown once, revoked for good. */
import { Button, Modal, MultiSelect, NumberInput, Select, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post, remove } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import type { Bodies } from '../../api/schema.ts';
import type { Token } from '../../api/types.ts';
import { DataTable } from '../../parts/data-table.tsx';
import { ConfirmDialog, DialogForm } from '../../parts/dialogs.tsx';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, Panel, Problem } from '../../parts/layout.tsx';
import { usePersonName } from '../../parts/people.ts';
import { useNow, When } from '../../parts/time.tsx';
import { Secret } from './people.tsx';

type Scope = Exclude<NonNullable<Bodies['POST /v1/tokens']['scopes']>, 'all'>[number];

/** As a record, so that a scope the server learns and this page forgot does not compile. */
const SCOPES: Record<Scope, true> = {
  'repositories:read': true,
  'repositories:import': true,
  'context:read': true,
  'context:record': true,
  'context:approve': true,
  'context:curate': true,
  'changes:read': true,
  'changes:approve': true,
  'changes:check': true,
  'sessions:read': true,
  'sessions:write': true,
  'work:read': true,
  'work:write': true,
  'runs:read': true,
  'runs:control': true,
  'signals:write': true,
  'deployments:read': true,
  'deployments:write': true,
  'incidents:write': true,
  'policy:read': true,
  'policy:publish': true,
  'audit:read': true,
  'audit:export': true,
  'insights:read': true,
  'connections:read': true,
  'connections:manage': true,
  'people:read': true,
  'people:manage': true,
  'tokens:manage': true,
  'system:read': true,
};

export function Tokens({
  isCreating,
  onCreate,
}: {
  isCreating: boolean;
  onCreate: (isOpen: boolean) => void;
}) {
  const query = useQuery(queries.tokens());
  const nameOf = usePersonName();
  const now = useNow();
  const client = useQueryClient();
  const [revoking, setRevoking] = useState<Token>();
  const revoke = useMutation({
    mutationFn: (token: Token) => remove(`/v1/tokens/${token.id}`),
    onSuccess: () => {
      setRevoking(undefined);
      return client.invalidateQueries({ queryKey: ['tokens'] });
    },
  });
  const tokens = query.data?.items ?? [];

  return (
    <>
      <Panel
        title="Tokens"
        note="for scripts, agents and the command line"
        actions={
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => onCreate(true)}>
            New token
          </Button>
        }
        flush
        foot="A token never holds more rights than its maker. Only its first characters are stored in the clear."
      >
        {query.data === undefined && query.error === null && <Loading rows={4} />}
        {query.error !== null && (
          <div className="panel-body">
            <Problem error={query.error} />
          </div>
        )}
        {query.data !== undefined && tokens.length === 0 && (
          <EmptyState
            small
            title="No token yet"
            text="Make one here or in the terminal, and pass it as LOOM_TOKEN."
            steps={[{ text: '', command: 'loom token create' }]}
          />
        )}
        {tokens.length > 0 && (
          <DataTable
            label="Tokens"
            rows={tokens}
            rowKey={(token) => token.id}
            columns={[
              {
                key: 'name',
                header: 'Name',
                cell: (token) => (
                  <span className="cell-title">
                    <span style={{ fontWeight: 540 }}>{token.name}</span>
                    <code className="quiet small">{token.hint}…</code>
                  </span>
                ),
              },
              {
                key: 'kind',
                header: 'Kind',
                hide: 'phone',
                width: 90,
                cell: (token) => token.kind,
              },
              {
                key: 'person',
                header: 'Person',
                hide: 'narrow',
                width: 150,
                cell: (token) => nameOf(token.personId),
              },
              {
                key: 'scopes',
                header: 'Scopes',
                hide: 'narrow',
                cell: (token) =>
                  token.scopes === 'all' ? (
                    'all of its person'
                  ) : (
                    <span title={token.scopes.join(', ')}>
                      {token.scopes.slice(0, 2).join(', ')}
                      {token.scopes.length > 2 && ` and ${token.scopes.length - 2} more`}
                    </span>
                  ),
              },
              {
                key: 'used',
                header: 'Last used',
                hide: 'phone',
                width: 104,
                cell: (token) => <When at={token.lastUsedAt} none="never" />,
              },
              {
                key: 'expires',
                header: 'Expires',
                hide: 'phone',
                width: 110,
                cell: (token) => <When at={token.expiresAt} />,
              },
              {
                key: 'revoke',
                header: 'State',
                align: 'end',
                width: 100,
                cell: (token) =>
                  token.revokedAt !== null ? (
                    <span className="quiet">Revoked</span>
                  ) : Date.parse(token.expiresAt) < now ? (
                    <span className="quiet">Expired</span>
                  ) : (
                    <Button
                      variant="default"
                      size="compact-xs"
                      aria-label={`Revoke ${token.name}`}
                      onClick={() => setRevoking(token)}
                    >
                      Revoke
                    </Button>
                  ),
              },
            ]}
          />
        )}
      </Panel>
      <CreateToken isOpen={isCreating} onClose={() => onCreate(false)} />
      <ConfirmDialog
        isOpen={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title={`Revoke ${revoking?.name ?? ''}?`}
        action="Revoke token"
        keep="Keep it"
        isDangerous
        work={revoke}
        onConfirm={() => revoking !== undefined && revoke.mutate(revoking)}
      >
        Whatever uses it is refused from the next call on. This cannot be undone.
      </ConfirmDialog>
    </>
  );
}

function CreateToken({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const me = useQuery(queries.me()).data;
  const people = useQuery({ ...queries.people(), enabled: isOpen }).data?.items ?? [];
  const [name, setName] = useState('');
  const [kind, setKind] = useState<string>('api');
  const [personId, setPersonId] = useState<string | null>(null);
  const [scopes, setScopes] = useState<string[]>([]);
  const [days, setDays] = useState<number | string>(90);
  const client = useQueryClient();
  const owner = personId ?? me?.principal.onBehalfOf ?? me?.principal.id;

  const create = useMutation({
    mutationFn: () =>
      post<{ token: Token; secret: string }>('/v1/tokens', {
        personId: owner,
        name: name.trim(),
        kind,
        expiresInDays: Number(days),
        ...(scopes.length > 0 && { scopes }),
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['tokens'] }),
  });
  const close = () => {
    onClose();
    create.reset();
    setName('');
    setScopes([]);
  };

  return (
    <Modal
      opened={isOpen}
      onClose={close}
      title={create.data === undefined ? 'New token' : 'Copy the token now'}
      closeOnClickOutside={create.data === undefined}
    >
      {create.data !== undefined ? (
        <div className="stack">
          <Notice tone="warn" title="It is shown this once">
            <span>We keep only a hash of it. Store it where secrets belong.</span>
          </Notice>
          <Secret value={create.data.secret} label="Token" />
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button onClick={close}>I have stored it</Button>
          </div>
        </div>
      ) : (
        <DialogForm
          onClose={close}
          action="Create token"
          work={create}
          isReady={name.trim() !== ''}
          onSubmit={() => create.mutate()}
        >
          <TextInput
            label="Name"
            description="Where it will be used, to recognise it later."
            placeholder="deploy pipeline"
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label="Kind"
            data={[
              { value: 'api', label: 'API: scripts and pipelines' },
              { value: 'agent', label: 'Agent: can never approve' },
            ]}
            value={kind}
            onChange={(value) => setKind(value ?? 'api')}
            allowDeselect={false}
          />
          <Select
            label="Person"
            data={people.map((person) => ({ value: person.id, label: person.name }))}
            value={owner ?? null}
            onChange={setPersonId}
            allowDeselect={false}
          />
          <MultiSelect
            label="Scopes"
            description="None chosen: everything its person may do."
            placeholder={scopes.length === 0 ? 'All' : ''}
            data={Object.keys(SCOPES)}
            value={scopes}
            onChange={setScopes}
            searchable
            clearable
          />
          <NumberInput
            label="Expires after, in days"
            min={1}
            max={365}
            value={days}
            onChange={setDays}
          />
        </DialogForm>
      )}
    </Modal>
  );
}
