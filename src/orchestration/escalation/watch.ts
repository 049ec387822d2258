/** Approvals with a watch: somebody looks after the change for a while once it has landed. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Actor } from '#ledger';
import type { Change } from '../schema.ts';
import type { EscalationDeps } from './deps.ts';
import type { Watch } from './schema.ts';

const WATCH = `w.change_id as "changeId", w.head_sha as "headSha", w.watcher_id as "watcherId",
  w.hours, w.asked_at as "askedAt", w.ends_at as "endsAt", w.state`;
const WATCHES: Actor = { kind: 'system', id: 'watches' };
const HOUR_MS = 3_600_000;

export async function findWatch(
  queryable: Queryable,
  changeId: Id<'chg'>,
): Promise<Watch | undefined> {
  const rows = await queryable.query<Watch>(
    `select ${WATCH} from loom.watches w where w.change_id = $1`,
    [changeId],
  );
  return rows[0];
}

/** A second promise for the same change is for the longer time, and the newest watcher's. */
export async function promiseWatch(
  { clock, ledger }: EscalationDeps,
  tx: Tx,
  change: Change,
  watch: { hours: number; watcherId: Id<'usr'> },
  actor: Actor,
): Promise<void> {
  const now = clock.now();
  await tx.query(
    `insert into loom.watches as w (change_id, head_sha, watcher_id, hours, asked_at)
     values ($1, $2, $3, $4, $5)
     on conflict (change_id) do update set head_sha = excluded.head_sha,
       watcher_id = excluded.watcher_id, asked_at = excluded.asked_at, state = 'promised',
       ends_at = null, hours = case when w.head_sha = excluded.head_sha and w.state = 'promised'
         then greatest(w.hours, excluded.hours) else excluded.hours end`,
    [change.id, change.headSha, watch.watcherId, watch.hours, now],
  );
  await ledger.append(tx, {
    type: 'watch.promised',
    subject: change.id,
    actor,
    correlationId: change.correlationId,
    refs: {
      change: change.id,
      repository: change.repository,
      commit: change.headSha,
      person: watch.watcherId,
    },
    data: { hours: watch.hours },
  });
}

interface DueWatch extends Watch {
  repository: string;
  correlationId: string;
  mergeSha: string | null;
  mergedAt: Date | null;
  isOver: boolean;
}

/** Starts watches whose change has landed, ends those whose time is over, drops those in vain. */
export async function keepWatches({ db, clock, ledger }: EscalationDeps): Promise<number> {
  const now = clock.now();
  return db.transaction(async (tx) => {
    const rows = await tx.query<DueWatch>(
      `select ${WATCH}, c.repository, c.correlation_id as "correlationId",
         c.merge_sha as "mergeSha", c.merged_at as "mergedAt",
         (c.state = 'closed' or (c.state = 'open' and c.head_sha <> w.head_sha)) as "isOver"
       from loom.watches w join loom.changes c on c.id = w.change_id
       where (w.state = 'promised' and (c.state <> 'open' or c.head_sha <> w.head_sha))
         or (w.state = 'watching' and w.ends_at <= $1)
       order by w.change_id limit 100 for update of w skip locked`,
      [now],
    );
    for (const row of rows) {
      const isStart = row.state === 'promised' && !row.isOver;
      const state = row.isOver ? 'void' : isStart ? 'watching' : 'over';
      const endsAt = isStart
        ? new Date((row.mergedAt ?? now).getTime() + row.hours * HOUR_MS)
        : row.endsAt;
      await tx.query('update loom.watches set state = $2, ends_at = $3 where change_id = $1', [
        row.changeId,
        state,
        endsAt,
      ]);
      if (row.isOver) continue;
      const type = isStart ? 'watch.started' : 'watch.ended';
      await ledger.append(tx, {
        type,
        subject: row.changeId,
        actor: WATCHES,
        correlationId: row.correlationId,
        refs: {
          change: row.changeId,
          repository: row.repository,
          mergeCommit: row.mergeSha,
          person: row.watcherId,
        },
        data: { hours: row.hours, endsAt },
      });
    }
    return rows.length;
  });
}
