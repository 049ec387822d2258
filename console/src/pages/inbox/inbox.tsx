/** What waits for me: a list to walk, and beside it the one package with everything to decide on. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { type Assignment, acknowledge, inboxQueries, isWaiting } from '../../api/inbox.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Notice, PageHeader, Problem } from '../../parts/layout.tsx';
import { AppLink, useOpen } from '../../parts/link.tsx';
import { When } from '../../parts/time.tsx';
import { usePageKeys } from '../../shell/page-keys.ts';
import { Answer } from './answer.tsx';
import './inbox.css';
import { Package } from './package.tsx';

export function InboxPage() {
  const { id } = useParams({ strict: false }) as { id?: string };
  const query = useQuery(inboxQueries.mine());
  const open = useOpen();
  const waiting = query.data?.items.filter(isWaiting) ?? [];
  // What is being answered leaves the list at once but stays on the page until the server has agreed.
  const [answeringId, setAnsweringId] = useState<string>();
  const shownId = id ?? answeringId ?? waiting[0]?.id;

  const walk = (step: number) => {
    const index = waiting.findIndex((each) => each.id === shownId);
    const next = waiting[index === -1 ? 0 : index + step];
    if (next !== undefined) open(`/inbox/${next.id}`);
  };
  usePageKeys({ n: () => walk(1), p: () => walk(-1) });

  return (
    <>
      <PageHeader
        title="Inbox"
        description="Reviews that need you by name, each with everything to decide in a minute."
        actions={
          waiting.length > 1 && (
            <span className="quiet small">
              <kbd className="key">N</kbd> next <kbd className="key">P</kbd> previous
            </span>
          )
        }
      />
      {query.data === undefined && query.error === null && <Loading />}
      {query.data === undefined && query.error !== null && (
        <Problem error={query.error} onRetry={() => void query.refetch()} />
      )}
      {query.data !== undefined && shownId === undefined && <Nothing />}
      {query.data !== undefined && shownId !== undefined && (
        <div className="inbox" data-opened={id !== undefined || undefined}>
          <WaitingList waiting={waiting} shownId={shownId} />
          <Shown
            key={shownId}
            id={shownId}
            onSend={() => setAnsweringId(shownId)}
            onDone={() => {
              setAnsweringId(undefined);
              const next = waiting.find((each) => each.id !== shownId);
              open(next === undefined ? '/inbox' : `/inbox/${next.id}`);
            }}
          />
        </div>
      )}
    </>
  );
}

function Nothing() {
  return (
    <div className="panel">
      <EmptyState
        icon="inbox"
        title="Nothing waits for you"
        text="When a change needs a person, the Policy Engine picks the one who knows its code best and is free, and it appears here with its risk, the lines to read and the way back. Nobody who made a change is ever asked about it. Unanswered, it goes to the next person."
        steps={[
          {
            text: 'See what the rules in force say of a branch before you push it.',
            command: 'loom check',
          },
          { text: 'See every open change, and whom it waits for.', command: 'loom changes list' },
        ]}
        action={<AppLink href="/changes">All open changes</AppLink>}
      />
    </div>
  );
}

function WaitingList({ waiting, shownId }: { waiting: readonly Assignment[]; shownId: string }) {
  return (
    <nav className="panel inbox-list" aria-label="Waiting for you">
      {waiting.length === 0 && <p className="panel-body quiet small">Nothing else waits.</p>}
      <ul>
        {waiting.map((each) => (
          <li key={each.id}>
            <AppLink
              className="inbox-item"
              href={`/inbox/${each.id}`}
              aria-current={each.id === shownId ? 'true' : undefined}
            >
              <span className="inbox-title">{each.title}</span>
              <span className="quiet small">{each.repository}</span>
              <span className="small inbox-due" data-state={each.state}>
                {each.state === 'acknowledged' ? 'You are on it' : 'New'}
                {each.dueAt !== null && (
                  <span className="quiet">
                    {' · goes on '}
                    <When at={each.dueAt} />
                  </span>
                )}
              </span>
            </AppLink>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Shown({ id, onSend, onDone }: { id: string; onSend: () => void; onDone: () => void }) {
  const query = useQuery(inboxQueries.one(id));
  if (query.data === undefined) {
    return (
      <section className="panel" aria-label="Review">
        {query.error === null ? (
          <Loading rows={10} />
        ) : (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        )}
      </section>
    );
  }
  const { assignment, package: escalation } = query.data;
  const { decision } = escalation.slots;
  return (
    <section className="panel" aria-labelledby="inbox-question">
      <div className="inbox-head">
        <AppLink className="inbox-back small" href="/inbox">
          All that waits
        </AppLink>
        <p className="quiet small">
          {escalation.repository} ·{' '}
          <AppLink href={`/changes/${escalation.changeId}`}>open the change</AppLink>
        </p>
        <h2 id="inbox-question">{escalation.title}</h2>
        <p className="inbox-ask">
          <Icon name="decision" size={15} />
          <span>
            Your approval {decision.unlocks}. <Deadline assignment={assignment} />
          </span>
        </p>
        <Acknowledge assignment={assignment} />
      </div>
      <Package escalation={escalation} />
      <Answer assignment={assignment} escalation={escalation} onSend={onSend} onDone={onDone} />
    </section>
  );
}

function Deadline({ assignment }: { assignment: Assignment }) {
  if (!isWaiting(assignment)) return null;
  if (assignment.dueAt === null) return <span className="quiet">It stays with you.</span>;
  return (
    <span className="quiet">
      Goes to the next person <When at={assignment.dueAt} />.
    </span>
  );
}

function Acknowledge({ assignment }: { assignment: Assignment }) {
  const client = useQueryClient();
  const act = useMutation({
    mutationFn: () => acknowledge(assignment.id),
    onSettled: () => client.invalidateQueries({ queryKey: ['inbox'] }),
  });
  const isOpen = assignment.state === 'open';
  usePageKeys(isOpen ? { e: () => act.mutate() } : {});
  if (assignment.state === 'acknowledged') {
    return (
      <p className="row small" data-tone="good">
        <Icon name="check" size={14} />
        <span>
          {assignment.personName} is on it, <When at={assignment.acknowledgedAt} />
        </span>
      </p>
    );
  }
  if (!isOpen) {
    return (
      <Notice tone="info" title={`This is over: ${assignment.endedWhy ?? assignment.state}`}>
        <span>Nothing is asked of you here any more.</span>
      </Notice>
    );
  }
  return (
    <div className="row row-wrap">
      <Button
        size="xs"
        variant="default"
        loading={act.isPending}
        onClick={() => act.mutate()}
        rightSection={<kbd className="key">E</kbd>}
      >
        I am on it
      </Button>
      <span className="quiet small">stops the clock for an answer; you get longer to decide</span>
      {act.error !== null && <Problem error={act.error} />}
    </div>
  );
}
