/** Links to records by their names; until the name is known, by their short id. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import { shortId } from './format.ts';
import { AppLink, pageOf } from './link.tsx';

/** Names change rarely, and a link that is a minute old still leads to the right page. */
const NAMES = { staleTime: 60_000, retry: false, throwOnError: false };

function Named({ id, name }: { id: string; name: string | undefined }) {
  return (
    <AppLink href={pageOf(id)} title={id} className="wrap-anywhere">
      {name === undefined || name === '' ? <code>{shortId(id)}</code> : name}
    </AppLink>
  );
}

export function WorkItemLink({ id }: { id: string }) {
  const item = useQuery({ ...queries.workItem(id), ...NAMES });
  return <Named id={id} name={item.data?.title} />;
}

export function SessionLink({ id }: { id: string }) {
  const session = useQuery({ ...queries.session(id), ...NAMES });
  return <Named id={id} name={session.data?.intent || session.data?.agent} />;
}

export function ChangeLink({ id }: { id: string }) {
  const detail = useQuery({ ...queries.change(id), ...NAMES });
  return <Named id={id} name={detail.data?.change.title} />;
}
