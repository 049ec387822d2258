/** The rules in force, the file that was refused, and a place to try a file before it is committed. */
import { Button, Select } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { post } from '../api/client.ts';
import { queries } from '../api/queries.ts';
import type { PolicyCheck, PolicyProblem, PolicySummary } from '../api/types.ts';
import { DataTable } from '../parts/data-table.tsx';
import { plural, shortSource } from '../parts/format.ts';
import { Icon } from '../parts/icon.tsx';
import {
  EmptyState,
  Facts,
  Loading,
  Notice,
  PageHeader,
  Panel,
  Problem,
} from '../parts/layout.tsx';
import { useSearchState } from '../parts/search-state.ts';
import './policy.css';

export function PolicyPage() {
  const repositories = useQuery(queries.repositories());
  const names = (repositories.data?.items ?? []).map(({ name }) => name);
  const [state, setState] = useSearchState({ repository: '' });
  const repository = state.repository || names[0] || '';

  return (
    <>
      <PageHeader
        title="Policy"
        description={
          <>
            Leaders write <code>.loom/policy.yaml</code>; it is always read from the protected
            branch, never from the change being judged.
          </>
        }
        actions={
          names.length > 0 && (
            <Select
              aria-label="Repository"
              data={names}
              value={repository}
              onChange={(name) => setState({ repository: name ?? '' })}
              allowDeselect={false}
              w={220}
            />
          )
        }
      />
      <div className="stack">
        {repository !== '' && <Active repository={repository} />}
        {repositories.data !== undefined && names.length === 0 && (
          <div className="panel">
            <EmptyState
              icon="policy"
              title="No repository, no policy in force"
              text="The policy of a repository is the file on its protected branch; without one the built-in rules ask for one reviewer."
              steps={[{ text: 'Import a repository first.', command: 'loom import ../my-repo' }]}
            />
          </div>
        )}
        <Validate />
      </div>
    </>
  );
}

function Active({ repository }: { repository: string }) {
  const query = useQuery(queries.policy(repository));
  if (query.data === undefined) {
    return (
      <Panel title="In force" flush>
        {query.error === null ? (
          <Loading rows={4} />
        ) : (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        )}
      </Panel>
    );
  }
  return <Summary policy={query.data} />;
}

function Summary({ policy }: { policy: PolicySummary }) {
  const isBuiltIn = policy.source === 'built-in';
  return (
    <>
      {policy.refused !== null && (
        <Panel
          title="The newest file is refused"
          note="the last good version stays in force until it is mended"
        >
          <div className="stack" style={{ '--gap': '10px' } as object}>
            <p className="small">
              <code className="wrap-anywhere">{policy.refused.source}</code>
            </p>
            <Problems problems={policy.refused.problems} />
          </div>
        </Panel>
      )}
      <Panel title="In force" note={plural(policy.rules.length, 'rule')} flush>
        <div className="panel-body">
          <Facts
            items={[
              ['Version', <code key="v">{policy.version}</code>],
              [
                'Source',
                isBuiltIn ? (
                  'built in: the repository has no .loom/policy.yaml'
                ) : (
                  <code key="s" title={policy.source}>
                    {shortSource(policy.source)}
                  </code>
                ),
              ],
            ]}
          />
        </div>
        {policy.rules.length > 0 && (
          <DataTable
            label="Rules in force"
            rows={policy.rules}
            rowKey={(rule) => rule.id}
            columns={[
              {
                key: 'because',
                header: 'In words',
                cell: (rule) => <span style={{ fontWeight: 520 }}>{rule.because || rule.id}</span>,
              },
              {
                key: 'id',
                header: 'Rule',
                hide: 'phone',
                width: 240,
                cell: (rule) => <code>{rule.id}</code>,
              },
              { key: 'kind', header: 'Kind', width: 110, cell: (rule) => rule.kind },
              {
                key: 'line',
                header: 'Line',
                align: 'end',
                width: 80,
                cell: (rule) => (rule.line === 0 ? '–' : rule.line),
              },
            ]}
          />
        )}
        {policy.rules.length === 0 && (
          <EmptyState
            small
            title="No rule written yet"
            text="Every change takes the default lane. Write the first rule below and try it before you commit."
          />
        )}
      </Panel>
    </>
  );
}

function Problems({
  problems,
  onGo,
}: {
  problems: PolicyProblem[];
  onGo?: (line: number) => void;
}) {
  return (
    <ul className="policy-problems" aria-label="Problems">
      {problems.map((problem, index) => (
        <li key={index} data-tone="bad">
          <Icon name="cross" size={14} />
          <div className="grow">
            <p>
              {problem.message}
              {problem.path !== '' && (
                <>
                  {' '}
                  <code className="quiet">{problem.path}</code>
                </>
              )}
            </p>
            {problem.suggestion !== null && (
              <p className="soft small">
                Did you mean <code>{problem.suggestion}</code>?
              </p>
            )}
          </div>
          {onGo === undefined ? (
            <span className="quiet small nowrap">
              line {problem.line}, column {problem.column}
            </span>
          ) : (
            <button
              type="button"
              className="plain-button small text-button nowrap"
              onClick={() => onGo(problem.line)}
            >
              Go to line {problem.line}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function Validate() {
  const [text, setText] = useState('');
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);
  const check = useMutation({
    mutationFn: () => post<PolicyCheck>('/v1/policy/validate', { text }),
  });
  const badLines = new Set(check.data?.problems.map(({ line }) => line));
  const lines = text.split('\n');

  const goTo = (line: number) => {
    const start = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
    area.current?.focus();
    area.current?.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
  };

  return (
    <Panel
      title="Try a policy"
      note="checked exactly as on publishing; nothing is saved"
      actions={
        <Button
          loading={check.isPending}
          disabled={text.trim() === ''}
          onClick={() => check.mutate()}
        >
          Check
        </Button>
      }
      flush
      foot={
        <>
          In the terminal: <code>loom policy validate</code>, and <code>loom check</code> to see
          what the rules in force say of your branch.
        </>
      }
    >
      <div className="editor">
        <div className="editor-gutter" ref={gutter} aria-hidden="true">
          {lines.map((_, index) => (
            <span key={index} data-bad={badLines.has(index + 1) || undefined}>
              {index + 1}
            </span>
          ))}
        </div>
        <textarea
          ref={area}
          aria-label="Policy file"
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          rows={Math.min(Math.max(lines.length + 1, 10), 32)}
          placeholder="Paste .loom/policy.yaml here"
          value={text}
          onChange={(event) => {
            setText(event.currentTarget.value);
            check.reset();
          }}
          onScroll={(event) => {
            if (gutter.current !== null) gutter.current.scrollTop = event.currentTarget.scrollTop;
          }}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && (event.metaKey || event.ctrlKey)) check.mutate();
          }}
        />
      </div>
      {(check.error !== null || check.data !== undefined) && (
        <div className="panel-body editor-answer" aria-live="polite">
          {check.error !== null && <Problem error={check.error} />}
          {check.data?.problems.length === 0 && (
            <Notice tone="good" title="This policy loads">
              {check.data.version !== null && (
                <span>
                  Its version would be <code>{check.data.version}</code>.
                </span>
              )}
            </Notice>
          )}
          {check.data !== undefined && check.data.problems.length > 0 && (
            <Problems problems={check.data.problems} onGo={goTo} />
          )}
        </div>
      )}
    </Panel>
  );
}
