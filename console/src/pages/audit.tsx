/** The ledger as an auditor reads it: every entry, its proof, and a check at the press of a button. */
import { Button, Drawer, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import type { LedgerEvent, VerifyReport } from '../api/types.ts';
import { Copy, Identifier } from '../parts/copy.tsx';
import type { Column } from '../parts/data-table.tsx';
import { actorText, detailOf, LABEL_OF_KIND, iconOf, titleOf, toneOf } from '../parts/events.ts';
import { Filters } from '../parts/filters.tsx';
import { clockTime, count, day, exactTime, humanise, plural, shortId } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import {
  EmptyState,
  Facts,
  Json,
  Loading,
  Notice,
  PageHeader,
  Panel,
  Problem,
} from '../parts/layout.tsx';
import { AppLink, pageOf } from '../parts/link.tsx';
import { List } from '../parts/list.tsx';
import { usePersonName } from '../parts/people.ts';
import { useSearchState } from '../parts/search-state.ts';
import { When } from '../parts/time.tsx';
import './audit.css';

export function AuditPage() {
  const [filter, setFilter] = useSearchState({
    type: '',
    actor: '',
    ref: '',
    thread: '',
    event: '',
  });
  const query = useInfiniteQuery(
    queries.events({
      type: filter.type,
      actorId: filter.actor,
      ref: filter.ref,
      correlationId: filter.thread,
      order: 'newest',
    }),
  );
  const nameOf = usePersonName();

  const columns: Column<LedgerEvent>[] = [
    {
      key: 'seq',
      header: 'Entry',
      width: 76,
      cell: (event) => (
        <span className="number">{event.seq === null ? 'pending' : `#${count(event.seq)}`}</span>
      ),
    },
    {
      key: 'time',
      header: 'Recorded',
      hide: 'phone',
      width: 150,
      cell: (event) => (
        <time
          className="quiet nowrap"
          dateTime={event.recordedAt}
          title={exactTime(event.recordedAt)}
        >
          {day(event.recordedAt).replace(/, \d+$/, '')} {clockTime(event.recordedAt)}
        </time>
      ),
    },
    {
      key: 'type',
      header: 'Event',
      width: 230,
      cell: (event) => (
        <span className="row" style={{ gap: 7 }}>
          <span className="audit-icon" data-tone={toneOf(event)}>
            <Icon name={iconOf(event.type)} size={14} />
          </span>
          <code>{event.type}</code>
        </span>
      ),
    },
    {
      key: 'detail',
      header: 'About',
      hide: 'narrow',
      cell: (event) => (
        <span className="row" style={{ gap: 8 }}>
          <code className="quiet small">{shortId(event.subject)}</code>
          <span className="cut" style={{ maxWidth: 340 }}>
            {detailOf(event)}
          </span>
        </span>
      ),
    },
    {
      key: 'actor',
      header: 'Actor',
      hide: 'narrow',
      width: 190,
      cell: (event) => (
        <span className="cut" style={{ display: 'block', maxWidth: 190 }}>
          {actorText(event.actor, nameOf)}
        </span>
      ),
    },
  ];

  return (
    <>
      <PageHeader
        title="Audit"
        description="An append-only log that anyone can verify without trusting this server: each entry is a leaf of a signed Merkle tree."
      />
      <div className="stack">
        <Checkpoint />
        <div>
          <Filters>
            <TextFilter
              label="Type"
              placeholder="Type, or a prefix such as decision."
              value={filter.type}
              onChange={(type) => setFilter({ type })}
              isSearch
            />
            <TextFilter
              label="Actor"
              placeholder="Actor id"
              value={filter.actor}
              onChange={(actor) => setFilter({ actor })}
            />
            <TextFilter
              label="Reference"
              placeholder="Any id or commit it names"
              value={filter.ref}
              onChange={(ref) => setFilter({ ref })}
            />
            {filter.thread !== '' && (
              <Button
                variant="default"
                rightSection={<Icon name="cross" size={12} />}
                aria-label="Leave the thread"
                onClick={() => setFilter({ thread: '' })}
              >
                Thread {shortId(filter.thread)}
              </Button>
            )}
          </Filters>
          <div className="panel">
            <List
              query={query}
              label="Ledger entries"
              noun="entries"
              columns={columns}
              rowKey={(event) => event.id}
              onOpen={(event) => setFilter({ event: event.id })}
              isFiltered={
                filter.type !== '' ||
                filter.actor !== '' ||
                filter.ref !== '' ||
                filter.thread !== ''
              }
              onClear={() => setFilter({ type: '', actor: '', ref: '', thread: '' })}
              empty={
                <EmptyState
                  icon="audit"
                  title="The log is empty"
                  text="The first signal, session or sign-in writes the first entry."
                />
              }
            />
          </div>
        </div>
      </div>
      <Drawer
        opened={filter.event !== ''}
        onClose={() => setFilter({ event: '' })}
        position="right"
        size="min(600px, 100vw)"
        title="Ledger entry"
      >
        {filter.event !== '' && <Entry id={filter.event} />}
      </Drawer>
    </>
  );
}

function TextFilter({
  label,
  placeholder,
  value,
  onChange,
  isSearch = false,
}: {
  label: string;
  placeholder: string;
  value: string;
  onChange: (value: string) => void;
  isSearch?: boolean;
}) {
  const [text, setText] = useState(value);
  const [given, setGiven] = useState(value);
  // Cleared or changed from outside: the field follows.
  if (given !== value) {
    setGiven(value);
    setText(value);
  }
  const change = useDebouncedCallback(onChange, 300);
  return (
    <TextInput
      className="filters-search"
      aria-label={label}
      placeholder={placeholder}
      data-page-search={isSearch || undefined}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        change(event.currentTarget.value.trim());
      }}
    />
  );
}

