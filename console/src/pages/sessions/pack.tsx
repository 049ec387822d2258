/** One context pack by its id. */
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { queries } from '../../api/queries.ts';
import { Loading, PageHeader, Problem } from '../../parts/layout.tsx';
import { PackView } from './pack-view.tsx';

export function PackPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery(queries.pack(id));
  const pack = query.data;
  const crumbs = [
    pack?.sessionId === null || pack === undefined
      ? { label: 'Sessions', href: '/sessions' }
      : { label: 'Session', href: `/sessions/${pack.sessionId}` },
  ];
  return (
    <>
      <PageHeader
        title={pack?.title ?? 'Context pack'}
        crumbs={crumbs}
        description={pack === undefined ? undefined : `What was known about ${pack.repository}`}
      />
      {pack !== undefined && <PackView pack={pack} />}
      {pack === undefined && query.error === null && <Loading />}
      {query.error !== null && <Problem error={query.error} onRetry={() => void query.refetch()} />}
    </>
  );
}
