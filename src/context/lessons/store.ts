/** SQL of lessons, of their use, and of what came of the changes they were told for. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Lesson } from './schema.ts';

/** A lesson as packs need it. */
export interface ServedLesson {
  id: string;
  text: string;
  paths: string[];
  actorId: string;
  createdAt: Date;
  decidedAt: Date | null;
}

export type NewLesson = Omit<
  Lesson,
  'repository' | 'sightings' | 'state' | 'decidedBy' | 'decidedAt' | 'decisionReason' | 'use'
> & { repositoryId: string; dedupeKey: string };

/** Adds a candidate; the same learnt again is counted. */
export async function insertLesson(
  tx: Tx,
  lesson: NewLesson,
): Promise<{ id: Id<'evt'>; isNew: boolean }> {
  const [row] = await tx.query<{ id: Id<'evt'>; is_new: boolean }>(
    `insert into lessons
       (id, repository_id, text, paths, origin, session_id, actor_id, evidence, dedupe_key, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9, $10)
     on conflict (repository_id, dedupe_key) do update set sightings = lessons.sightings + 1
     returning id, (xmax = 0) as is_new`,
    [
      lesson.id,
      lesson.repositoryId,
      lesson.text,
      lesson.paths,
      lesson.origin,
      lesson.sessionId,
      lesson.actorId,
      JSON.stringify(lesson.evidence),
      lesson.dedupeKey,
      lesson.createdAt,
    ],
  );
  return { id: row!.id, isNew: row!.is_new };
}

/** Those that may be told: approved by a person. */
export async function readServedLessons(
  db: Queryable,
  repositoryId: string,
): Promise<ServedLesson[]> {
  const rows = await db.query<{
    id: string;
    text: string;
    paths: string[];
    actor_id: string;
    created_at: Date;
    decided_at: Date | null;
  }>(
    `select id, text, paths, actor_id, created_at, decided_at from lessons
     where repository_id = $1 and state = 'approved' order by created_at desc limit 500`,
    [repositoryId],
    'context_lessons',
  );
  return rows.map((row) => ({
    id: row.id,
    text: row.text,
    paths: row.paths,
    actorId: row.actor_id,
    createdAt: row.created_at,
    decidedAt: row.decided_at,
  }));
}

interface LessonRow {
  id: Id<'evt'>;
  repository: string;
  text: string;
  paths: string[];
  state: Lesson['state'];
  origin: Lesson['origin'];
  session_id: Id<'ses'> | null;
  actor_id: string;
  evidence: Lesson['evidence'];
  sightings: number;
  decided_by: string | null;
  decided_at: Date | null;
  decision_reason: string;
  created_at: Date;
  sessions: number;
  accepted: number;
  rejected: number;
  reworked: number;
  last_used_at: Date | null;
}

const SELECT_LESSONS = `
  select l.id, r.name as repository, l.text, l.paths, l.state, l.origin, l.session_id, l.actor_id, l.evidence,
    l.sightings, l.decided_by, l.decided_at, l.decision_reason, l.created_at,
    coalesce(u.sessions, 0) as sessions, coalesce(u.accepted, 0) as accepted,
    coalesce(u.rejected, 0) as rejected, coalesce(u.reworked, 0) as reworked, u.last_used_at
  from lessons l
  join repositories r on r.id = l.repository_id and r.removed_at is null
  left join lateral (
    select count(distinct used.session_id)::int as sessions, max(used.used_at) as last_used_at,
      count(*) filter (where o.outcome = 'accepted')::int as accepted,
      count(*) filter (where o.outcome = 'rejected')::int as rejected,
      count(*) filter (where o.outcome = 'reworked')::int as reworked
    from lesson_uses used
    left join change_outcomes o on o.session_id = used.session_id and o.repository = r.name
    where used.lesson_id = l.id
  ) u on true`;

function toLesson(row: LessonRow): Lesson {
  return {
    id: row.id,
    repository: row.repository,
    text: row.text,
    paths: row.paths,
    state: row.state,
    origin: row.origin,
    sessionId: row.session_id,
    actorId: row.actor_id,
    evidence: row.evidence,
    sightings: row.sightings,
    decidedBy: row.decided_by,
    decidedAt: row.decided_at,
    decisionReason: row.decision_reason,
    createdAt: row.created_at,
    use: {
      sessions: row.sessions,
      accepted: row.accepted,
      rejected: row.rejected,
      reworked: row.reworked,
      lastUsedAt: row.last_used_at,
    },
  };
}

export async function listLessonRows(
  db: Queryable,
  filter: {
    repositoryId: string | undefined;
    state: Lesson['state'] | undefined;
    after: { createdAt: string; id: string } | undefined;
    limit: number;
  },
): Promise<Lesson[]> {
  const rows = await db.query<LessonRow>(
    `${SELECT_LESSONS}
     where ($1::text is null or l.repository_id = $1) and ($2::text is null or l.state = $2)
       and ($3::timestamptz is null or (l.created_at, l.id) < ($3, $4))
     order by l.created_at desc, l.id desc limit $5`,
    [
      filter.repositoryId ?? null,
      filter.state ?? null,
      filter.after?.createdAt ?? null,
      filter.after?.id ?? '',
      filter.limit,
    ],
  );
  return rows.map(toLesson);
}

export async function findLessonRow(db: Queryable, id: string): Promise<Lesson | undefined> {
  const [row] = await db.query<LessonRow>(`${SELECT_LESSONS} where l.id = $1`, [id]);
  return row === undefined ? undefined : toLesson(row);
}

/** Moves a lesson on, if it still is in one of the states; false when somebody was faster. */
export async function decideLessonRow(
  tx: Tx,
  id: string,
  from: readonly Lesson['state'][],
  to: {
    state: Lesson['state'];
    text?: string | undefined;
    paths?: readonly string[] | undefined;
    by: string;
    at: Date;
    reason: string;
  },
): Promise<boolean> {
  const rows = await tx.query(
    `update lessons set state = $3, text = coalesce($4, text), paths = coalesce($5, paths),
       decided_by = $6, decided_at = $7, decision_reason = $8
     where id = $1 and state = any($2) returning id`,
    [id, from, to.state, to.text ?? null, to.paths ?? null, to.by, to.at, to.reason],
  );
  return rows.length > 0;
}

export async function insertUses(
  tx: Tx,
  use: { lessonIds: readonly string[]; sessionId: string; packId: string; at: Date },
): Promise<void> {
  if (use.lessonIds.length === 0) return;
  await tx.query(
    `insert into lesson_uses (lesson_id, session_id, pack_id, used_at)
     select id, $2, $3, $4 from lessons where id = any($1) on conflict do nothing`,
    [use.lessonIds, use.sessionId, use.packId, use.at],
  );
}
