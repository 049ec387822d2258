/** SQL of assignments and packages. */
import type { Id, Queryable, Tx } from '#kernel';
import type { Assignment, PlanStep } from './schema.ts';

export type AssignmentRow = Assignment & {
  number: number;
  plan: PlanStep[];
  place: number;
  ackWithinMs: number;
  maxOpen: number | null;
  correlationId: string;
};

const ASSIGNMENT = `a.id, a.number, a.change_id as "changeId", a.repository,
  (select title from loom.changes where id = a.change_id) as title, a.head_sha as "headSha",
  a.decision_id as "decisionId", a.slot, a.sources, a.person_id as "personId",
  (select name from loom.people where id = a.person_id) as "personName",
  a.stands_in_for as "standsInFor", a.via, a.reasons, a.plan, a.place, a.state,
  a.package_sha256 as "packageSha256", a.ack_within_ms::float8 as "ackWithinMs",
  a.max_open as "maxOpen", a.due_at as "dueAt", a.decision, a.ended_why as "endedWhy",
  a.correlation_id as "correlationId", a.created_at as "createdAt",
  a.acknowledged_at as "acknowledgedAt", a.ended_at as "endedAt"`;
const IS_OPEN = `a.state in ('open', 'acknowledged')`;

export type NewAssignment = Pick<
  AssignmentRow,
  | 'id'
  | 'changeId'
  | 'repository'
  | 'headSha'
  | 'decisionId'
  | 'slot'
  | 'sources'
  | 'personId'
  | 'standsInFor'
  | 'via'
  | 'reasons'
  | 'plan'
  | 'place'
  | 'packageSha256'
  | 'ackWithinMs'
  | 'maxOpen'
  | 'correlationId'
> & { createdAt: Date; dueAt: Date };

/** People are named one after the other, so that nobody gets more than the leader's limit. */
export async function lockNaming(tx: Tx): Promise<void> {
  await tx.query(`select pg_advisory_xact_lock(hashtext('loom.assignments'))`);
}

/** False when the seat is taken, or the person is asked for another seat of the change. */
export async function insertAssignment(tx: Tx, assignment: NewAssignment): Promise<boolean> {
  const rows = await tx.query(
    `insert into loom.assignments (id, change_id, repository, head_sha, decision_id, slot, sources,
       person_id, stands_in_for, via, reasons, plan, place, state, package_sha256, ack_within_ms,
       max_open, due_at, correlation_id, created_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'open', $14, $15, $16, $17, $18, $19)
     on conflict do nothing returning id`,
    [
      assignment.id,
      assignment.changeId,
      assignment.repository,
      assignment.headSha,
      assignment.decisionId,
      assignment.slot,
      assignment.sources,
      assignment.personId,
      assignment.standsInFor,
      assignment.via,
      assignment.reasons,
      JSON.stringify(assignment.plan),
      assignment.place,
      assignment.packageSha256,
      assignment.ackWithinMs,
      assignment.maxOpen,
      assignment.dueAt,
      assignment.correlationId,
      assignment.createdAt,
    ],
  );
  return rows.length > 0;
}

export async function savePackage(
  tx: Tx,
  kept: { sha256: string; body: string },
  now: Date,
): Promise<void> {
  await tx.query(
    `insert into loom.escalation_packages (sha256, body, created_at) values ($1, $2, $3)
     on conflict (sha256) do nothing`,
    [kept.sha256, kept.body, now],
  );
}

export async function selectPackage(
  queryable: Queryable,
  sha256: string,
): Promise<string | undefined> {
  const rows = await queryable.query<{ body: string }>(
    'select body from loom.escalation_packages where sha256 = $1',
    [sha256],
  );
  return rows[0]?.body;
}

export async function selectAssignment(
  queryable: Queryable,
  id: Id<'esc'>,
  options: { forUpdate?: boolean } = {},
): Promise<AssignmentRow | undefined> {
  const lock = options.forUpdate === true ? ' for update of a' : '';
  const rows = await queryable.query<AssignmentRow>(
    `select ${ASSIGNMENT} from loom.assignments a where a.id = $1${lock}`,
    [id],
  );
  return rows[0];
}

/** Oldest first. */
export async function selectOfChange(
  queryable: Queryable,
  changeId: Id<'chg'>,
  options: { openOnly?: boolean; forUpdate?: boolean } = {},
): Promise<AssignmentRow[]> {
  const open = options.openOnly === true ? ` and ${IS_OPEN}` : '';
  const lock = options.forUpdate === true ? ' for update of a' : '';
  return queryable.query<AssignmentRow>(
    `select ${ASSIGNMENT} from loom.assignments a where a.change_id = $1${open}
     order by a.number limit 200${lock}`,
    [changeId],
  );
}

