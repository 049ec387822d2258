/** SQL of fits: every attempt, what it measured, and which one is in force. */
import type { Queryable, Tx } from '#kernel';
import type { RankingWeights } from '../model.ts';
import type { FitMeasure, FitRepository, FitState, RankingFit } from './schema.ts';

interface Row {
  version: number;
  state: FitState;
  started_at: Date;
  finished_at: Date | null;
  started_by: string;
  done: number;
  total: number;
  repositories: FitRepository[];
  measures: FitMeasure[];
  reason: string | null;
}

const COLUMNS =
  'version, state, started_at, finished_at, started_by, done, total, repositories, measures, reason';

function toFit({ started_at, finished_at, started_by, done, total, ...row }: Row): RankingFit {
  return {
    ...row,
    startedAt: started_at,
    finishedAt: finished_at,
    startedBy: started_by,
    progress: { done, total },
  };
}

/** Newest first. */
export async function listFits(
  db: Queryable,
  before: number | undefined,
  limit: number,
): Promise<RankingFit[]> {
  const rows = await db.query<Row>(
    `select ${COLUMNS} from ranking_fits where $1::int is null or version < $1
     order by version desc limit $2`,
    [before ?? null, limit],
    'ranking_fits_list',
  );
  return rows.map(toFit);
}

export async function findFit(
  db: Queryable,
  version: number,
): Promise<(RankingFit & { id: string; basedOn: string; hasWeights: boolean }) | undefined> {
  const [row] = await db.query<Row & { id: string; based_on: string; has_weights: boolean }>(
    `select ${COLUMNS}, id, based_on, weights is not null as has_weights
     from ranking_fits where version = $1`,
    [version],
  );
  if (row === undefined) return undefined;
  const { id, based_on, has_weights, ...rest } = row;
  return { ...toFit(rest), id, basedOn: based_on, hasWeights: has_weights };
}

/** The version in force, made for the shipped weights of this release; undefined where there is none. */
export async function versionInForce(db: Queryable, basedOn: string): Promise<number | undefined> {
  const [row] = await db.query<{ version: number }>(
    `select version from ranking_fits where state = 'in-force' and based_on = $1`,
    [basedOn],
    'ranking_fit_in_force',
  );
  return row?.version;
}

export async function readFitWeights(
  db: Queryable,
  version: number,
): Promise<RankingWeights | undefined> {
  const [row] = await db.query<{ weights: RankingWeights | null }>(
    'select weights from ranking_fits where version = $1',
    [version],
  );
  return row?.weights ?? undefined;
}

/** The version begun; undefined while another is under way. */
export async function beginFit(
  tx: Tx,
  fit: { id: string; startedBy: string; at: Date; commits: number; basedOn: string },
): Promise<number | undefined> {
  const [row] = await tx.query<{ version: number }>(
    `insert into ranking_fits (id, version, state, started_at, alive_at, started_by, commits, based_on)
     select $1, coalesce(max(version), 0) + 1, 'running', $2, $2, $3, $4, $5 from ranking_fits
     on conflict do nothing returning version`,
    [fit.id, fit.at, fit.startedBy, fit.commits, fit.basedOn],
  );
  return row?.version;
}

/** Those whose node has said nothing for long are over. */
export async function buryDeadFits(tx: Tx, silentSince: Date, now: Date): Promise<void> {
  await tx.query(
    `update ranking_fits set state = 'failed', finished_at = $2, reason = 'The server that worked on it stopped.'
     where state = 'running' and alive_at < $1`,
    [silentSince, now],
  );
}

/** False when the fit is no longer under way: another node took it for dead. */
export async function keepAlive(
  db: Queryable,
  version: number,
  { done, total }: { done: number; total: number },
  now: Date,
): Promise<boolean> {
  const rows = await db.query(
    `update ranking_fits set alive_at = $2, done = $3, total = $4
     where version = $1 and state = 'running' returning version`,
    [version, now, done, total],
    'ranking_fit_alive',
  );
  return rows.length > 0;
}

/** False when the fit was no longer under way. */
export async function endFit(
  tx: Tx,
  version: number,
  end: {
    state: FitState;
    at: Date;
    repositories: readonly FitRepository[];
    measures: readonly FitMeasure[];
    weights: RankingWeights | null;
    reason: string | null;
  },
): Promise<boolean> {
  const rows = await tx.query(
    `update ranking_fits set state = $2, finished_at = $3, repositories = $4::jsonb, measures = $5::jsonb,
       weights = $6::jsonb, reason = $7
     where version = $1 and state = 'running' returning version`,
    [
      version,
      end.state,
      end.at,
      JSON.stringify(end.repositories),
      JSON.stringify(end.measures),
      end.weights === null ? null : JSON.stringify(end.weights),
      end.reason,
    ],
  );
  return rows.length > 0;
}

/** Whatever was in force is so no more; the version it had. */
export async function takeFromForce(
  tx: Tx,
  state: 'replaced' | 'withdrawn',
  reason: string | null,
): Promise<number | undefined> {
  const [row] = await tx.query<{ version: number }>(
    `update ranking_fits set state = $1, reason = coalesce($2, reason)
     where state = 'in-force' returning version`,
    [state, reason],
  );
  return row?.version;
}

export async function putIntoForce(tx: Tx, version: number): Promise<void> {
  await tx.query(`update ranking_fits set state = 'in-force', reason = null where version = $1`, [
    version,
  ]);
}

/** What has to be known to say whether the next fit is due. */
export async function readFitHistory(
  db: Queryable,
): Promise<{ lastAt: Date | null; lastCommits: number; commits: number }> {
  const [row] = await db.query<{ last_at: Date | null; last_commits: number; commits: string }>(
    `select (select started_at from ranking_fits order by version desc limit 1) as last_at,
       coalesce((select commits from ranking_fits order by version desc limit 1), 0) as last_commits,
       (select coalesce(sum(commit_count), 0) from repositories where removed_at is null) as commits`,
  );
  return {
    lastAt: row!.last_at,
    lastCommits: row!.last_commits,
    commits: Number(row!.commits),
  };
}

/** Those with the most history first. */
export async function listFitRepositories(
  db: Queryable,
  limit: number,
): Promise<{ id: string; name: string; headSha: string }[]> {
  const rows = await db.query<{ id: string; name: string; head_sha: string }>(
    `select id, name, head_sha from repositories
     where removed_at is null and state = 'ready' and head_sha is not null
     order by commit_count desc, id limit $1`,
    [limit],
  );
  return rows.map(({ id, name, head_sha }) => ({ id, name, headSha: head_sha }));
}
