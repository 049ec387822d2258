/** What an agent would be told for a task: every item with its reason, and the very text it reads. */
import { Button, SegmentedControl, Select, TagsInput, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { post } from '../../api/client.ts';
import type { PackPreview } from '../../api/context-types.ts';
import { queries } from '../../api/queries.ts';
import type { ContextPack } from '../../api/types.ts';
import { count } from '../../parts/format.ts';
import { EmptyState, Loading, PageHeader, Problem } from '../../parts/layout.tsx';
import { useOpen } from '../../parts/link.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { ContextNavigation } from './context-pages.tsx';
import { PreviewAnswer } from './preview-answer.tsx';

const BUDGETS = ['1500', '4000', '8000'];

interface Task {
  repository: string;
  title: string;
  text: string;
  paths: string[];
  budgetTokens: number;
}

export function PreviewPage() {
  const [state, setState] = useSearchState({
    repository: '',
    task: '',
    paths: '',
    budget: '4000',
  });
  const [task, setTask] = useState(state.task);
  const repositories = useQuery(queries.repositories());
  const names = (repositories.data?.items ?? []).map(({ name }) => name);
  const repository = state.repository === '' ? (names[0] ?? '') : state.repository;
  const open = useOpen();

  const ask: Task = {
    repository,
    // The first line is the title, as in a commit message.
    title: state.task.split('\n')[0]!.slice(0, 2_000),
    text: state.task.split('\n').slice(1).join('\n').trim(),
    paths: state.paths === '' ? [] : state.paths.split('\n'),
    budgetTokens: Number(state.budget),
  };
  const preview = useMutation({
    mutationFn: (request: Task) => post<PackPreview>('/v1/context-packs/preview', request),
  });
  const keep = useMutation({
    mutationFn: (request: Task) => post<ContextPack>('/v1/context-packs', request),
    onSuccess: (pack) => open(`/packs/${pack.id}`),
  });

  // The question is in the address: a link to it asks it again.
  const question = JSON.stringify(ask);
  const isAskable = ask.title.trim() !== '' && repository !== '';
  const { mutate } = preview;
  useEffect(() => {
    if (isAskable) mutate(JSON.parse(question) as Task);
  }, [question, isAskable, mutate]);

  return (
    <>
      <PageHeader
        title="Pack preview"
        crumbs={[{ label: 'Context', href: '/context' }]}
        description="What an agent would see for a task. Nothing is kept, and no session counts as told."
      />
      <ContextNavigation />
      {repositories.data !== undefined && names.length === 0 ? (
        <div className="panel">
          <EmptyState
            icon="pack"
            title="No repository to ask about"
            text="A pack is made from the history, documents and owners of a repository."
            steps={[{ text: 'Read one:', command: 'loom import ../my-repo' }]}
          />
        </div>
      ) : (
        <div className="stack" style={{ '--gap': '16px' } as object}>
          <form
            className="panel panel-body preview-form"
            aria-label="Task"
            onSubmit={(event) => {
              event.preventDefault();
              if (task === state.task && isAskable) preview.mutate(ask);
              setState({ task });
            }}
          >
            <Textarea
              className="preview-task"
              label="Task"
              placeholder="Refuse empty orders"
              description="As you would tell it to an agent. The first line is its title."
              autosize
              minRows={2}
              maxRows={10}
              value={task}
              onChange={(event) => setTask(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === 'Enter' && (event.metaKey || event.ctrlKey))
                  event.currentTarget.form?.requestSubmit();
              }}
              data-page-search
            />
            <Select
              label="Repository"
              data={names}
              value={repository === '' ? null : repository}
              onChange={(name) => setState({ repository: name ?? '' })}
              allowDeselect={false}
              searchable={names.length > 8}
            />
            <TagsInput
              label="Paths"
              placeholder="Files already open, if any"
              value={ask.paths}
              onChange={(paths) => setState({ paths: paths.join('\n') })}
            />
            <div>
              <div className="mantine-InputWrapper-label small" id="preview-budget">
                Budget, tokens
              </div>
              <SegmentedControl
                aria-labelledby="preview-budget"
                data={BUDGETS.map((value) => ({ value, label: count(Number(value)) }))}
                value={state.budget}
                onChange={(budget) => setState({ budget })}
              />
            </div>
            <Button
              type="submit"
              className="preview-go"
              loading={preview.isPending}
              disabled={task.trim() === '' || repository === ''}
            >
              Preview
            </Button>
          </form>
          {preview.error !== null && <Problem error={preview.error} />}
          {keep.error !== null && <Problem error={keep.error} />}
          {preview.data === undefined && preview.isPending && (
            <div className="panel">
              <Loading label="Loading preview" />
            </div>
          )}
          {preview.data === undefined && preview.isIdle && (
            <div className="panel">
              <EmptyState
                icon="pack"
                title="Describe a task"
                text="You see the rules that hold, the files it will touch, who to ask and what usually changes with it; each item says why it is there."
              />
            </div>
          )}
          {preview.data !== undefined && (
            <PreviewAnswer
              preview={preview.data}
              keep={
                <Button
                  variant="default"
                  size="compact-sm"
                  loading={keep.isPending}
                  onClick={() => keep.mutate(ask)}
                >
                  Keep and expand
                </Button>
              }
            />
          )}
        </div>
      )}
    </>
  );
}
