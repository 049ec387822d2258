/** What sessions and reviewers learnt: candidates wait for a person's word, then agents are told. */
import { Button, Modal, Select, TagsInput, Textarea } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { contextQueries } from '../../api/context-queries.ts';
import type { Lesson, LessonState } from '../../api/context-types.ts';
import { queries } from '../../api/queries.ts';
import { Badge, StateBadge, type Tone } from '../../parts/badges.tsx';
import { Filters, RepositoryFilter, StateFilter } from '../../parts/filters.tsx';
import { plural } from '../../parts/format.ts';
import { Icon, type IconName } from '../../parts/icon.tsx';
import { EmptyState, Loading, PageHeader, Problem } from '../../parts/layout.tsx';
import { rowsOf } from '../../parts/list.tsx';
import { SessionLink } from '../../parts/named.tsx';
import { usePersonName } from '../../parts/people.ts';
import { useMay } from '../../parts/rights.ts';
import { useSearchState } from '../../parts/search-state.ts';
import { When } from '../../parts/time.tsx';
import { ContextNavigation } from './context-pages.tsx';

const STATES = [
  { value: 'candidate', label: 'Waiting' },
  { value: 'approved', label: 'In force' },
  { value: 'rejected', label: 'Turned down' },
  { value: 'retired', label: 'Retired' },
  { value: 'all', label: 'All' },
];

const LOOKS: Record<LessonState, { label: string; tone: Tone; icon: IconName }> = {
  candidate: { label: 'Waiting', tone: 'warn', icon: 'waiting' },
  approved: { label: 'In force', tone: 'good', icon: 'check' },
  rejected: { label: 'Turned down', tone: 'neutral', icon: 'cross' },
  retired: { label: 'Retired', tone: 'neutral', icon: 'cancelled' },
};

const ORIGINS: Record<Lesson['origin'], string> = {
  session: 'learnt in a session',
  person: 'written by a person',
  review: 'said in reviews',
  revert: 'from a reverted change',
};

type Verdict = 'approve' | 'reject' | 'retire';

interface Word {
  lesson: Lesson;
  decision: Verdict;
  text?: string;
  paths?: string[];
}

export function LessonsPage() {
  const [filter, setFilter] = useSearchState({ state: 'candidate', repository: '' });
  const query = useInfiniteQuery(
    contextQueries.lessons({
      state: filter.state === 'all' ? '' : filter.state,
      repository: filter.repository,
    }),
  );
  const lessons = rowsOf(query.data);
  const mayRecord = useMay('context:record');
  const [isRecording, setRecording] = useState(false);
  const [edited, setEdited] = useState<Lesson>();
  const decide = useDecision(() => setEdited(undefined));

  return (
    <>
      <PageHeader
        title="Lessons"
        crumbs={[{ label: 'Context', href: '/context' }]}
        description="What sessions, reviewers and reverts taught. Agents hear of it once a person has approved it, where its paths are touched."
        actions={
          mayRecord && (
            <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setRecording(true)}>
              Record a lesson
            </Button>
          )
        }
      />
      <ContextNavigation />
      <Filters>
        <StateFilter
          label="State"
          options={STATES}
          value={filter.state}
          onChange={(state) => setFilter({ state })}
        />
        <RepositoryFilter
          value={filter.repository}
          onChange={(repository) => setFilter({ repository })}
        />
      </Filters>
      <div className="panel">
        {query.data === undefined && query.error === null && <Loading label="Loading lessons" />}
        {query.error !== null && (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        )}
        {decide.error !== null && edited === undefined && (
          <div className="panel-body">
            <Problem error={decide.error} />
          </div>
        )}
        {query.data !== undefined && lessons.length === 0 && <NoLessons state={filter.state} />}
        <ul aria-label="Lessons">
          {lessons.map((lesson) => (
            <Row
              key={lesson.id}
              lesson={lesson}
              isDeciding={decide.isPending && decide.variables.lesson.id === lesson.id}
              onDecide={(decision) => decide.mutate({ lesson, decision })}
              onEdit={() => setEdited(lesson)}
            />
          ))}
        </ul>
        {query.hasNextPage && (
          <div className="table-more">
            <span className="number">{plural(lessons.length, 'lesson')} shown, there are more</span>
            <Button
              variant="default"
              size="compact-xs"
              loading={query.isFetchingNextPage}
              onClick={() => void query.fetchNextPage()}
            >
              Load more
            </Button>
          </div>
        )}
      </div>
      <Record isOpen={isRecording} onClose={() => setRecording(false)} />
      <Modal
        opened={edited !== undefined}
        onClose={() => setEdited(undefined)}
        title="Approve in other words"
        size="lg"
      >
        {edited !== undefined && (
          <Edit
            lesson={edited}
            error={decide.error}
            isPending={decide.isPending}
            onApprove={(text, paths) =>
              decide.mutate({ lesson: edited, decision: 'approve', text, paths })
            }
            onClose={() => setEdited(undefined)}
          />
        )}
      </Modal>
    </>
  );
}

