/** Policy studio: the rules in force, a file to edit with its consequences beside it, and all versions. */
import { SegmentedControl, Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Layer } from '../../api/policy.ts';
import { queries } from '../../api/queries.ts';
import { EmptyState, Loading, PageHeader, Problem } from '../../parts/layout.tsx';
import { useSearchState } from '../../parts/search-state.ts';
import { Tabs } from '../../parts/tabs.tsx';
import { useDraft } from './draft.ts';
import { InForce } from './in-force.tsx';
import './policy.css';
import { Studio } from './studio.tsx';
import { Versions } from './versions.tsx';

const LAYERS = [
  { value: 'repository', label: 'Repository' },
  { value: 'organisation', label: 'Organisation' },
];

export function PolicyPage() {
  const repositories = useQuery(queries.repositories());
  const names = (repositories.data?.items ?? []).map(({ name }) => name);
  const [state, setState] = useSearchState({ repository: '', layer: 'repository', tab: 'rules' });
  const repository = state.repository || names[0] || '';
  const layer: Layer = state.layer === 'organisation' ? 'organisation' : 'repository';

  return (
    <>
      <PageHeader
        title="Policy"
        description={
          layer === 'organisation' ? (
            'The organisation’s rules stand above every repository; a repository may only tighten them.'
          ) : (
            <>
              Rules of this repository, from <code>.loom/policy.yaml</code> on the protected branch,
              never from the change being judged.
            </>
          )
        }
        actions={
          <>
            <SegmentedControl
              aria-label="Layer"
              data={LAYERS}
              value={layer}
              onChange={(value) => setState({ layer: value })}
            />
            {names.length > 0 && (
              <Select
                aria-label="Repository"
                data={names}
                value={repository}
                onChange={(name) => setState({ repository: name ?? '' })}
                allowDeselect={false}
                searchable={names.length > 8}
                w={200}
              />
            )}
          </>
        }
      />
      <Tabs
        label="Policy"
        value={state.tab}
        onChange={(tab) => setState({ tab })}
        tabs={[
          {
            value: 'rules',
            label: 'In force',
            content: () =>
              repository === '' ? (
                <NoRepository isKnown={repositories.data !== undefined} />
              ) : (
                <InForce repository={repository} />
              ),
          },
          {
            value: 'edit',
            label: 'Edit',
            content: () =>
              repositories.data === undefined ? (
                <Loading />
              ) : repository === '' && layer === 'repository' ? (
                <NoRepository isKnown />
              ) : (
                <Edit key={`${layer} ${repository}`} layer={layer} repository={repository} />
              ),
          },
          {
            value: 'versions',
            label: 'Versions',
            content: () =>
              repository === '' && layer === 'repository' ? (
                <NoRepository isKnown={repositories.data !== undefined} />
              ) : (
                <Versions layer={layer} repository={repository} />
              ),
          },
        ]}
      />
    </>
  );
}

function Edit({ layer, repository }: { layer: Layer; repository: string }) {
  const { draft, error, retry } = useDraft(layer, repository);
  if (draft !== undefined) return <Studio layer={layer} repository={repository} draft={draft} />;
  return error === null ? <Loading /> : <Problem error={error} onRetry={retry} />;
}

function NoRepository({ isKnown }: { isKnown: boolean }) {
  if (!isKnown) return <Loading />;
  return (
    <div className="panel">
      <EmptyState
        icon="policy"
        title="No repository, no policy in force"
        text="The policy of a repository is the file on its protected branch; without one the built-in rules ask for one reviewer. The organisation’s rules can be written before."
        steps={[
          { text: 'Import a repository first.', command: 'loom import ../my-repo' },
          { text: 'Try a file where you work.', command: 'loom policy validate' },
        ]}
      />
    </div>
  );
}
