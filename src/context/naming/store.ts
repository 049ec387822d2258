/** SQL of what repositories are and were called, and of whether their hosts let us in. */
import type { Queryable, Tx } from '#kernel';
import type { NamedRepository } from './who-is-meant.ts';

const NAMED = `r.id, r.name, r.host, r.host_key as "hostKey",
  coalesce(r.named_at, r.created_at) as "namedAt",
  array(select n.name from loom.repository_names n where n.repository_id = r.id) as "formerNames"`;

/** All of a host that have the id, or bear or bore the name. */
export function findNamed(
  queryable: Queryable,
  host: string,
  name: string,
  key: string | undefined,
): Promise<NamedRepository[]> {
  return queryable.query<NamedRepository>(
    `select ${NAMED} from loom.repositories r
     where r.removed_at is null and r.host = $1
       and (r.name = $2 or r.host_key = $3
         or r.id = (select n.repository_id from loom.repository_names n where n.host = $1 and n.name = $2))`,
    [host, name, key ?? null],
  );
}

export async function bearerOf(
  tx: Tx,
  name: string,
): Promise<{ id: string; host: string } | undefined> {
  const rows = await tx.query<{ id: string; host: string }>(
    'select id, host from loom.repositories where name = $1 and removed_at is null for update',
    [name],
  );
  return rows[0];
}

/** Unless another repository has it by now: then that one keeps it. */
export async function learnKey(queryable: Queryable, id: string, key: string): Promise<void> {
  await queryable.query(
    `update loom.repositories r set host_key = $2 where id = $1 and host_key is null
       and not exists (select 1 from loom.repositories o where o.host = r.host and o.host_key = $2
         and o.removed_at is null)`,
    [id, key],
  );
}

export async function setName(
  tx: Tx,
  id: string,
  next: { name: string; url: string; at: Date },
): Promise<void> {
  await tx.query('update loom.repositories set name = $2, url = $3, named_at = $4 where id = $1', [
    id,
    next.name,
    next.url,
    next.at,
  ]);
}

export async function keepFormerName(
  tx: Tx,
  former: { host: string; name: string; repositoryId: string; until: Date },
): Promise<void> {
  await tx.query(
    `insert into loom.repository_names (host, name, repository_id, until) values ($1, $2, $3, $4)
     on conflict (host, name) do update set repository_id = excluded.repository_id, until = excluded.until`,
    [former.host, former.name, former.repositoryId, former.until],
  );
}

/** The name is borne again: it leads there by itself. */
export async function dropFormerName(tx: Tx, host: string, name: string): Promise<void> {
  await tx.query('delete from loom.repository_names where host = $1 and name = $2', [host, name]);
}

/** Gives those whose state it changes; older news than what is known changes nothing. */
export function setAccess(
  tx: Tx,
  host: string,
  names: readonly string[],
  lost: { at: Date; why: string } | null,
): Promise<{ id: string; name: string }[]> {
  return tx.query<{ id: string; name: string }>(
    `update loom.repositories set access_lost_at = $3, access_lost_why = $4
     where host = $1 and name = any($2::text[]) and removed_at is null
       and (access_lost_at is null) = ($3::timestamptz is not null)
     returning id, name`,
    [host, names, lost?.at ?? null, lost?.why ?? null],
  );
}
