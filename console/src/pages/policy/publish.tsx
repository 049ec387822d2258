/**
 * The way of a text into force. The organisation's policy is published here, with a reason; where the
 * rules in force ask for it, another leader has to agree first. A repository's file is a change like
 * any other: it takes force when it is merged, judged by the rules before it.
 */
import { Button, CopyButton, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { type Layer, type OrganisationPolicy, policyQueries } from '../../api/policy.ts';
import { queries } from '../../api/queries.ts';
import { CommandLine } from '../../parts/copy.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Panel, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';
import type { Draft } from './draft.ts';

const MIN_REASON = 5;

export function Publish({ layer, draft, loads }: { layer: Layer; draft: Draft; loads: boolean }) {
  return layer === 'organisation' ? (
    <>
      <Proposals />
      <PublishOrganisation draft={draft} loads={loads} />
    </>
  ) : (
    <PublishRepository draft={draft} />
  );
}

function PublishRepository({ draft }: { draft: Draft }) {
  return (
    <Panel title="Put it into force">
      <div className="stack" style={{ '--gap': '10px' } as object}>
        <p className="soft small">
          This file lives in the repository. Commit it on a branch: the change is judged by the
          rules in force now, and by a built-in rule two people have to agree.
        </p>
        <CommandLine command="loom policy validate .loom/policy.yaml" />
        <CopyButton value={draft.text} timeout={1500}>
          {({ copied, copy }) => (
            <Button
              variant="default"
              leftSection={<Icon name={copied ? 'check' : 'copy'} size={14} />}
              onClick={copy}
            >
              {copied ? 'Copied' : 'Copy the file'}
            </Button>
          )}
        </CopyButton>
      </div>
    </Panel>
  );
}

function PublishOrganisation({ draft, loads }: { draft: Draft; loads: boolean }) {
  const me = useQuery(queries.me()).data;
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [hint, setHint] = useState<string>();
  const publish = useMutation({
    mutationFn: () =>
      post<OrganisationPolicy>('/v1/policy/organisation/versions', {
        text: draft.text,
        reason: reason.trim(),
      }),
    onSuccess: ({ version, state }) => {
      setReason('');
      draft.discard();
      notifications.show(
        state === 'active'
          ? {
              color: 'green',
              title: `Version ${version} is in force`,
              message: 'Open changes are judged again by it.',
            }
          : {
              color: 'yellow',
              title: `Version ${version} is proposed`,
              message: 'It takes force when another leader agrees.',
            },
      );
      return client.invalidateQueries({ queryKey: ['policy'] });
    },
  });
  const isNew = draft.isEdited || draft.inForce === null;
  const refusal = !(me?.principal.roles.includes('admin') ?? false)
    ? 'Publishing takes the admin role.'
    : !isNew
      ? 'This is the text in force.'
      : !loads
        ? 'A text with problems takes no force.'
        : undefined;

  const submit = () => {
    if (reason.trim().length < MIN_REASON) {
      setHint('Write one sentence: it stays with the version for ever.');
      return;
    }
    setHint(undefined);
    publish.mutate();
  };

  return (
    <Panel title="Publish">
      <div className="stack" style={{ '--gap': '10px' } as object}>
        <Textarea
          label="Reason"
          placeholder="Why the rules change"
          autosize
          minRows={2}
          maxRows={6}
          value={reason}
          error={hint}
          disabled={refusal !== undefined}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="row row-wrap">
          <Button disabled={refusal !== undefined} loading={publish.isPending} onClick={submit}>
            {draft.inForce === null ? 'Publish the first version' : 'Publish'}
          </Button>
          {refusal !== undefined && <span className="soft small">{refusal}</span>}
        </div>
        <p className="quiet small">
          Judged by the version in force: where it asks for another leader, this one waits for them.
        </p>
        {publish.error !== null && <Problem error={publish.error} />}
      </div>
    </Panel>
  );
}

/** Versions that wait for another leader. */
function Proposals() {
  const versions = useQuery(policyQueries.organisationVersions());
  const waiting = versions.data?.items.filter(({ state }) => state === 'proposed') ?? [];
  if (waiting.length === 0) return null;
  return (
    <Panel title="Waits for another leader" note={`${waiting.length}`}>
      <ul className="stack">
        {waiting.map((version) => (
          <li key={version.version}>
            <Proposal version={version} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

export function Proposal({ version }: { version: OrganisationPolicy }) {
  const me = useQuery(queries.me()).data;
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: (verb: 'endorse' | 'withdraw') =>
      post<OrganisationPolicy>(`/v1/policy/organisation/versions/${version.version}/${verb}`),
    onSettled: () => client.invalidateQueries({ queryKey: ['policy'] }),
  });
  const isAdmin = me?.principal.roles.includes('admin') ?? false;
  const isOwn = me?.principal.id === version.authorId;
  return (
    <div className="stack" style={{ '--gap': '8px' } as object}>
      <p className="small">
        <strong>Version {version.version}</strong> by {version.authorName},{' '}
        <When at={version.proposedAt} />: <span className="wrap-anywhere">{version.reason}</span>
      </p>
      <div className="row row-wrap">
        <Button
          size="xs"
          color="#14703f"
          disabled={!isAdmin || isOwn}
          loading={act.isPending && act.variables === 'endorse'}
          onClick={() => act.mutate('endorse')}
        >
          Agree
        </Button>
        <Button
          size="xs"
          variant="default"
          disabled={!isAdmin}
          loading={act.isPending && act.variables === 'withdraw'}
          onClick={() => act.mutate('withdraw')}
        >
          Take back
        </Button>
        {isOwn && <span className="soft small">Somebody else has to agree to yours.</span>}
      </div>
      {act.error !== null && <Problem error={act.error} />}
    </div>
  );
}
