/** Consent or refusal of one commit; says beforehand why the caller may not give it. */
import { Button, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import type { ChangeDetail, Principal } from '../../api/types.ts';
import { shortId } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { Panel, Problem } from '../../parts/layout.tsx';

type Choice = 'approve' | 'decline';

/** Why this caller may not review, or undefined. The server has the last word. */
function whyNot(principal: Principal, { change, approvals }: ChangeDetail): string | undefined {
  if (principal.kind === 'agent') return 'Agents never approve; a person has to.';
  if (!principal.roles.includes('approver')) {
    return 'Your account lacks the approver role. An admin can give it in Settings, under People.';
  }
  const own = new Set([principal.id, ...principal.identities].map((name) => name.toLowerCase()));
  if (change.custody.some((name) => own.has(name.toLowerCase()))) {
    return 'You took part in making this change (you are in its custody), so somebody else has to review it.';
  }
  if (principal.scopes !== 'all' && !principal.scopes.includes('changes:approve')) {
    return 'The token you are signed in with may not approve changes.';
  }
  const hasReviewed = approvals.some(
    ({ personId, headSha, state }) =>
      personId === principal.id && headSha === change.headSha && state === 'valid',
  );
  return hasReviewed ? 'You have reviewed this commit already.' : undefined;
}

export function Review({ detail }: { detail: ChangeDetail }) {
  const { change, decision } = detail;
  const me = useQuery(queries.me()).data;
  const client = useQueryClient();
  const [reason, setReason] = useState('');
  const [hint, setHint] = useState<string>();

  const review = useMutation({
    mutationFn: (choice: Choice) =>
      post(`/v1/changes/${change.id}/reviews`, {
        decision: choice,
        headSha: change.headSha,
        reason: reason.trim(),
      }),
    onSuccess: (_, choice) => {
      setReason('');
      notifications.show({
        color: choice === 'approve' ? 'green' : 'red',
        title: choice === 'approve' ? 'Approved' : 'Declined',
        message: `Your word on ${shortId(change.headSha)} is in the ledger.`,
      });
      return client.invalidateQueries({ queryKey: ['changes'] });
    },
  });

  if (change.state !== 'open' || me === undefined) return null;
  if (decision?.outcome === 'ship' && detail.approvals.length === 0) return null;

  const refusal = whyNot(me.principal, detail);
  const submit = (choice: Choice) => {
    if (reason.trim() === '') {
      setHint('Write one sentence: it becomes part of the record.');
      return;
    }
    setHint(undefined);
    review.mutate(choice);
  };

  return (
    <Panel
      title="Your review"
      note={
        <>
          counts for commit <code>{shortId(change.headSha)}</code> only; a push voids it
        </>
      }
    >
      <div className="stack" style={{ '--gap': '10px' } as object}>
        <Textarea
          label="Reason"
          placeholder="What you looked at and why it may go, or what has to change"
          autosize
          minRows={2}
          maxRows={8}
          value={reason}
          error={hint}
          disabled={refusal !== undefined}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        <div className="row row-wrap">
          <Button
            color="#14703f"
            leftSection={<Icon name="check" size={14} />}
            disabled={refusal !== undefined}
            loading={review.isPending && review.variables === 'approve'}
            aria-describedby={refusal === undefined ? undefined : 'review-refusal'}
            onClick={() => submit('approve')}
          >
            Approve
          </Button>
          <Button
            variant="default"
            leftSection={<Icon name="cross" size={14} />}
            disabled={refusal !== undefined}
            loading={review.isPending && review.variables === 'decline'}
            aria-describedby={refusal === undefined ? undefined : 'review-refusal'}
            onClick={() => submit('decline')}
          >
            Decline
          </Button>
          {refusal !== undefined && (
            <span id="review-refusal" className="soft small">
              {refusal}
            </span>
          )}
        </div>
        {review.error !== null && <Problem error={review.error} />}
      </div>
    </Panel>
  );
}
