/** SQL of how far the reading of an outside system is. */
import type { KnowledgePage } from '#connectors/contract';
import type { Queryable, Tx } from '#kernel';

const MAX_ERROR = 500;

/** Notes a page that was taken, in the transaction that keeps what it said. */
export async function notePage(
  tx: Tx,
  where: { system: string; scope: string },
  page: KnowledgePage,
  now: Date,
): Promise<void> {
  const { stream = null, via = null, why = null, total = null } = page.progress ?? {};
  await tx.query(
    `insert into knowledge_readings as r
       (system, scope, state, stream, via, why, total, told, pages, started_at, updated_at)
     values ($1, $2, 'reading', $3, $4, $5, $6, $7, 1, $8, $8)
     on conflict (system, scope) do update set state = 'reading', stream = excluded.stream,
       via = excluded.via, why = excluded.why, total = excluded.total, pages = r.pages + 1, error = null,
       told = case when r.state <> 'read' and r.stream is not distinct from excluded.stream
         then r.told else 0 end + excluded.told,
       started_at = case r.state when 'read' then excluded.started_at else r.started_at end,
       updated_at = excluded.updated_at`,
    [where.system, where.scope, stream, via, why, total, countMain(page), now],
  );
}

/** The objects the total is of: a pull request counts, its reviews do not. */
function countMain({ items, progress }: KnowledgePage): number {
  const kind = { pulls: 'change', issues: 'work-item', deployments: 'deployment' }[
    progress?.stream ?? ''
  ];
  return kind === undefined ? items.length : items.filter((item) => item.kind === kind).length;
}

/** All that was there was read. Counting is left out where nothing new came. */
export async function noteEnd(
  tx: Tx,
  { system, scope }: { system: string; scope: string },
  hasNews: boolean,
  now: Date,
): Promise<void> {
  await tx.query(
    `update knowledge_readings r set state = 'read', finished_at = $3, updated_at = $3,
       objects = case when $4 or r.objects = '{}' then coalesce((select jsonb_object_agg(kind, n) from (
         select split_part(substr(object, length($2) + 2), '/', 1) as kind, count(*) as n
         from graph_sources where system = $1 and scope = $2 and not is_gone
           and object not like '%:file' and object not like '%:files'
           and starts_with(object, $2 || ':') group by 1) counted), '{}') else r.objects end
     where system = $1 and scope = $2`,
    [system, scope, now, hasNews],
  );
}

export async function noteFailure(
  db: Queryable,
  { system, scope }: { system: string; scope: string },
  words: string,
  now: Date,
): Promise<void> {
  await db.query(
    `insert into knowledge_readings (system, scope, state, error, started_at, updated_at)
     values ($1, $2, 'failed', $3, $4, $4)
     on conflict (system, scope) do update set state = 'failed', error = excluded.error,
       updated_at = excluded.updated_at`,
    [system, scope, words.slice(0, MAX_ERROR), now],
  );
}
