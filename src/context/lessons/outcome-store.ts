/** SQL of what came of changes, and of what reviewers said about them. */
import type { Queryable, Tx } from '#kernel';

export type Outcome = 'accepted' | 'rejected' | 'reworked';

export async function noteChange(
  tx: Tx,
  change: { id: string; repository: string; sessionId: string | null },
): Promise<void> {
  await tx.query(
    `insert into change_outcomes (change_id, repository, session_id) values ($1, $2, $3)
     on conflict (change_id) do update set session_id = coalesce(excluded.session_id, change_outcomes.session_id)`,
    [change.id, change.repository, change.sessionId],
  );
}

export async function noteDecline(
  tx: Tx,
  changeId: string,
): Promise<{ repository: string } | undefined> {
  const [row] = await tx.query<{ repository: string }>(
    'update change_outcomes set declines = declines + 1 where change_id = $1 returning repository',
    [changeId],
  );
  return row;
}

/** Merged after a refusal is reworked, not accepted. */
export async function settleChange(
  tx: Tx,
  change: { id: string; how: 'merged' | 'closed'; mergeSha: string | null; at: Date },
): Promise<void> {
  await tx.query(
    `update change_outcomes set
       outcome = case when $2 = 'closed' then 'rejected' when declines > 0 then 'reworked' else 'accepted' end,
       merge_sha = coalesce($3, merge_sha), settled_at = $4
     where change_id = $1`,
    [change.id, change.how, change.mergeSha, change.at],
  );
}

/** A merged change that was reverted later was no success after all. */
export async function settleReverted(
  tx: Tx,
  repository: string,
  shas: readonly string[],
): Promise<void> {
  await tx.query(
    `update change_outcomes set outcome = 'rejected' where repository = $1 and merge_sha = any($2)`,
    [repository, shas],
  );
}

export interface Tally {
  settled: number;
  /** Rejected or reworked. */
  failed: number;
}

/** Per told lesson of the sessions, and for all settled changes of agents in its repository. */
export async function readTallies(
  db: Queryable,
  changeIds: readonly string[],
): Promise<{ lessonId: string; own: Tally; all: Tally }[]> {
  const rows = await db.query<{
    lesson_id: string;
    settled: number;
    failed: number;
    all_settled: number;
    all_failed: number;
  }>(
    `with touched as (
       select distinct u.lesson_id from change_outcomes o join lesson_uses u using (session_id)
       join lessons l on l.id = u.lesson_id and l.state = 'approved'
       where o.change_id = any($1)
     )
     select t.lesson_id,
       count(o.outcome)::int as settled,
       count(*) filter (where o.outcome in ('rejected', 'reworked'))::int as failed,
       (select count(*)::int from change_outcomes a
        where a.repository = r.name and a.session_id is not null and a.outcome is not null) as all_settled,
       (select count(*)::int from change_outcomes a
        where a.repository = r.name and a.session_id is not null
          and a.outcome in ('rejected', 'reworked')) as all_failed
     from touched t
     join lessons l on l.id = t.lesson_id
     join repositories r on r.id = l.repository_id
     join lesson_uses u on u.lesson_id = t.lesson_id
     join change_outcomes o on o.session_id = u.session_id and o.repository = r.name
     group by t.lesson_id, r.name`,
    [changeIds],
  );
  return rows.map((row) => ({
    lessonId: row.lesson_id,
    own: { settled: row.settled, failed: row.failed },
    all: { settled: row.all_settled, failed: row.all_failed },
  }));
}

export interface Remark {
  id: string;
  changeId: string;
  author: string;
  path: string | null;
  text: string;
  saidAt: Date;
}

/** Adds remarks of reviewers; known ones stay as they are. */
export async function insertRemarks(
  tx: Tx,
  repositoryId: string,
  remarks: readonly Remark[],
): Promise<void> {
  for (const remark of remarks) {
    await tx.query(
      `insert into review_remarks (id, repository_id, change_id, author, path, text, said_at)
       values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
      [
        remark.id,
        repositoryId,
        remark.changeId,
        remark.author,
        remark.path,
        remark.text,
        remark.saidAt,
      ],
    );
  }
}

export async function readRemarks(
  db: Queryable,
  repositoryId: string,
  limit: number,
): Promise<Remark[]> {
  const rows = await db.query<{
    id: string;
    change_id: string;
    author: string;
    path: string | null;
    text: string;
    said_at: Date;
  }>(
    `select id, change_id, author, path, text, said_at from review_remarks
     where repository_id = $1 order by said_at desc, id limit $2`,
    [repositoryId, limit],
  );
  return rows.map((row) => ({
    id: row.id,
    changeId: row.change_id,
    author: row.author,
    path: row.path,
    text: row.text,
    saidAt: row.said_at,
  }));
}

/** Commits whose message says that they revert something, newest first. */
export async function readReverts(
  db: Queryable,
  repositoryId: string,
  since: Date,
  limit: number,
): Promise<{ sha: string; subject: string; body: string; committedAt: Date; paths: string[] }[]> {
  const rows = await db.query<{
    sha: string;
    subject: string;
    body: string;
    committed_at: Date;
    paths: string[];
  }>(
    `select c.sha, c.subject, c.body, c.committed_at, array(
       select t.path from commit_files t
       where t.repository_id = c.repository_id and t.position = c.position order by t.path limit 20
     ) as paths
     from commits c
     where c.repository_id = $1 and c.committed_at >= $2 and not c.is_robot and c.subject ~* '^(revert|back ?out)\\y'
     order by c.position desc limit $3`,
    [repositoryId, since, limit],
  );
  return rows.map((row) => ({
    sha: row.sha,
    subject: row.subject,
    body: row.body,
    committedAt: row.committed_at,
    paths: row.paths,
  }));
}
