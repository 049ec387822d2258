/** Reads the work board in three statements, whatever the number of sessions. */
import type { Queryable } from '#kernel';
import type { Board, BoardSession, ReadyItem, WaitingChange } from './schema.ts';

/** More live sessions than a page can show; the totals still count all of them. */
const MAX_SESSIONS = 500;
const MAX_LISTED = 50;
const MICROS = 1_000_000;

export interface BoardFilter {
  repository?: string | undefined;
}

export async function readBoard(
  db: Queryable,
  now: Date,
  { repository }: BoardFilter = {},
): Promise<Board> {
  const wanted = repository ?? null;
  const [sessions, [totals], changes, items] = await Promise.all([
    selectSessions(db, wanted),
    selectTotals(db, wanted),
    selectWaitingChanges(db, wanted),
    selectReadyItems(db, wanted),
  ]);
  const stopped = sessions.filter(({ breaker }) => breaker !== 'closed').length;
  return {
    at: now,
    totals: {
      sessions: totals!.sessions,
      waiting: sessions.filter(({ waitsFor }) => waitsFor !== null).length,
      collisions: totals!.collisions,
      stopped,
      tokens: sessions.reduce((sum, { spend }) => sum + spend.tokens, 0),
      usd: sessions.reduce((sum, { spend }) => sum + (spend.usd ?? 0), 0),
      readyItems: totals!.readyItems,
      waitingChanges: totals!.waitingChanges,
    },
    sessions,
    changes,
    items,
  };
}

interface SessionRow extends Omit<BoardSession, 'workItem' | 'change' | 'waitsFor' | 'spend'> {
  itemId: string | null;
  itemTitle: string | null;
  itemKey: string | null;
  changeId: string | null;
  changeTitle: string | null;
  changeLane: string | null;
  held: number;
  exclusive: number;
  newest: string[] | null;
  waitPath: string | null;
  waitDetail: string | null;
  waitSince: Date | null;
  holderId: string | null;
  holderAgent: string | null;
  tokens: number;
  usdMicros: number | null;
  budgetTokens: number | null;
  budgetUsdMicros: number | null;
}

/** What a session spent is known from its hooks, or from the run that started it; the larger counts. */
const SESSIONS = `
  select s.id, s.agent, s.model, s.operator_id as "operatorId", s.parent_id as "parentId", s.intent,
    s.repository, s.branch, s.state, s.started_at as "startedAt", s.last_seen_at as "lastSeenAt",
    s.tool_calls as "toolCalls", s.denied_calls as "deniedCalls",
    w.id as "itemId", w.title as "itemTitle", w.external_key as "itemKey",
    h.id as "changeId", h.title as "changeTitle", h.lane as "changeLane",
    c.held, c.exclusive, c.newest, k.collisions,
    q.path as "waitPath", q.detail as "waitDetail", q.since as "waitSince",
    o.session_id as "holderId", o.agent as "holderAgent",
    greatest(coalesce(b.tokens, 0), coalesce(r.tokens, 0))::float8 as tokens,
    greatest(nullif(b.cost_usd_micros, 0), r.cost)::float8 as "usdMicros",
    s.budget_tokens::float8 as "budgetTokens", s.budget_usd_micros::float8 as "budgetUsdMicros",
    coalesce(b.stage, 'closed') as breaker
  from loom.sessions s
  left join loom.work_items w on w.id = s.work_item_id
  left join loom.session_breakers b on b.session_id = s.id
  left join lateral (
    select count(*)::int as held, count(*) filter (where strength = 'exclusive')::int as exclusive,
      (array_agg(path || case when detail = '' then '' else ' ' || detail end order by fence desc))[1:3]
        as newest
    from loom.claims where session_id = s.id and state = 'held'
  ) c on true
  left join lateral (
    select (select count(*) from loom.collisions where a = s.id and state = 'open')::int
      + (select count(*) from loom.collisions where b = s.id and state = 'open')::int as collisions
  ) k on true
  left join lateral (
    select repository, kind, path, detail, since from loom.claim_waits
    where session_id = s.id and ended_at is null order by number limit 1
  ) q on true
  left join lateral (
    select x.session_id, l.agent from loom.claims x join loom.sessions l on l.id = x.session_id
    where x.repository = q.repository and x.kind = q.kind and x.path = q.path and x.detail = q.detail
      and x.state = 'held' and x.session_id <> s.id
    limit 1
  ) o on true
  left join lateral (
    select sum(input_tokens + output_tokens) as tokens, sum(cost_usd_micros) as cost
    from loom.agent_runs where session_id = s.id
  ) r on true
  left join lateral (
    select id, title, lane from loom.changes
    where session_id = s.id and state = 'open' order by opened_at desc limit 1
  ) h on true
  where s.state in ('active', 'idle') and ($1::text is null or s.repository = $1)
  order by s.repository nulls last, s.started_at desc, s.id
  limit ${MAX_SESSIONS}`;

