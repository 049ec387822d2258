/** SQL of evaluations: one row for each round of judging. */
import type { Id, Queryable, Tx } from '#kernel';

export interface EvaluationRow {
  run_id: Id<'run'>;
  step_name: string;
  round: number;
  head_sha: string;
  rework_sha: string | null;
  passed: boolean;
  score: number | null;
  output: string;
  judge_session_id: Id<'ses'> | null;
  judged_at: Date;
}

export async function lastEvaluation(
  queryable: Queryable,
  runId: string,
  stepName: string,
): Promise<EvaluationRow | undefined> {
  const rows = await queryable.query<EvaluationRow>(
    `select * from loom.evaluations where run_id = $1 and step_name = $2 order by round desc limit 1`,
    [runId, stepName],
  );
  return rows[0];
}

/** A second verdict of one round changes nothing: the first was acted upon. */
export async function insertEvaluation(
  tx: Tx,
  it: Omit<EvaluationRow, 'rework_sha' | 'judged_at'>,
): Promise<void> {
  await tx.query(
    `insert into loom.evaluations
       (run_id, step_name, round, head_sha, passed, score, output, judge_session_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing`,
    [
      it.run_id,
      it.step_name,
      it.round,
      it.head_sha,
      it.passed,
      it.score,
      it.output,
      it.judge_session_id,
    ],
  );
}

export async function recordRework(
  tx: Tx,
  it: Pick<EvaluationRow, 'run_id' | 'step_name' | 'round'>,
  headSha: string,
): Promise<void> {
  await tx.query(
    `update loom.evaluations set rework_sha = $4
     where run_id = $1 and step_name = $2 and round = $3`,
    [it.run_id, it.step_name, it.round, headSha],
  );
}
