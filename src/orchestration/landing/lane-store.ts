/** SQL of branches that changes land on, and of what is tested for them. */
import type { Queryable, Tx } from '#kernel';
import type { BuildState, LandingStrategy, Lane, LaneBuild, LaneKey, WantedBuild } from './lane.ts';

const LANE = `repository, base_branch as "baseBranch", version::text, strategy, memory, checks,
  green_sha as "greenSha", main_sha as "mainSha", red, host_checks as "hostChecks"`;
const BUILD = `id::text, kind, key, attempt, base_sha as "baseSha", heads, changes, assumed, tree,
  checks, state, command, output, created_at as "createdAt", started_at as "startedAt",
  ended_at as "endedAt"`;

/** Says that somebody came, left, or was tested: who is next may be somebody else. */
export async function touchLane(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<void> {
  await queryable.query(
    `insert into loom.landing_lanes (repository, base_branch) values ($1, $2)
     on conflict on constraint landing_lanes_pkey do update set version = landing_lanes.version + 1`,
    [repository, baseBranch],
  );
}

export async function findLane(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<Lane | undefined> {
  const rows = await queryable.query<Lane>(
    `select ${LANE} from loom.landing_lanes where repository = $1 and base_branch = $2`,
    [repository, baseBranch],
  );
  return rows[0];
}

export function listLanes(queryable: Queryable): Promise<Lane[]> {
  return queryable.query<Lane>(
    `select ${LANE} from loom.landing_lanes order by repository, base_branch limit 1000`,
  );
}

/** Branches that changes land on; idle ones have nothing that waits, is tested, or is red. */
export function lanesToLookAt(
  queryable: Queryable,
): Promise<(LaneKey & { isIdle: boolean; mainSha: string | null })[]> {
  return queryable.query(
    `select repository, base_branch as "baseBranch", main_sha as "mainSha", red is null
       and not exists (select from loom.landings l where l.repository = a.repository
         and l.base_branch = a.base_branch
         and l.state in ('queued', 'testing', 'cleared', 'rejected', 'landing'))
       and not exists (select from loom.landing_builds b where b.repository = a.repository
         and b.base_branch = a.base_branch and b.state in ('queued', 'running')) as "isIdle"
     from loom.landing_lanes a order by repository, base_branch`,
  );
}

/** False: somebody was faster, and the look has to be taken again. */
export async function saveLane(tx: Tx, lane: Lane): Promise<boolean> {
  const rows = await tx.query(
    `update loom.landing_lanes set version = version + 1, memory = $4::jsonb, checks = $5::jsonb,
       green_sha = $6, main_sha = $7, red = $8::jsonb
     where repository = $1 and base_branch = $2 and version = $3::bigint returning 1`,
    [
      lane.repository,
      lane.baseBranch,
      lane.version,
      JSON.stringify(lane.memory),
      lane.checks === null ? null : JSON.stringify(lane.checks),
      lane.greenSha,
      lane.mainSha,
      lane.red === null ? null : JSON.stringify(lane.red),
    ],
  );
  return rows.length > 0;
}

/** Gives what it was before; undefined where it is so already. */
export async function setStrategy(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  strategy: LandingStrategy,
): Promise<LandingStrategy | undefined> {
  await touchLane(tx, { repository, baseBranch });
  const rows = await tx.query<{ before: LandingStrategy }>(
    `update loom.landing_lanes new set strategy = $3 from loom.landing_lanes old
     where new.repository = $1 and new.base_branch = $2 and old.repository = new.repository
       and old.base_branch = new.base_branch and old.strategy <> $3
     returning old.strategy as before`,
    [repository, baseBranch, strategy],
  );
  return rows[0]?.before;
}

/** What the host said of a commit; the last hundred commits of each check are kept. */
export async function noteHostCheck(
  tx: Tx,
  lane: LaneKey,
  it: { check: string; sha: string; verdict: 'pass' | 'fail' },
): Promise<void> {
  await touchLane(tx, lane);
  await tx.query(
    `update loom.landing_lanes set host_checks = jsonb_set(host_checks, array[$3],
       (select coalesce(jsonb_object_agg(k, v), '{}') from (
         select k, v from jsonb_each(coalesce(host_checks->$3, '{}')) as e(k, v) limit 100) kept)
       || jsonb_build_object($4::text, $5::text))
     where repository = $1 and base_branch = $2`,
    [lane.repository, lane.baseBranch, it.check, it.sha, it.verdict],
  );
}

/** Of the last days, and all that are open. */
export function listBuilds(
  queryable: Queryable,
  { repository, baseBranch }: LaneKey,
): Promise<LaneBuild[]> {
  return queryable.query<LaneBuild>(
    `select ${BUILD} from loom.landing_builds where repository = $1 and base_branch = $2
       and (ended_at is null or ended_at > now() - interval '7 days') order by priority, id`,
    [repository, baseBranch],
  );
}

/**
 * Asks for these builds and for no others; what runs and is not wanted any more is given up. Gives
 * whether one of them is new.
 */
export async function wantBuilds(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  wanted: readonly WantedBuild[],
): Promise<boolean> {
  await tx.query(
    `delete from loom.landing_builds where repository = $1 and base_branch = $2
       and state in ('queued', 'running') and key || '~' || attempt <> all($3)`,
    [repository, baseBranch, wanted.map(({ key, attempt }) => `${key}~${attempt}`)],
  );
  return insertBuilds(tx, { repository, baseBranch }, wanted, 'queued');
}

export async function forgetFailures(tx: Tx, { repository, baseBranch }: LaneKey): Promise<void> {
  await tx.query(
    `delete from loom.landing_builds
     where repository = $1 and base_branch = $2 and kind = 'landing' and state = 'failed'`,
    [repository, baseBranch],
  );
}

export async function insertBuilds(
  tx: Tx,
  { repository, baseBranch }: LaneKey,
  wanted: readonly WantedBuild[],
  state: BuildState,
): Promise<boolean> {
  // Changes of one and the same commit come to the same tree: that is one build.
  const builds = [
    ...new Map(wanted.map((build) => [`${build.key}~${build.attempt}`, build])).values(),
  ];
  if (builds.length === 0) return false;
  const rows = await tx.query<{ isNew: boolean }>(
    `insert into loom.landing_builds (repository, base_branch, kind, key, attempt, base_sha, heads,
       changes, assumed, tree, checks, state, priority, ended_at)
     select $1, $2, x.kind, x.key, x.attempt, x."baseSha", x.heads, x.changes, x.assumed, x.tree,
       x.checks, $4, x.priority, case when $4 = 'passed' then now() end
     from jsonb_to_recordset($3::jsonb) as x(kind text, key text, attempt int, "baseSha" text,
       heads text[], changes text[], assumed text[], tree text, checks jsonb, priority int)
     on conflict on constraint landing_builds_once do update set
       priority = excluded.priority, changes = excluded.changes, assumed = excluded.assumed,
       base_sha = excluded.base_sha, heads = excluded.heads
     where landing_builds.state = 'queued'
     returning (xmax = 0) as "isNew"`,
    [
      repository,
      baseBranch,
      JSON.stringify(builds.map((build, priority) => ({ priority, ...build }))),
      state,
    ],
  );
  return rows.some(({ isNew }) => isNew);
}

/** Takes the most urgent build, as long as fewer than `limit` run anywhere. */
export async function claimBuild(
  tx: Tx,
  { node, leaseMs, limit }: { node: string; leaseMs: number; limit: number },
): Promise<(LaneBuild & LaneKey) | undefined> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('landing-builds', 0))`);
  const rows = await tx.query<LaneBuild & LaneKey>(
    `update loom.landing_builds set state = 'running', node = $1, started_at = now(),
       lease_until = now() + $2 * interval '1 millisecond'
     where id = (
       select id from loom.landing_builds
       where (state = 'queued' or state = 'running' and lease_until < now())
         and (select count(*) from loom.landing_builds
           where state = 'running' and lease_until >= now()) < $3
       order by priority, id limit 1)
     returning ${BUILD}, repository, base_branch as "baseBranch"`,
    [node, leaseMs, limit],
  );
  return rows[0];
}

/** False: it is not wanted any more, or another node has it. */
export async function renewBuild(
  queryable: Queryable,
  { id, node, leaseMs }: { id: string; node: string; leaseMs: number },
): Promise<boolean> {
  const rows = await queryable.query(
    `update loom.landing_builds set lease_until = now() + $3 * interval '1 millisecond'
     where id = $1 and node = $2 and state = 'running' returning 1`,
    [id, node, leaseMs],
  );
  return rows.length > 0;
}

/** False: nobody waits for it any more. */
export async function endBuild(
  tx: Tx,
  it: {
    id: string;
    node: string;
    state: 'passed' | 'failed' | 'queued';
    command?: string | undefined;
    output?: string | undefined;
  },
): Promise<boolean> {
  const rows = await tx.query<{ changes: string[] }>(
    `update loom.landing_builds set state = $3, command = $4, output = coalesce($5, ''),
       lease_until = null, node = case when $3 = 'queued' then null else node end,
       ended_at = case when $3 <> 'queued' then now() end
     where id = $1 and node = $2 and state = 'running' returning changes`,
    [it.id, it.node, it.state, it.command ?? null, it.output ?? null],
  );
  if (rows.length === 0) return false;
  if (it.state !== 'queued') {
    await tx.query(
      `update loom.landings set test_runs = test_runs + 1
       where change_id = any($1) and state in ('queued', 'testing')`,
      [rows[0]!.changes],
    );
  }
  return true;
}

/** Old results: the branch has long moved on. */
export async function dropOldBuilds(queryable: Queryable): Promise<void> {
  await queryable.query(
    `delete from loom.landing_builds where ended_at < now() - interval '30 days'`,
  );
}