/** Newest first. Open ones of changes that have moved on are left out. */
export async function selectInbox(
  queryable: Queryable,
  filter: {
    personId: string | null;
    isOpen: boolean | null;
    before: number;
    limit: number;
  },
): Promise<AssignmentRow[]> {
  return queryable.query<AssignmentRow>(
    `select ${ASSIGNMENT} from loom.assignments a join loom.changes c on c.id = a.change_id
     where ($1::text is null or a.person_id = $1) and a.number < $2
       and ($3::boolean is null or $3 = (${IS_OPEN} and c.state = 'open' and c.head_sha = a.head_sha))
     order by a.number desc limit $4`,
    [filter.personId, filter.before, filter.isOpen, filter.limit],
  );
}

/** One whose time is up, for this transaction alone: two nodes never hand over the same one. */
export async function takeOverdue(tx: Tx, now: Date): Promise<AssignmentRow | undefined> {
  const rows = await tx.query<AssignmentRow>(
    `select ${ASSIGNMENT} from loom.assignments a where ${IS_OPEN} and a.due_at <= $1
     order by a.due_at limit 1 for update of a skip locked`,
    [now],
  );
  return rows[0];
}

/** Open ones whose change is over or has another head. */
export async function takeStale(tx: Tx, limit: number): Promise<AssignmentRow[]> {
  return tx.query<AssignmentRow>(
    `select ${ASSIGNMENT} from loom.assignments a join loom.changes c on c.id = a.change_id
     where ${IS_OPEN} and (c.state <> 'open' or c.head_sha <> a.head_sha)
     order by a.number limit $1 for update of a skip locked`,
    [limit],
  );
}

export async function acknowledge(
  tx: Tx,
  id: Id<'esc'>,
  now: Date,
  dueAt: Date | null,
): Promise<void> {
  await tx.query(
    `update loom.assignments set state = 'acknowledged', acknowledged_at = $2, due_at = $3
     where id = $1`,
    [id, now, dueAt],
  );
}

export async function endAssignment(
  tx: Tx,
  id: Id<'esc'>,
  end: {
    state: 'decided' | 'handed-over' | 'closed';
    why: string;
    decision?: Assignment['decision'];
    now: Date;
  },
): Promise<void> {
  await tx.query(
    `update loom.assignments set state = $2, ended_why = $3, decision = $4, ended_at = $5, due_at = null
     where id = $1`,
    [id, end.state, end.why, end.decision ?? null, end.now],
  );
}

export async function strand(tx: Tx, id: Id<'esc'>): Promise<void> {
  await tx.query('update loom.assignments set due_at = null where id = $1', [id]);
}

/** The verdict changed while somebody was asked: what they are shown changes with it. */
export async function reissue(
  tx: Tx,
  id: Id<'esc'>,
  issue: { decisionId: string; packageSha256: string },
): Promise<void> {
  await tx.query(
    'update loom.assignments set decision_id = $2, package_sha256 = $3 where id = $1',
    [id, issue.decisionId, issue.packageSha256],
  );
}

/** What each person has open, of changes that still need it. */
export async function countOpen(queryable: Queryable): Promise<Map<string, number>> {
  const rows = await queryable.query<{ person: string; open: number }>(
    `select a.person_id as person, count(*)::int as open
     from loom.assignments a join loom.changes c on c.id = a.change_id
     where ${IS_OPEN} and c.state = 'open' and c.head_sha = a.head_sha group by a.person_id`,
  );
  return new Map(rows.map(({ person, open }) => [person, open]));
}

/** First suggestions since a moment, by person. */
export async function countFirst(queryable: Queryable, since: Date): Promise<Map<string, number>> {
  const rows = await queryable.query<{ person: string; asked: number }>(
    `select person_id as person, count(*)::int as asked from loom.assignments
     where place = 0 and created_at > $1 group by person_id`,
    [since],
  );
  return new Map(rows.map(({ person, asked }) => [person, asked]));
}

export function toAssignment(row: AssignmentRow): Assignment {
  const {
    number: _number,
    plan: _plan,
    place: _place,
    ackWithinMs: _ackWithinMs,
    maxOpen: _maxOpen,
    correlationId: _correlationId,
    ...assignment
  } = row;
  return assignment;
}