function Checkpoint() {
  const query = useQuery(queries.checkpoint());
  const verify = useMutation({ mutationFn: () => post<VerifyReport>('/v1/audit/verify') });
  const checkpoint = query.data;

  return (
    <Panel
      title="Signed checkpoint"
      note={checkpoint?.note.split('\n')[0]}
      actions={
        <Button
          leftSection={<Icon name="audit" size={14} />}
          loading={verify.isPending}
          onClick={() => verify.mutate()}
        >
          Verify now
        </Button>
      }
    >
      <div className="stack">
        {query.error !== null && <Problem error={query.error} />}
        {checkpoint !== undefined && (
          <dl className="checkpoint">
            <div>
              <dt>Entries</dt>
              <dd className="number">{count(checkpoint.size)}</dd>
            </div>
            <div className="grow">
              <dt>Root</dt>
              <dd className="row" style={{ gap: 2 }}>
                <code className="cut">{checkpoint.root}</code>
                <Copy value={checkpoint.root} label="Copy root" />
              </dd>
            </div>
            <div>
              <dt>Signed</dt>
              <dd>
                <When at={checkpoint.signedAt} none="not yet" />
              </dd>
            </div>
          </dl>
        )}
        {checkpoint !== undefined && (
          <details className="small">
            <summary>The signed note, for your own verifier</summary>
            <pre
              className="json"
              style={{ marginBlockStart: 8 }}
              tabIndex={0}
              aria-label="Signed note"
            >
              {checkpoint.note}
            </pre>
          </details>
        )}
        {verify.error !== null && <Problem error={verify.error} />}
        {verify.data !== undefined && <Verified report={verify.data} />}
      </div>
    </Panel>
  );
}

function Verified({ report }: { report: VerifyReport }) {
  const { checked, firstBad } = report;
  if (report.isValid) {
    return (
      <Notice tone="good" title={`All ${count(checked.entries)} entries verify`}>
        <span className="soft">
          Every entry matches its leaf, and the leaves match{' '}
          {plural(checked.checkpoints, 'signed checkpoint')}. Anyone can check it elsewhere, from{' '}
          <code>loom audit export DIR</code>.
        </span>
      </Notice>
    );
  }
  return (
    <Notice tone="bad" title="The log does not verify">
      {report.problems.map((problem, index) => (
        <span key={index} className="wrap-anywhere">
          {problem.index !== null && <strong>Entry #{count(problem.index)}: </strong>}
          {problem.what}
        </span>
      ))}
      {firstBad?.eventId != null && (
        <AppLink href={`/audit?event=${firstBad.eventId}`}>Open the first bad entry</AppLink>
      )}
    </Notice>
  );
}

function Entry({ id }: { id: string }) {
  const query = useQuery(queries.event(id));
  const nameOf = usePersonName();
  const event = query.data;
  if (query.error !== null) return <Problem error={query.error} />;
  if (event === undefined) return <Loading rows={6} />;
  return (
    <div className="stack">
      <div>
        <h3 style={{ fontSize: 16 }}>{titleOf(event)}</h3>
        <code className="quiet small">{event.type}</code>
      </div>
      <Facts
        items={[
          ['Entry', event.seq === null ? 'not sequenced yet' : `#${count(event.seq)}`],
          ['Subject', <Identifier key="s" id={event.subject} href={pageOf(event.subject)} />],
          ['Actor', `${actorText(event.actor, nameOf)} (${event.actor.kind})`],
          ['Occurred', exactTime(event.occurredAt)],
          ['Recorded', exactTime(event.recordedAt)],
          [
            'Cause',
            event.cause === null ? (
              'none: it starts a thread'
            ) : (
              <Identifier key="c" id={event.cause} href={`/audit?event=${event.cause}`} />
            ),
          ],
          [
            'Thread',
            <Identifier
              key="t"
              id={event.correlationId}
              href={`/audit?thread=${event.correlationId}`}
            />,
          ],
          ['Id', <Identifier key="i" id={event.id} />],
        ]}
      />
      {Object.keys(event.refs).length > 0 && (
        <section className="stack" style={{ '--gap': '6px' } as object}>
          <h3>What it names</h3>
          <Facts
            items={Object.entries(event.refs).map(([kind, ref]) => [
              LABEL_OF_KIND[kind as keyof typeof LABEL_OF_KIND] ?? humanise(kind),
              <Identifier key={kind} id={ref} href={pageOf(ref, kind)} />,
            ])}
          />
        </section>
      )}
      <section className="stack" style={{ '--gap': '6px' } as object}>
        <h3>Data</h3>
        {event.data === null ? (
          <Notice tone="info" title="Erased">
            <span>
              The content was removed lawfully; the log still proves that the entry existed.
            </span>
          </Notice>
        ) : (
          <Json value={event.data} label="Data of the entry" />
        )}
      </section>
      <p className="small">
        <AppLink href={`/audit?ref=${event.subject}`}>
          All entries about {shortId(event.subject)}
        </AppLink>
      </p>
    </div>
  );
}
