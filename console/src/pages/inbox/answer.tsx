/**
 * The answer: approve, approve with a watch, send back, hand over. The list moves on at once; when the
 * server refuses, it comes back with the words that were written and the reason why.
 */
import { Button, NumberInput, Select, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ApiProblem } from '../../api/client.ts';
import {
  answer,
  type Assignment,
  type EscalationPackage,
  inboxQueries,
  type InboxAnswer,
  type InboxDecision,
  isWaiting,
} from '../../api/inbox.ts';
import { queries } from '../../api/queries.ts';
import type { Page } from '../../api/types.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { Problem } from '../../parts/layout.tsx';
import { usePageKeys } from '../../shell/page-keys.ts';

interface Choice {
  decision: InboxDecision;
  key: string;
  label: string;
  done: string;
  icon: IconName;
  placeholder: string;
}

const CHOICES: readonly Choice[] = [
  {
    decision: 'approve',
    key: 'a',
    label: 'Approve',
    done: 'Approved',
    icon: 'check',
    placeholder: 'What you looked at and why it may go',
  },
  {
    decision: 'approve-with-watch',
    key: 'w',
    label: 'Approve and watch',
    done: 'Approved, with you watching',
    icon: 'eye',
    placeholder: 'Why it may go, and what you will look at after it has landed',
  },
  {
    decision: 'send-back',
    key: 'b',
    label: 'Send back',
    done: 'Sent back',
    icon: 'retry',
    placeholder: 'What has to change; the agent is told these words',
  },
  {
    decision: 'hand-over',
    key: 'h',
    label: 'Hand over',
    done: 'Handed over',
    icon: 'people',
    placeholder: 'Why somebody else should decide',
  },
];

const DAY_HOURS = 24;

