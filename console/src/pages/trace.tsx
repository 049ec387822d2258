/** Ask for anything by id, commit, change or line, and see the whole thread it belongs to. */
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type SyntheticEvent } from 'react';
import { get } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import type { WhyAnswer } from '../api/schema.ts';
import { EmptyState, Facts, Loading, PageHeader, Panel, Problem } from '../parts/layout.tsx';
import { Identifier } from '../parts/copy.tsx';
import { Filters, RepositoryFilter } from '../parts/filters.tsx';
import { useSearchState } from '../parts/search-state.ts';
import { When } from '../parts/time.tsx';
import { TraceView } from '../parts/trace-view.tsx';

/** `src/pay.ts:42`, which needs a repository beside it. */
function readLine(text: string): { path: string; line: number } | undefined {
  const match = /^(?<path>[^\s:]+\.?[^\s:]*):(?<line>\d+)$/.exec(text);
  const { path, line } = match?.groups ?? {};
  return path === undefined || line === undefined ? undefined : { path, line: Number(line) };
}

export function TracePage() {
  const [state, setState] = useSearchState({ ref: '', repository: '' });
  const [text, setText] = useState(state.ref);
  const line = readLine(state.ref);
  const repositories = useQuery(queries.repositories()).data?.items ?? [];
  const repository = state.repository || repositories[0]?.name || '';

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    setState({ ref: text.trim() });
  };

  return (
    <>
      <PageHeader
        title="Trace"
        description="From a line of code or an incident back to the session, context and decision behind it, and forward from a request to its outcome."
      />
      <form onSubmit={submit}>
        <Filters>
          <TextInput
            aria-label="Reference"
            placeholder="Id, commit, owner/name#12 or path:line"
            data-page-search
            style={{ flex: '1 1 260px', maxWidth: 480 }}
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <RepositoryFilter
            value={state.repository}
            onChange={(name) => setState({ repository: name })}
          />
          <Button type="submit">Trace</Button>
        </Filters>
      </form>
      {state.ref === '' ? (
        <div className="panel">
          <EmptyState
            icon="flow"
            title="Ask where something came from"
            text="Paste an id, a commit, a change such as acme/payments#12, or a line such as src/pay.ts:42. The terminal answers the same questions:"
            steps={[
              { text: 'Why is this line here?', command: 'loom why src/pay.ts:42' },
              { text: 'What belongs to this change?', command: 'loom trace acme/payments#12' },
            ]}
          />
        </div>
      ) : line === undefined ? (
        <TraceView reference={state.ref} />
      ) : (
        <Why repository={repository} path={line.path} line={line.line} />
      )}
    </>
  );
}

function Why({ repository, path, line }: { repository: string; path: string; line: number }) {
  const query = useQuery({
    queryKey: ['trace', 'why', repository, path, line],
    queryFn: ({ signal }) => get<WhyAnswer>('/v1/why', { repository, path, line }, signal),
    enabled: repository !== '',
  });
  if (query.error !== null) return <Problem error={query.error} />;
  if (query.data === undefined) return <Loading rows={3} />;
  const { commit, text, trace } = query.data;
  return (
    <div className="stack">
      <Panel title={`${path}:${line}`} note={repository}>
        <pre className="json" style={{ marginBlockEnd: 12 }}>
          {text}
        </pre>
        <Facts
          items={[
            ['Commit', <Identifier key="sha" id={commit.sha} />],
            ['Subject', commit.subject],
            ['Author', commit.author],
            ['Written', <When key="at" at={commit.at} />],
          ]}
        />
      </Panel>
      {trace === null ? (
        <div className="panel">
          <EmptyState
            small
            title="This line came in before LoomStack or around it"
            text="Only its commit is known: no session, verdict or work item was recorded for it."
          />
        </div>
      ) : (
        <TraceView reference={trace.ref} />
      )}
    </div>
  );
}
