/** SQL of landings: who waits to land on a branch, and what was decided about each. */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';
import type { Check, Landing, LandingState, LaneKey } from './lane.ts';

export interface LandingKey {
  runId: Id<'run'>;
  stepName: string;
}

const COLUMNS = `l.run_id as "runId", l.step_name as "stepName", l.change_id as "changeId",
  c.branch, c.title, l.head_sha as "headSha", l.state, coalesce(l.checks, '[]') as checks,
  l.cleared_tree as "clearedTree", l.cleared_order::int as "clearedOrder", l.decisions,
  l.is_flaky as "isFlaky", l.output, l.place::int as place, l.queued_at as "queuedAt"`;

/** Queues up, or keeps the place it has. Gives whether anything became new. */
export async function enterQueue(
  tx: Tx,
  { runId, stepName }: LandingKey,
  it: LaneKey & { changeId: Id<'chg'>; headSha: string; checks: Landing['checks'] },
): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.landings as l
       (run_id, step_name, change_id, repository, base_branch, head_sha, state, checks)
     values ($1, $2, $3, $4, $5, $6, 'queued', $7::jsonb)
     on conflict (run_id, step_name) do update set seen_at = now(), ended_at = null,
       checks = excluded.checks, state = 'queued', cleared_tree = null, cleared_order = null
     where l.state in ('landed', 'returned', 'left')
     returning 1`,
    [
      runId,
      stepName,
      it.changeId,
      it.repository,
      it.baseBranch,
      it.headSha,
      JSON.stringify(it.checks),
    ],
  );
  return rows.length > 0;
}

/** Those whose run is over, or that were merged by others, have left the queue. */
export async function dropDeparted(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<void> {
  await queryable.query(
    `update loom.landings l set state = 'left', ended_at = now()
     where l.repository = $1 and l.base_branch = $2
       and l.state in ('queued', 'testing', 'cleared', 'rejected', 'landing')
       and not exists (select from loom.runs r join loom.steps s on s.run_id = r.id
         where r.id = l.run_id and s.name = l.step_name and r.state = 'running'
           and s.state not in ('done', 'failed', 'skipped', 'cancelled'))`,
    [repository, baseBranch],
  );
}

/** Everybody who has not landed, in order of arrival. */
export async function listLandings(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<Landing[]> {
  return queryable.query<Landing>(
    `select ${COLUMNS} from loom.landings l join loom.changes c on c.id = l.change_id
     where l.repository = $1 and l.base_branch = $2
       and l.state in ('queued', 'testing', 'cleared', 'rejected', 'landing') order by l.place`,
    [repository, baseBranch],
  );
}

/** The last ones that ended, newest first. */
export async function listEnded(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
  limit: number,
): Promise<(Landing & { endedAt: Date })[]> {
  return queryable.query(
    `select ${COLUMNS}, l.ended_at as "endedAt"
     from loom.landings l join loom.changes c on c.id = l.change_id
     where l.repository = $1 and l.base_branch = $2 and l.state in ('landed', 'returned')
       and l.ended_at is not null order by l.ended_at desc limit $3`,
    [repository, baseBranch, limit],
  );
}

export async function findLanding(
  queryable: Queryable,
  { runId, stepName }: LandingKey,
): Promise<(Landing & LaneKey) | undefined> {
  const rows = await queryable.query<Landing & LaneKey>(
    `select ${COLUMNS}, l.repository, l.base_branch as "baseBranch"
     from loom.landings l join loom.changes c on c.id = l.change_id
     where l.run_id = $1 and l.step_name = $2`,
    [runId, stepName],
  );
  return rows[0];
}

export async function moveTo(
  tx: Tx,
  { runId, stepName }: LandingKey,
  to: { state: LandingState; baseSha?: string; output?: string; mergeSha?: string | undefined },
): Promise<void> {
  await tx.query(
    `update loom.landings set state = $3, base_sha = coalesce($4, base_sha),
       output = coalesce($5, output), merge_sha = coalesce($6, merge_sha), seen_at = now(),
       cleared_tree = case when $3 in ('landing', 'landed') then cleared_tree end,
       cleared_order = case when $3 in ('landing', 'landed') then cleared_order end,
       ended_at = case when $3 in ('landed', 'returned', 'left') then now() end
     where run_id = $1 and step_name = $2`,
    [runId, stepName, to.state, to.baseSha ?? null, to.output ?? null, to.mergeSha ?? null],
  );
}

export async function clearLandings(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  cleared: readonly { changeId: string; tree: string; order: number; isFlaky: boolean }[],
): Promise<void> {
  await tx.query(
    `update loom.landings l set state = 'cleared', cleared_tree = x.tree, tested_tree = x.tree,
       cleared_order = x."order", decisions = l.decisions + 1, is_flaky = l.is_flaky or x."isFlaky"
     from jsonb_to_recordset($3::jsonb)
       as x("changeId" text, tree text, "order" int, "isFlaky" boolean)
     where l.repository = $1 and l.base_branch = $2 and l.change_id = x."changeId"
       and l.state in ('queued', 'testing')`,
    [repository, baseBranch, JSON.stringify(cleared)],
  );
}

export async function rejectLandings(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  rejected: readonly { changeId: string; note: string }[],
): Promise<void> {
  await tx.query(
    `update loom.landings l set state = 'rejected', output = x.note, decisions = l.decisions + 1
     from jsonb_to_recordset($3::jsonb) as x("changeId" text, note text)
     where l.repository = $1 and l.base_branch = $2 and l.change_id = x."changeId"
       and l.state in ('queued', 'testing')`,
    [repository, baseBranch, JSON.stringify(rejected)],
  );
}

/** What was decided is news again: those who heard it heard as well that the branch was red. */
export async function tellAgain(tx: Tx, { repository, baseBranch }: LaneKey): Promise<void> {
  await tx.query(
    `update loom.landings set decisions = decisions + 1
     where repository = $1 and base_branch = $2 and state in ('cleared', 'rejected')`,
    [repository, baseBranch],
  );
}

/** Says of those that wait whether they are being tested now. */
export async function markTested(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  underTest: readonly string[],
): Promise<void> {
  await tx.query(
    `update loom.landings l set state =
       case when l.change_id = any($3) then 'testing' else 'queued' end
     where l.repository = $1 and l.base_branch = $2 and l.state in ('queued', 'testing')
       and (l.state = 'testing') <> (l.change_id = any($3))`,
    [repository, baseBranch, underTest],
  );
}

/** What landings of a repository came to in the last weeks. */
export async function readRates(
  queryable: Queryable,
  repository: string,
): Promise<{ flakeRate: number; faultRate: number }> {
  const [row] = await queryable.query<{
    ended: number;
    returned: number;
    tests: number;
    flaky: number;
  }>(
    `select count(*)::int as ended,
       (count(*) filter (where state = 'returned'))::int as returned,
       coalesce(sum(test_runs), 0)::int as tests, (count(*) filter (where is_flaky))::int as flaky
     from loom.landings where repository = $1 and state in ('landed', 'returned')
       and queued_at > now() - interval '30 days'`,
    [repository],
  );
  const { ended, returned, tests, flaky } = row!;
  // What was never seen counts as rare, not as impossible.
  return { flakeRate: (flaky + 1) / (tests + 20), faultRate: (returned + 1) / (ended + 20) };
}

/** The commit of the newest landing: a mirror that does not hold it is behind. */
export async function lastMerge(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<string | undefined> {
  const rows = await queryable.query<{ merge_sha: string }>(
    `select merge_sha from loom.landings where repository = $1 and base_branch = $2
       and state = 'landed' and merge_sha is not null order by ended_at desc limit 1`,
    [repository, baseBranch],
  );
  return rows[0]?.merge_sha;
}

/** The checks a run has passed: what has to pass again on another tree. */
export async function readChecks(
  queryable: Queryable,
  runId: string,
): Promise<{ options: Check; output: JsonObject | null }[]> {
  return queryable.query(
    `select options, output from loom.steps
     where run_id = $1 and kind = 'check.command' and state = 'done' order by position`,
    [runId],
  );
}

/** Told to the author's session at its next call; once for each head. */
export async function leaveNote(
  tx: Tx,
  it: { changeId: string; headSha: string; sessionId: string | null; note: string },
): Promise<void> {
  await tx.query(
    `insert into loom.returned_notes (change_id, head_sha, session_id, person_name, note, created_at)
     values ($1, $2, $3, 'LoomStack', $4, now()) on conflict on constraint returned_notes_once do nothing`,
    [it.changeId, it.headSha, it.sessionId, it.note],
  );
}