export function Answer({
  assignment,
  escalation,
  onSend,
  onDone,
}: {
  assignment: Assignment;
  escalation: EscalationPackage;
  onSend: () => void;
  onDone: () => void;
}) {
  const client = useQueryClient();
  const me = useQuery(queries.me()).data;
  const [choice, setChoice] = useState<Choice | null>(null);
  const [reason, setReason] = useState('');
  const [hint, setHint] = useState<string>();
  const [to, setTo] = useState<string | null>(null);
  const [watchHours, setWatchHours] = useState(DAY_HOURS);
  const field = useRef<HTMLTextAreaElement>(null);

  const send = useMutation({
    mutationFn: (given: InboxAnswer) => answer(assignment.id, given),
    onMutate: () => {
      onSend();
      const { queryKey } = inboxQueries.mine();
      const before = client.getQueryData<Page<Assignment>>(queryKey);
      client.setQueryData<Page<Assignment>>(queryKey, (page) =>
        page === undefined
          ? page
          : { ...page, items: page.items.filter(({ id }) => id !== assignment.id) },
      );
      return before;
    },
    onSuccess: (_, { decision }) => {
      const chosen = CHOICES.find((each) => each.decision === decision);
      notifications.show({
        color: decision === 'send-back' ? 'orange' : 'green',
        title: chosen?.done ?? 'Answered',
        message: `${escalation.title}: your words are in the ledger.`,
      });
      onDone();
    },
    onError: (_error, _given, before) => {
      client.setQueryData(inboxQueries.mine().queryKey, before);
    },
    onSettled: () =>
      Promise.all(
        ['inbox', 'changes'].map((name) => client.invalidateQueries({ queryKey: [name] })),
      ),
  });

  const isMine = me?.principal.id === assignment.personId;
  const allowed = CHOICES.filter(({ decision }) =>
    escalation.slots.actions.actions.includes(decision),
  );
  const isOpen = isWaiting(assignment) && isMine && !send.isSuccess;
  const choose = (next: Choice) => {
    setChoice(next);
    setHint(undefined);
  };
  usePageKeys(
    isOpen ? Object.fromEntries(allowed.map((each) => [each.key, () => choose(each)])) : {},
  );
  useEffect(() => {
    if (choice !== null) field.current?.focus();
  }, [choice]);

  if (!isWaiting(assignment)) return null;
  if (!isMine) {
    return (
      <p className="answer quiet small">
        {assignment.personName} is asked here. Whoever may approve the change can also do so on its
        own page.
      </p>
    );
  }

  const submit = () => {
    if (choice === null || send.isPending) return;
    if (reason.trim() === '') {
      setHint('Write one sentence: it becomes part of the record.');
      field.current?.focus();
      return;
    }
    send.mutate({
      decision: choice.decision,
      reason: reason.trim(),
      packageSha256: assignment.packageSha256,
      ...(choice.decision === 'hand-over' && to !== null ? { to } : {}),
      ...(choice.decision === 'approve-with-watch' ? { watchHours } : {}),
    });
  };

  return (
    <div className="answer">
      {send.error !== null && (
        <>
          <Problem error={send.error} />
          {isConflict(send.error) && (
            <p className="small soft">
              Nothing was decided. What is shown above is read anew; your words are still below.
            </p>
          )}
        </>
      )}
      <div className="row row-wrap" role="group" aria-label="Answer">
        {allowed.map((each) => (
          <Button
            key={each.decision}
            size="sm"
            variant={each.decision === 'approve' ? 'filled' : 'default'}
            {...(each.decision === 'approve' ? { color: '#14703f' } : {})}
            leftSection={<Icon name={each.icon} size={14} />}
            rightSection={<kbd className="key answer-key">{each.key.toUpperCase()}</kbd>}
            aria-pressed={choice === each}
            aria-keyshortcuts={each.key}
            disabled={send.isPending}
            onClick={() => choose(each)}
          >
            {each.label}
          </Button>
        ))}
      </div>
      {choice !== null && (
        <div className="stack" style={{ '--gap': '9px' } as object}>
          <Textarea
            ref={field}
            label={choice.decision === 'send-back' ? 'Note for the agent' : 'Reason'}
            placeholder={choice.placeholder}
            autosize
            minRows={2}
            maxRows={8}
            value={reason}
            error={hint}
            onChange={(event) => setReason(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) submit();
              if (event.key === 'Escape') {
                event.currentTarget.blur();
                setChoice(null);
              }
            }}
          />
          {choice.decision === 'hand-over' && <Successor value={to} onChange={setTo} />}
          {choice.decision === 'approve-with-watch' && (
            <NumberInput
              label="Watch for, in hours after it has landed"
              min={1}
              max={336}
              allowDecimal={false}
              value={watchHours}
              onChange={(value) => setWatchHours(Number(value) || DAY_HOURS)}
              w={280}
            />
          )}
          <div className="row row-wrap">
            <Button loading={send.isPending} onClick={submit}>
              {choice.label}
            </Button>
            <span className="quiet small">
              <kbd className="key">Ctrl Enter</kbd> sends, <kbd className="key">Esc</kbd> goes back
            </span>
          </div>
        </div>
      )}
    </div>
  );
}

function isConflict(error: Error): boolean {
  return error instanceof ApiProblem && (error.status === 409 || error.status === 403);
}

/** The server holds whoever is named against the same filters as everybody else. */
function Successor({
  value,
  onChange,
}: {
  value: string | null;
  onChange: (id: string | null) => void;
}) {
  const people = useQuery({ ...queries.people(), retry: false, throwOnError: false });
  const me = useQuery(queries.me()).data;
  const options = (people.data?.items ?? [])
    .filter(({ id, roles }) => id !== me?.principal.id && roles.includes('approver'))
    .map(({ id, name }) => ({ value: id, label: name }));
  return (
    <Select
      label="To"
      placeholder="The next in order"
      data={options}
      value={value}
      onChange={onChange}
      clearable
      searchable
      w={280}
    />
  );
}
