/** SQL of lessons. */
import type { Queryable, Tx } from '#kernel';

export interface Lesson {
  id: string;
  text: string;
  paths: string[];
  actorId: string;
  createdAt: Date;
}

export async function insertLesson(
  tx: Tx,
  lesson: Lesson & { repositoryId: string; sessionId: string | undefined },
): Promise<void> {
  await tx.query(
    `insert into lessons (id, repository_id, text, paths, session_id, actor_id, created_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      lesson.id,
      lesson.repositoryId,
      lesson.text,
      lesson.paths,
      lesson.sessionId ?? null,
      lesson.actorId,
      lesson.createdAt,
    ],
  );
}

export async function readLessons(db: Queryable, repositoryId: string): Promise<Lesson[]> {
  const rows = await db.query<{
    id: string;
    text: string;
    paths: string[];
    actor_id: string;
    created_at: Date;
  }>(
    `select id, text, paths, actor_id, created_at from lessons
     where repository_id = $1 order by created_at desc limit 500`,
    [repositoryId],
  );
  return rows.map((row) => ({
    id: row.id,
    text: row.text,
    paths: row.paths,
    actorId: row.actor_id,
    createdAt: row.created_at,
  }));
}