async function selectSessions(db: Queryable, repository: string | null): Promise<BoardSession[]> {
  const rows = await db.query<SessionRow>(SESSIONS, [repository]);
  return rows.map((row) => ({
    id: row.id,
    agent: row.agent,
    model: row.model,
    operatorId: row.operatorId,
    parentId: row.parentId,
    intent: row.intent,
    repository: row.repository,
    branch: row.branch,
    state: row.state,
    startedAt: row.startedAt,
    lastSeenAt: row.lastSeenAt,
    toolCalls: row.toolCalls,
    deniedCalls: row.deniedCalls,
    workItem:
      row.itemId === null
        ? null
        : {
            id: row.itemId as NonNullable<BoardSession['workItem']>['id'],
            title: row.itemTitle!,
            externalKey: row.itemKey,
          },
    change:
      row.changeId === null
        ? null
        : {
            id: row.changeId as NonNullable<BoardSession['change']>['id'],
            title: row.changeTitle!,
            lane: row.changeLane,
          },
    claims: { held: row.held, exclusive: row.exclusive, newest: row.newest ?? [] },
    collisions: row.collisions,
    waitsFor:
      row.waitPath === null || row.waitSince === null
        ? null
        : {
            what: [row.waitPath, row.waitDetail].filter(Boolean).join(' '),
            since: row.waitSince,
            holder:
              row.holderId === null
                ? null
                : { sessionId: row.holderId as BoardSession['id'], agent: row.holderAgent! },
          },
    spend: {
      tokens: row.tokens,
      usd: row.usdMicros === null ? null : row.usdMicros / MICROS,
      budgetTokens: row.budgetTokens,
      budgetUsd: row.budgetUsdMicros === null ? null : row.budgetUsdMicros / MICROS,
    },
    breaker: row.breaker,
  }));
}

function selectTotals(db: Queryable, repository: string | null) {
  return db.query<{
    sessions: number;
    collisions: number;
    readyItems: number;
    waitingChanges: number;
  }>(
    `select
       (select count(*) from loom.sessions where state in ('active', 'idle')
          and ($1::text is null or repository = $1))::int as sessions,
       (select count(*) from loom.collisions where state = 'open'
          and ($1::text is null or repository = $1))::int as collisions,
       (select count(*) from loom.work_items where state = 'open'
          and ($1::text is null or repository = $1))::int as "readyItems",
       (select count(*) from loom.changes where state = 'open'
          and lane is not null and lane not in ('ship', 'ship-and-watch')
          and ($1::text is null or repository = $1))::int as "waitingChanges"`,
    [repository],
  );
}

function selectWaitingChanges(db: Queryable, repository: string | null): Promise<WaitingChange[]> {
  return db.query<WaitingChange>(
    `select c.id, c.title, c.repository, c.lane, c.state_at as since,
       coalesce(array_agg(p.name order by p.name) filter (where p.name is not null), '{}') as "askedOf"
     from loom.changes c
     left join loom.assignments a on a.change_id = c.id and a.state in ('open', 'acknowledged')
     left join loom.people p on p.id = a.person_id
     where c.state = 'open' and c.lane is not null and c.lane not in ('ship', 'ship-and-watch')
       and ($1::text is null or c.repository = $1)
     group by c.id order by c.state_at, c.id limit ${MAX_LISTED}`,
    [repository],
  );
}

function selectReadyItems(db: Queryable, repository: string | null): Promise<ReadyItem[]> {
  return db.query<ReadyItem>(
    `select id, title, repository, source, labels, priority, created_at as "createdAt"
     from loom.work_items where state = 'open' and ($1::text is null or repository = $1)
     order by priority desc, created_at, id limit ${MAX_LISTED}`,
    [repository],
  );
}
