/** What a day brought, read from the tables of the other rooms. SQL and nothing else. */
import type { Queryable } from '#kernel';

export interface Digest {
  from: Date;
  to: Date;
  /** Landed without anybody asked, newest first. */
  shippedAlone: { repository: string; number: number | null; title: string }[];
  shippedAloneCount: number;
  /** Landed after somebody had looked. */
  reviewed: number;
  /** Open reviews by the person asked, the longest waiting first. */
  waiting: { person: string; count: number; oldest: Date }[];
  incidents: { title: string; severity: string; state: string; repository: string | null }[];
  /** Of sessions that began within the day, in US dollars; null where no agent told of costs. */
  spendUsd: number | null;
  sessions: number;
}

const MAX_LISTED = 10;

/** `repository` limits all but nothing else; null is the whole organisation. */
export async function readDigest(
  queryable: Queryable,
  { from, to, repository }: { from: Date; to: Date; repository: string | null },
): Promise<Digest> {
  const within = [from, to, repository];
  const shippedAlone = await queryable.query<Digest['shippedAlone'][number] & { total: number }>(
    `select repository, number, title, count(*) over ()::int as total from loom.changes
     where state = 'merged' and merged_at >= $1 and merged_at < $2
       and ($3::text is null or repository = $3) and lane in ('ship', 'ship-and-watch')
     order by merged_at desc, id limit ${MAX_LISTED}`,
    within,
  );
  const [reviewed] = await queryable.query<{ count: number }>(
    `select count(*)::int as count from loom.changes
     where state = 'merged' and merged_at >= $1 and merged_at < $2
       and ($3::text is null or repository = $3)
       and coalesce(lane, '') not in ('ship', 'ship-and-watch')`,
    within,
  );
  const waiting = await queryable.query<Digest['waiting'][number]>(
    `select p.name as person, count(*)::int as count, min(a.created_at) as oldest
     from loom.assignments a join loom.people p on p.id = a.person_id
     where a.state in ('open', 'acknowledged') and ($1::text is null or a.repository = $1)
     group by p.id, p.name order by oldest, p.id limit ${MAX_LISTED}`,
    [repository],
  );
  const incidents = await queryable.query<Digest['incidents'][number]>(
    `select title, severity, state, repository from loom.incidents
     where (state = 'open' or (detected_at >= $1 and detected_at < $2) or (resolved_at >= $1 and resolved_at < $2))
       and ($3::text is null or repository = $3)
     order by state, detected_at desc, id limit ${MAX_LISTED}`,
    within,
  );
  const [spent] = await queryable.query<{ sessions: number; micros: number | null }>(
    `select count(*)::int as sessions,
       sum(greatest(nullif(b.cost_usd_micros, 0), r.cost))::float8 as micros
     from loom.sessions s
       left join loom.session_breakers b on b.session_id = s.id
       left join lateral (
         select sum(cost_usd_micros) as cost from loom.agent_runs where session_id = s.id
       ) r on true
     where s.started_at >= $1 and s.started_at < $2 and ($3::text is null or s.repository = $3)`,
    within,
  );
  return {
    from,
    to,
    shippedAlone: shippedAlone.map(({ total: _total, ...one }) => one),
    shippedAloneCount: shippedAlone[0]?.total ?? 0,
    reviewed: reviewed!.count,
    waiting,
    incidents,
    spendUsd: spent!.micros === null ? null : spent!.micros / 1_000_000,
    sessions: spent!.sessions,
  };
}
