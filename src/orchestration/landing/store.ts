/** SQL of the queue of landings. One lane for each branch that is landed on. */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';

export interface LandingRow {
  run_id: Id<'run'>;
  step_name: string;
  change_id: Id<'chg'>;
  repository: string;
  base_branch: string;
  head_sha: string;
  state: 'queued' | 'testing' | 'landing' | 'landed' | 'returned' | 'left';
  base_sha: string | null;
  tested_tree: string | null;
  test_runs: number;
  is_flaky: boolean;
  output: string;
  place: string;
  queued_at: Date;
}

type Key = Pick<LandingRow, 'run_id' | 'step_name'>;

/** Queues up, or keeps the place it has. */
export async function enterQueue(
  queryable: Queryable,
  it: Key & Pick<LandingRow, 'change_id' | 'repository' | 'base_branch' | 'head_sha'>,
): Promise<void> {
  await queryable.query(
    `insert into loom.landings
       (run_id, step_name, change_id, repository, base_branch, head_sha, state)
     values ($1, $2, $3, $4, $5, $6, 'queued')
     on conflict (run_id, step_name) do update set seen_at = now(), ended_at = null,
       state = case when landings.state in ('landed', 'returned', 'left') then 'queued'
         else landings.state end`,
    [it.run_id, it.step_name, it.change_id, it.repository, it.base_branch, it.head_sha],
  );
}

/** Everybody in the lane, in order of arrival; whose run is over has left it. */
export async function readLane(
  tx: Tx,
  lane: Pick<LandingRow, 'repository' | 'base_branch'>,
): Promise<LandingRow[]> {
  // One look at a lane at a time, so that two of them cannot both find themselves first.
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 0))', [
    `landing:${lane.repository}:${lane.base_branch}`,
  ]);
  await tx.query(
    `update loom.landings l set state = 'left', ended_at = now()
     where l.repository = $1 and l.base_branch = $2 and l.state in ('queued', 'testing', 'landing')
       and not exists (select from loom.runs r join loom.steps s on s.run_id = r.id
         where r.id = l.run_id and s.name = l.step_name and r.state = 'running'
           and s.state not in ('done', 'failed', 'skipped', 'cancelled'))`,
    [lane.repository, lane.base_branch],
  );
  return tx.query<LandingRow>(
    `select * from loom.landings where repository = $1 and base_branch = $2
       and state in ('queued', 'testing', 'landing') order by place`,
    [lane.repository, lane.base_branch],
  );
}

export async function moveTo(
  tx: Tx,
  key: Key,
  to: { state: LandingRow['state']; baseSha?: string | undefined; output?: string | undefined },
): Promise<void> {
  await tx.query(
    `update loom.landings set state = $3, base_sha = coalesce($4, base_sha),
       output = coalesce($5, output), seen_at = now(),
       ended_at = case when $3 in ('landed', 'returned', 'left') then now() end
     where run_id = $1 and step_name = $2`,
    [key.run_id, key.step_name, to.state, to.baseSha ?? null, to.output ?? null],
  );
}

export async function recordTest(
  queryable: Queryable,
  key: Key,
  it: { baseSha: string; tree: string; isFlaky: boolean },
): Promise<void> {
  await queryable.query(
    `update loom.landings set base_sha = $3, tested_tree = $4, test_runs = test_runs + 1,
       is_flaky = is_flaky or $5 where run_id = $1 and step_name = $2`,
    [key.run_id, key.step_name, it.baseSha, it.tree, it.isFlaky],
  );
}

/** What landings of a repository came to in the last weeks. */
export async function readRates(
  queryable: Queryable,
  repository: string,
): Promise<{ ended: number; returned: number; tests: number; flaky: number }> {
  const rows = await queryable.query<{
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
  return rows[0]!;
}

/** The checks a run has passed: what has to pass again on another base. */
export async function readChecks(
  queryable: Queryable,
  runId: string,
): Promise<{ name: string; options: JsonObject; output: JsonObject | null }[]> {
  return queryable.query(
    `select name, options, output from loom.steps
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
