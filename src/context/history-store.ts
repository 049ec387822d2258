/** SQL of history: what changed together, by whom, and when. */
import type { Queryable } from '#kernel';

export interface Companion {
  fileNumber: number;
  score: number;
  together: number;
  lastAt: Date;
  lastSha: string;
}

/** What changed in the same commits: recent ones count more, wide ones less. Half-life one year. */
export async function readCompanions(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
  now: Date,
): Promise<Companion[]> {
  const rows = await db.query<{
    file_number: number;
    score: number;
    together: number;
    last_at: Date;
    last_sha: string;
  }>(
    `with commit_set as (
       select distinct c.position, c.sha, c.committed_at,
         power(0.5::float8, greatest(0, least(1000, extract(epoch from $3::timestamptz - c.committed_at)::float8 / 31536000)))
           / ln(1 + c.file_count::float8) as weight
       from commit_files t join commits c using (repository_id, position)
       where t.repository_id = $1 and t.file_number = any($2) and c.file_count between 2 and 40
     )
     select other.file_number, sum(s.weight) as score, count(*)::int as together,
       max(s.committed_at) as last_at, (array_agg(s.sha order by s.position desc))[1] as last_sha
     from commit_set s
     join commit_files other on other.repository_id = $1 and other.position = s.position
     join files f on f.repository_id = $1 and f.number = other.file_number
     where other.file_number <> all($2) and f.is_alive and f.class <> 'generated'
     group by other.file_number
     having count(*) > 1
     order by score desc limit 12`,
    [repositoryId, numbers, now],
    'context_companions',
  );
  return rows.map((row) => ({
    fileNumber: row.file_number,
    score: row.score,
    together: row.together,
    lastAt: row.last_at,
    lastSha: row.last_sha,
  }));
}

/** The newest commits of some files. */
export async function readRecentCommits(
  db: Queryable,
  repositoryId: string,
  filter: { path: string } | { author: string },
  limit: number,
): Promise<{ sha: string; subject: string; authorName: string; committedAt: Date }[]> {
  const isPath = 'path' in filter;
  const rows = await db.query<{
    sha: string;
    subject: string;
    author_name: string;
    committed_at: Date;
  }>(
    isPath
      ? `select c.sha, c.subject, c.author_name, c.committed_at from files f
         join commit_files t on t.repository_id = f.repository_id and t.file_number = f.number
         join commits c on c.repository_id = f.repository_id and c.position = t.position
         where f.repository_id = $1 and f.path = $2 and f.is_alive order by c.position desc limit $3`
      : `select sha, subject, author_name, committed_at from commits
         where repository_id = $1 and author_name = $2 order by position desc limit $3`,
    [repositoryId, isPath ? filter.path : filter.author, limit],
  );
  return rows.map((row) => ({
    sha: row.sha,
    subject: row.subject,
    authorName: row.author_name,
    committedAt: row.committed_at,
  }));
}

/** The newest commits that touched some of the files; sweeping ones say nothing about any of them. */
export async function readNewestTouches(
  db: Queryable,
  repositoryId: string,
  numbers: readonly number[],
  since: Date,
  limit: number,
): Promise<
  {
    sha: string;
    subject: string;
    authorName: string;
    committedAt: Date;
    fileNumbers: number[];
  }[]
> {
  const rows = await db.query<{
    sha: string;
    subject: string;
    author_name: string;
    committed_at: Date;
    numbers: number[];
  }>(
    `select c.sha, c.subject, c.author_name, c.committed_at, array_agg(t.file_number) as numbers
     from commit_files t join commits c using (repository_id, position)
     where t.repository_id = $1 and t.file_number = any($2) and c.committed_at >= $3
       and c.file_count <= 60 and not c.is_robot
     group by c.position, c.sha, c.subject, c.author_name, c.committed_at
     order by c.position desc limit $4`,
    [repositoryId, numbers, since, limit],
    'context_newest_touches',
  );
  return rows.map((row) => ({
    sha: row.sha,
    subject: row.subject,
    authorName: row.author_name,
    committedAt: row.committed_at,
    fileNumbers: row.numbers,
  }));
}

/** One commit by its id. */
export async function findCommit(
  db: Queryable,
  repositoryId: string,
  sha: string,
): Promise<{ subject: string; body: string; paths: string[] } | undefined> {
  const [row] = await db.query<{ subject: string; body: string; paths: string[] }>(
    `select c.subject, c.body, array(
       select t.path from commit_files t
       where t.repository_id = c.repository_id and t.position = c.position order by t.path limit 100
     ) as paths
     from commits c where c.repository_id = $1 and c.sha = $2`,
    [repositoryId, sha],
  );
  return row;
}