function useDecision(onDone: () => void) {
  const client = useQueryClient();
  const done = {
    approve: 'Lesson approved',
    reject: 'Lesson turned down',
    retire: 'Lesson retired',
  };
  return useMutation({
    mutationFn: ({ lesson, ...body }: Word) =>
      post<Lesson>(`/v1/lessons/${lesson.id}/decision`, body),
    onSuccess: (_, { decision, lesson }) => {
      onDone();
      notifications.show({
        title: done[decision],
        message: decision === 'approve' ? 'Agents are told from now on.' : lesson.repository,
      });
      return client.invalidateQueries({ queryKey: ['lessons'] });
    },
  });
}

function NoLessons({ state }: { state: string }) {
  if (state === 'candidate') {
    return (
      <EmptyState
        icon="check"
        title="No lesson waits for you"
        text="Agents record what they learn with their record tool; comments that reviewers repeat and changes that were reverted are proposed by themselves."
      />
    );
  }
  return (
    <EmptyState icon="info" title="No lesson in this state" text="Choose another one above." />
  );
}

function Row({
  lesson,
  isDeciding,
  onDecide,
  onEdit,
}: {
  lesson: Lesson;
  isDeciding: boolean;
  onDecide: (decision: Verdict) => void;
  onEdit: () => void;
}) {
  const mayApprove = useMay('context:approve');
  const nameOf = usePersonName();
  const { state, use } = lesson;
  return (
    <li className="lesson">
      <div className="lesson-main">
        <p className="lesson-text">{lesson.text}</p>
        <div className="row row-wrap small quiet" style={{ gap: '3px 10px' }}>
          <Badge look={LOOKS[state]} />
          <span>{lesson.repository}</span>
          <span>
            {lesson.paths.length === 0 ? (
              'the whole repository'
            ) : (
              <code className="wrap-anywhere">{lesson.paths.join(', ')}</code>
            )}
          </span>
          <span>
            {ORIGINS[lesson.origin]}
            {lesson.sightings > 1 && `, ${lesson.sightings} times`}
          </span>
          <When at={lesson.createdAt} />
          {lesson.sessionId !== null && <SessionLink id={lesson.sessionId} />}
        </div>
        {lesson.evidence.length > 0 && (
          <details className="source-more" style={{ paddingInline: 0 }}>
            <summary>
              {plural(lesson.evidence.length, 'piece of evidence', 'pieces of evidence')}
            </summary>
            <ul className="source-list" style={{ paddingInline: 0 }} aria-label="Evidence">
              {lesson.evidence.map(({ kind, ref, text }) => (
                <li key={`${kind} ${ref}`} className="wrap-anywhere">
                  {kind} <code>{ref.slice(0, 60)}</code>: {text}
                </li>
              ))}
            </ul>
          </details>
        )}
        {(state === 'approved' || use.sessions > 0) && <Effect use={use} />}
        {lesson.decidedBy !== null && (
          <p className="small quiet">
            Decided by {nameOf(lesson.decidedBy)} <When at={lesson.decidedAt} />
            {lesson.decisionReason !== '' && `: ${lesson.decisionReason}`}
          </p>
        )}
      </div>
      {mayApprove && (state === 'candidate' || state === 'approved') && (
        <div className="row lesson-actions">
          {state === 'candidate' ? (
            <>
              <Button loading={isDeciding} onClick={() => onDecide('approve')}>
                Approve
              </Button>
              <Button variant="default" disabled={isDeciding} onClick={onEdit}>
                Edit
              </Button>
              <Button variant="default" disabled={isDeciding} onClick={() => onDecide('reject')}>
                Reject
              </Button>
            </>
          ) : (
            <Button variant="default" loading={isDeciding} onClick={() => onDecide('retire')}>
              Retire
            </Button>
          )}
        </div>
      )}
    </li>
  );
}

