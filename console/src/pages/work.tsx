/** Units of intended work, wherever they were asked for. */
import { Button, Drawer, Select, TagsInput, Textarea, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import type { WorkItem } from '../api/types.ts';
import { StateBadge } from '../parts/badges.tsx';
import { Comments } from '../parts/comments.tsx';
import { Identifier } from '../parts/copy.tsx';
import type { Column } from '../parts/data-table.tsx';
import { FormDialog } from '../parts/dialogs.tsx';
import { Icon } from '../parts/icon.tsx';
import { EmptyState, Facts, Loading, Problem } from '../parts/layout.tsx';
import { AppLink } from '../parts/link.tsx';
import { asked, ListPage } from '../parts/list-page.tsx';
import { rowsOf } from '../parts/list.tsx';
import { SessionLink } from '../parts/named.tsx';
import { usePersonName } from '../parts/people.ts';
import { useSearchState } from '../parts/search-state.ts';
import { When } from '../parts/time.tsx';

const STATES = [
  { value: 'all', label: 'All' },
  { value: 'open', label: 'Open' },
  { value: 'in-progress', label: 'In progress' },
  { value: 'done', label: 'Done' },
  { value: 'cancelled', label: 'Cancelled' },
];

const COLUMNS: Column<WorkItem>[] = [
  {
    key: 'title',
    header: 'Work item',
    cell: (item) => (
      <span className="cell-title" style={{ maxWidth: 'min(56vw, 640px)' }}>
        <span>{item.title}</span>
        <span className="quiet small">
          {item.repository ?? 'any repository'} · from {item.source}
          {item.labels.length > 0 && ` · ${item.labels.join(', ')}`}
        </span>
      </span>
    ),
  },
  {
    key: 'state',
    header: 'State',
    width: 120,
    cell: (item) => <StateBadge state={item.state} />,
  },
  {
    key: 'session',
    header: 'Held by',
    hide: 'narrow',
    width: 150,
    cell: (item) =>
      item.sessionId === null ? (
        <span className="quiet">nobody</span>
      ) : (
        <Holder sessionId={item.sessionId} />
      ),
  },
  {
    key: 'updated',
    header: 'Updated',
    hide: 'phone',
    align: 'end',
    width: 104,
    cell: (item) => <When at={item.updatedAt} />,
  },
];

/** All rows share one list of sessions; an older session keeps its short id. */
function Holder({ sessionId }: { sessionId: string }) {
  const sessions = rowsOf(useInfiniteQuery(queries.sessions({})).data);
  const nameOf = usePersonName();
  const session = sessions.find(({ id }) => id === sessionId);
  if (session === undefined) return <Identifier id={sessionId} href={`/sessions/${sessionId}`} />;
  return (
    <span className="cell-title">
      <AppLink href={`/sessions/${sessionId}`}>{session.agent}</AppLink>
      <span className="quiet small">of {nameOf(session.operatorId)}</span>
    </span>
  );
}

const REST = { state: 'all', repository: '', text: '' };

export function WorkPage() {
  const [{ item, create, ...filter }, setFilter] = useSearchState({
    ...REST,
    item: '',
    create: '',
  });
  const query = useInfiniteQuery(queries.work(asked(filter)));
  return (
    <>
      <ListPage
        title="Work items"
        description="What is to be done. An agent takes the oldest open item; two agents never take the same one."
        actions={
          <Button
            leftSection={<Icon name="plus" size={14} />}
            onClick={() => setFilter({ create: 'yes' })}
          >
            New work item
          </Button>
        }
        noun="work items"
        defaults={REST}
        filter={filter}
        onFilter={setFilter}
        states={STATES}
        textOf={({ title, text, labels, id }) => `${title} ${text} ${labels.join(' ')} ${id}`}
        query={query}
        as={{
          columns: COLUMNS,
          rowKey: ({ id }) => id,
          onOpen: ({ id }) => setFilter({ item: id }),
        }}
        empty={
          <EmptyState
            icon="work"
            title="No work yet"
            text="Work items come from issues, alerts and people. Write one here, or let your agent ask for the next one with its next_work tool."
            steps={[
              {
                text: 'From the terminal:',
                command: 'loom work add "Round amounts half to even"',
              },
            ]}
          />
        }
      />
      <Create isOpen={create !== ''} onClose={() => setFilter({ create: '' })} />
      <Drawer
        opened={item !== ''}
        onClose={() => setFilter({ item: '' })}
        position="right"
        size="min(520px, 100vw)"
        title="Work item"
      >
        {item !== '' && <Detail id={item} />}
      </Drawer>
    </>
  );
}

function Detail({ id }: { id: string }) {
  const query = useQuery(queries.workItem(id));
  const item = query.data;
  if (query.error !== null) return <Problem error={query.error} />;
  if (item === undefined) return <Loading rows={4} />;
  return (
    <div className="stack">
      <h3 style={{ fontSize: 16 }}>{item.title}</h3>
      <div className="row row-wrap">
        <StateBadge state={item.state} />
        {item.labels.map((label) => (
          <span key={label} className="badge" data-tone="neutral">
            {label}
          </span>
        ))}
      </div>
      {item.text !== '' && (
        <p className="soft wrap-anywhere" style={{ whiteSpace: 'pre-wrap', fontSize: 13 }}>
          {item.text}
        </p>
      )}
      <Facts
        items={[
          ['Repository', item.repository ?? 'any'],
          [
            'Held by',
            item.sessionId === null ? 'nobody' : <SessionLink key="s" id={item.sessionId} />,
          ],
          [
            'Source',
            item.url === null ? (
              item.source
            ) : (
              <a key="u" href={item.url} target="_blank" rel="noreferrer">
                {item.source} {item.externalKey}
              </a>
            ),
          ],
          ['Created', <When key="c" at={item.createdAt} />],
          ['Updated', <When key="u" at={item.updatedAt} />],
          ['Id', <Identifier key="i" id={item.id} />],
        ]}
      />
      <Comments of="work-items" id={item.id} />
      <div>
        <Button
          component={AppLink}
          href={`/trace?ref=${item.id}`}
          variant="default"
          leftSection={<Icon name="flow" size={14} />}
        >
          Trace to its outcome
        </Button>
      </div>
    </div>
  );
}

function Create({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [title, setTitle] = useState('');
  const [text, setText] = useState('');
  const [repository, setRepository] = useState<string | null>(null);
  const [labels, setLabels] = useState<string[]>([]);
  const repositories = useQuery({ ...queries.repositories(), enabled: isOpen }).data?.items ?? [];
  const client = useQueryClient();

  const create = useMutation({
    mutationFn: () =>
      post<WorkItem>('/v1/work-items', {
        title: title.trim(),
        text,
        labels,
        ...(repository !== null && { repository }),
      }),
    onSuccess: (item) => {
      setTitle('');
      setText('');
      setLabels([]);
      onClose();
      notifications.show({ title: 'Work item created', message: item.title });
      return client.invalidateQueries({ queryKey: ['work'] });
    },
  });

  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="New work item"
      size="lg"
      action="Create"
      work={create}
      isReady={title.trim() !== ''}
      onSubmit={() => create.mutate()}
    >
      <TextInput
        label="Title"
        placeholder="What should be true afterwards"
        required
        data-autofocus
        value={title}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Textarea
        label="Description"
        placeholder="Context, acceptance, links"
        autosize
        minRows={4}
        maxRows={14}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Select
        label="Repository"
        placeholder="Any"
        data={repositories.map(({ name }) => name)}
        value={repository}
        onChange={setRepository}
        clearable
      />
      <TagsInput
        label="Labels"
        placeholder="Type and press Enter"
        value={labels}
        onChange={setLabels}
      />
    </FormDialog>
  );
}
