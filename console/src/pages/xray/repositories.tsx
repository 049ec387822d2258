/** The repositories an X-ray can be made of; the way to add one. */
import { Button, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { post } from '../../api/client.ts';
import { queries } from '../../api/queries.ts';
import type { Repository } from '../../api/types.ts';
import { Badge, StateBadge } from '../../parts/badges.tsx';
import { DataTable } from '../../parts/data-table.tsx';
import { FormDialog } from '../../parts/dialogs.tsx';
import { compact, shortId } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, PageHeader, Problem } from '../../parts/layout.tsx';
import { When } from '../../parts/time.tsx';

/** A step that is ready waits to start; a repository that is ready has been read. */
const READ = { label: 'Ready', tone: 'good', icon: 'check' } as const;

export function XrayRepositoriesPage() {
  const query = useQuery(queries.repositories());
  const [isImporting, setImporting] = useState(false);
  const repositories = query.data?.items ?? [];

  return (
    <>
      <PageHeader
        title="X-ray"
        description="Ninety days of a repository’s own history: where risk sits, what a policy could let ship alone, what collided and what was thrown away."
        actions={
          <Button leftSection={<Icon name="plus" size={14} />} onClick={() => setImporting(true)}>
            Import repository
          </Button>
        }
      />
      <div className="panel">
        {query.data === undefined && query.error === null && <Loading />}
        {query.error !== null && (
          <div className="panel-body">
            <Problem error={query.error} onRetry={() => void query.refetch()} />
          </div>
        )}
        {query.data !== undefined && repositories.length === 0 && (
          <EmptyState
            icon="xray"
            title="No repository yet"
            text="An X-ray needs no agent, no account and no setup: a path or a URL is enough."
            steps={[
              { text: 'Import and open the X-ray here.', command: 'loom import ../my-repo' },
              {
                text: 'Or read the figures in the terminal.',
                command: 'loom xray ../my-repo --since 90d',
              },
            ]}
          />
        )}
        {repositories.length > 0 && (
          <DataTable<Repository>
            label="Repositories"
            rows={repositories}
            rowKey={(repository) => repository.id}
            rowHref={(repository) => `/xray/${repository.id}`}
            columns={[
              {
                key: 'name',
                header: 'Repository',
                cell: (repository) => (
                  <span className="cell-title" style={{ maxWidth: 'min(50vw, 460px)' }}>
                    <span>{repository.name}</span>
                    <span className="quiet small">{repository.url}</span>
                  </span>
                ),
              },
              {
                key: 'state',
                header: 'State',
                width: 120,
                cell: ({ state }) =>
                  state === 'ready' ? (
                    <Badge look={READ} bare />
                  ) : (
                    <StateBadge state={state} bare />
                  ),
              },
              {
                key: 'head',
                header: 'Head',
                hide: 'narrow',
                width: 150,
                cell: (repository) => (
                  <span>
                    {repository.defaultBranch}{' '}
                    {repository.headSha !== null && (
                      <code className="quiet">{shortId(repository.headSha)}</code>
                    )}
                  </span>
                ),
              },
              {
                key: 'commits',
                header: 'Commits',
                hide: 'phone',
                align: 'end',
                width: 90,
                cell: (repository) => compact(repository.commitCount),
              },
              {
                key: 'files',
                header: 'Files',
                hide: 'phone',
                align: 'end',
                width: 80,
                cell: (repository) => compact(repository.fileCount),
              },
              {
                key: 'imported',
                header: 'Read',
                hide: 'phone',
                align: 'end',
                width: 104,
                cell: (repository) => <When at={repository.importedAt} none="not yet" />,
              },
            ]}
          />
        )}
      </div>
      <Import isOpen={isImporting} onClose={() => setImporting(false)} />
    </>
  );
}

function Import({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [url, setUrl] = useState('');
  const client = useQueryClient();
  const importing = useMutation({
    mutationFn: () => post<Repository>('/v1/repositories', { url: url.trim() }),
    onSuccess: (repository) => {
      setUrl('');
      onClose();
      notifications.show({ title: 'Imported', message: repository.name });
      return client.invalidateQueries({ queryKey: ['repositories'] });
    },
  });
  return (
    <FormDialog
      isOpen={isOpen}
      onClose={onClose}
      title="Import repository"
      action="Import"
      work={importing}
      isReady={url.trim() !== ''}
      onSubmit={() => importing.mutate()}
    >
      <TextInput
        label="Path or URL"
        description="A folder on the server, or anything git can clone. It is mirrored and never written to."
        placeholder="/home/ada/payments or https://github.com/acme/payments.git"
        required
        data-autofocus
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      {importing.isPending && (
        <p className="quiet small" role="status">
          Reading the history. A large repository takes a minute; you may close this.
        </p>
      )}
    </FormDialog>
  );
}