/** What came of the changes of the sessions that heard it. */
function Effect({ use }: { use: Lesson['use'] }) {
  const judged = use.accepted + use.reworked + use.rejected;
  return (
    <div className="lesson-effect small">
      <span className="quiet">
        Told to {plural(use.sessions, 'session')}
        {use.lastUsedAt !== null && (
          <>
            , last <When at={use.lastUsedAt} />
          </>
        )}
      </span>
      {judged > 0 && (
        <>
          <span className="stacked-bar" aria-hidden="true">
            <span data-tone="good" style={{ flexGrow: use.accepted }} />
            <span data-tone="warn" style={{ flexGrow: use.reworked }} />
            <span data-tone="bad" style={{ flexGrow: use.rejected }} />
          </span>
          <span>
            {use.accepted} accepted, {use.reworked} reworked, {use.rejected} rejected
          </span>
        </>
      )}
      {judged === 0 && use.sessions > 0 && <StateBadge state="open" bare />}
    </div>
  );
}

function Edit({
  lesson,
  error,
  isPending,
  onApprove,
  onClose,
}: {
  lesson: Lesson;
  error: Error | null;
  isPending: boolean;
  onApprove: (text: string, paths: string[]) => void;
  onClose: () => void;
}) {
  const [text, setText] = useState(lesson.text);
  const [paths, setPaths] = useState(lesson.paths);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onApprove(text.trim(), paths);
      }}
    >
      <Words text={text} onText={setText} paths={paths} onPaths={setPaths} />
      {error !== null && <Problem error={error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={onClose}>
          Discard
        </Button>
        <Button type="submit" loading={isPending} disabled={text.trim() === ''}>
          Approve
        </Button>
      </div>
    </form>
  );
}

function Words({
  text,
  onText,
  paths,
  onPaths,
}: {
  text: string;
  onText: (text: string) => void;
  paths: string[];
  onPaths: (paths: string[]) => void;
}) {
  return (
    <>
      <Textarea
        label="Lesson"
        placeholder="Money is in cents everywhere; floats break the invoices."
        description="One or two sentences an agent can act on."
        autosize
        minRows={2}
        maxRows={8}
        required
        data-autofocus
        value={text}
        onChange={(event) => onText(event.currentTarget.value)}
      />
      <TagsInput
        label="Paths"
        description="Files and folders it holds for. None is the whole repository."
        placeholder="src/orders/"
        value={paths}
        onChange={onPaths}
      />
    </>
  );
}

function Record({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [text, setText] = useState('');
  const [paths, setPaths] = useState<string[]>([]);
  const [repository, setRepository] = useState<string | null>(null);
  const repositories = useQuery({ ...queries.repositories(), enabled: isOpen }).data?.items ?? [];
  const chosen = repository ?? repositories[0]?.name ?? null;
  const client = useQueryClient();
  const record = useMutation({
    mutationFn: () => post('/v1/lessons', { repository: chosen, text: text.trim(), paths }),
    onSuccess: () => {
      setText('');
      setPaths([]);
      onClose();
      notifications.show({ title: 'Lesson recorded', message: 'It waits for approval.' });
      return client.invalidateQueries({ queryKey: ['lessons'] });
    },
  });
  return (
    <Modal opened={isOpen} onClose={onClose} title="Record a lesson" size="lg">
      <form
        className="stack"
        onSubmit={(event) => {
          event.preventDefault();
          record.mutate();
        }}
      >
        <Words text={text} onText={setText} paths={paths} onPaths={setPaths} />
        <Select
          label="Repository"
          data={repositories.map(({ name }) => name)}
          value={chosen}
          onChange={setRepository}
          allowDeselect={false}
          required
        />
        {record.error !== null && <Problem error={record.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose}>
            Discard
          </Button>
          <Button
            type="submit"
            loading={record.isPending}
            disabled={text.trim() === '' || chosen === null}
          >
            Record
          </Button>
        </div>
      </form>
    </Modal>
  );
}
