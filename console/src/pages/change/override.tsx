/** Putting a verdict aside: who asked and why, who agreed, and the form that asks. The server decides. */
import { Button, Checkbox, TextInput, Textarea } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import {
  confirmOverride,
  type Override,
  overridesQuery,
  requestOverride,
} from '../../api/people-duties.ts';
import { queries } from '../../api/queries.ts';
import type { ChangeDetail } from '../../api/types.ts';
import { shortId } from '../../parts/format.ts';
import { Panel, Problem } from '../../parts/layout.tsx';
import { useMay } from '../../parts/rights.ts';
import { When } from '../../parts/time.tsx';

const STATES = {
  requested: 'waits for a second person',
  active: 'in force',
  used: 'landed by it',
  expired: 'over',
} as const;

export function Overrides({ detail: { change, decision } }: { detail: ChangeDetail }) {
  const me = useQuery(queries.me()).data?.principal;
  const { data } = useQuery(overridesQuery(change.id));
  const mayDecide = useMay('changes:override');
  const [isAsking, setAsking] = useState(false);
  const items = data?.items ?? [];
  const isOpen = change.state === 'open' && decision !== null && decision.outcome !== 'ship';
  if (items.length === 0 && !(isOpen && mayDecide)) return null;
  return (
    <Panel
      title="Putting the verdict aside"
      note="for one commit and a short time, by those the policy names"
      actions={
        isOpen &&
        mayDecide &&
        !isAsking && (
          <Button variant="default" onClick={() => setAsking(true)}>
            Ask for an override
          </Button>
        )
      }
    >
      {items.length > 0 && (
        <ul className="stack" aria-label="Overrides">
          {items.map((each) => (
            <li key={each.id}>
              <Shown
                override={each}
                mayAgree={
                  mayDecide && each.state === 'requested' && each.requestedBy !== me?.id && isOpen
                }
              />
            </li>
          ))}
        </ul>
      )}
      {isAsking && (
        <Ask changeId={change.id} headSha={change.headSha} onDone={() => setAsking(false)} />
      )}
      {items.length === 0 && !isAsking && (
        <p className="quiet small">
          Nobody has. What is built in, such as failed checks, never gives way.
        </p>
      )}
    </Panel>
  );
}

function Shown({ override, mayAgree }: { override: Override; mayAgree: boolean }) {
  const client = useQueryClient();
  const agree = useMutation({
    mutationFn: () => confirmOverride(override.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ['changes'] }),
  });
  const { reason, ticket, isEmergency, state, requesterName, confirmerName } = override;
  return (
    <div className="row row-wrap">
      <span className="grow">
        {isEmergency && <strong>Emergency, past the queue: </strong>}
        {reason}
        <span className="quiet small">
          {' '}
          {requesterName}
          {confirmerName !== null && ` and ${confirmerName}`}, <When at={override.requestedAt} />
          {ticket !== null && `, ${ticket}`}; {STATES[state]}
          {(state === 'requested' || state === 'active') && (
            <>
              , ends <When at={override.expiresAt} />
            </>
          )}
        </span>
      </span>
      {mayAgree && (
        <Button loading={agree.isPending} onClick={() => agree.mutate()}>
          Agree
        </Button>
      )}
      {agree.error !== null && <Problem error={agree.error} />}
    </div>
  );
}

function Ask({
  changeId,
  headSha,
  onDone,
}: {
  changeId: string;
  headSha: string;
  onDone: () => void;
}) {
  const [reason, setReason] = useState('');
  const [ticket, setTicket] = useState('');
  const [isEmergency, setEmergency] = useState(false);
  const client = useQueryClient();
  const ask = useMutation({
    mutationFn: () =>
      requestOverride({
        changeId,
        headSha,
        reason: reason.trim(),
        isEmergency,
        ...(ticket.trim() !== '' && { ticket: ticket.trim() }),
      }),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: ['changes'] });
      onDone();
    },
  });
  return (
    <form
      className="stack"
      aria-label="Ask for an override"
      onSubmit={(event) => {
        event.preventDefault();
        ask.mutate();
      }}
    >
      <Textarea
        label="Reason"
        description={
          <>
            Why the verdict on <code>{shortId(headSha)}</code> should give way. It stays on record.
          </>
        }
        required
        autosize
        minRows={2}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
      <TextInput
        label="Ticket"
        description="Where the policy asks for one."
        placeholder="INC-12"
        value={ticket}
        onChange={(event) => setTicket(event.currentTarget.value)}
      />
      <Checkbox
        label="Emergency: land without the tests of the queue"
        description="Without it the queue tests the change as any other. This is written down."
        checked={isEmergency}
        onChange={(event) => setEmergency(event.currentTarget.checked)}
      />
      {ask.error !== null && <Problem error={ask.error} />}
      <div className="row">
        <Button type="submit" loading={ask.isPending} disabled={reason.trim() === ''}>
          Ask
        </Button>
        <Button variant="default" onClick={onDone}>
          Leave it
        </Button>
      </div>
    </form>
  );
}
