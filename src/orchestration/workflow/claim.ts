/**
 * SQL of leases: who works on which step, and until when. None of these statements locks a run, so
 * all of them skip rows that somebody else has locked: they never wait, hence never deadlock with
 * statements that lock the run first. Only the database's clock is used.
 */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';
import type { Run, Step } from '../schema.ts';
import type { StepCondition } from '../service.ts';
import {
  type ClaimedStep,
  type Progress,
  REFERENCE_COLUMNS,
  type StepReference,
  type StepTerms,
} from './rows.ts';

/** When a step that is ready again may be claimed: of a paused run, not before it goes on. */
export const DUE_NOW = `case when s.is_held then 'infinity' else statement_timestamp() end`;

/** How many steps one sweep takes; the next one comes within a second. */
const SWEEP_LIMIT = 500;

export interface Holding {
  runId: Id<'run'>;
  name: string;
  fence: number;
}

/**
 * A setting of the transaction: how many steps a completion before the claim took over. It fills
 * hands of the worker that are counted as free when the statements are sent.
 */
export const TAKEN_STEPS = 'loom.taken_steps';

/** The read behind a claim; also explained by a test, to prove that parked runs cost it nothing. */
export const READY_STEPS = `select run_id, name from loom.steps
  where state = 'ready' and due_at <= statement_timestamp() and kind = any($1)
  order by due_at
  limit greatest(0, $2 - coalesce(nullif(current_setting('${TAKEN_STEPS}', true), ''), '0')::int)
  for update skip locked`;

/** What a handler may ask about the run of its step; `r` is the alias of loom.runs. */
export const RUN_OF_CLAIM = `r.workflow, r.graph_hash, r.definition_source, r.state as run_state,
  r.change_id, r.work_item_id, r.repository, r.title, r.input, r.correlation_id,
  r.created_at as run_created_at, r.ended_at as run_ended_at, r.deadline_at, r.undo_of, r.undone_by`;

const CLAIM = `
  with ready as (${READY_STEPS}), claimed as (
    update loom.steps s
    set state = 'running', worker = $3, attempt = s.attempt + 1, fence = s.fence + 1,
        lease_until = statement_timestamp() + $4 * interval '1 millisecond',
        started_at = coalesce(s.started_at, statement_timestamp())
    from ready where s.run_id = ready.run_id and s.name = ready.name
    returning s.*
  )
  select s.*, g.name as signal_name, g.body as signal_body, ${RUN_OF_CLAIM},
    (select jsonb_object_agg(n.name, n.output) from loom.steps n
     where n.run_id = s.run_id and n.name = any(s.needs) and n.state = 'done') as inputs
  from claimed s join loom.runs r on r.id = s.run_id
  left join loom.run_signals g on g.number = s.signal_number
  order by s.due_at, s.position`;

export interface ClaimRow {
  run_id: Id<'run'>;
  name: string;
  id: Id<'stp'>;
  kind: Step['kind'];
  state: Step['state'];
  needs: string[];
  next: string[];
  origin: string;
  options: JsonObject;
  condition: StepCondition | null;
  terms: StepTerms | null;
  progress: Progress | null;
  limit_key: string | null;
  redo: number;
  attempt: number;
  max_attempts: number;
  backoff_ms: number;
  timeout_ms: number | null;
  fence: number;
  worker: string;
  due_at: Date;
  wake: 'timer' | 'signal' | null;
  cause: Id<'evt'> | null;
  output: JsonObject | null;
  message: string | null;
  started_at: Date;
  ended_at: Date | null;
  signal_name: string | null;
  signal_body: JsonObject | null;
  workflow: string;
  graph_hash: string;
  definition_source: string;
  run_state: Run['state'];
  change_id: Id<'chg'> | null;
  work_item_id: Id<'wrk'> | null;
  repository: string | null;
  title: string;
  input: JsonObject;
  correlation_id: string;
  run_created_at: Date;
  run_ended_at: Date | null;
  deadline_at: Date | null;
  undo_of: Id<'run'> | null;
  undone_by: Id<'run'> | null;
  inputs: Record<string, JsonObject | null> | null;
}

/** Who takes steps, of which kinds, how many at most, and for how long. */
export interface Claim {
  worker: string;
  kinds: readonly string[];
  limit: number;
  leaseMs: number;
}

/**
 * Takes ready and due steps, up to the limit less what a completion in the same transaction took
 * over. They are given once the transaction is committed.
 */
export function claimStepsWithCommit(
  tx: Tx,
  { kinds, limit, worker, leaseMs }: Claim,
  onClaimed: (steps: ClaimedStep[]) => void,
): void {
  tx.withCommit<ClaimRow>(CLAIM, [kinds, limit, worker, leaseMs], 'workflow-claim', (rows) => {
    onClaimed(rows.map(toClaimedStep));
  });
}

export function toClaimedStep(row: ClaimRow): ClaimedStep {
  const inputs = Object.entries(row.inputs ?? {}).map(([name, output]) => [name, output ?? {}]);
  return {
    run: {
      id: row.run_id,
      workflow: row.workflow,
      graphHash: row.graph_hash,
      definitionSource: row.definition_source,
      state: row.run_state,
      changeId: row.change_id,
      workItemId: row.work_item_id,
      repository: row.repository,
      title: row.title,
      input: row.input,
      correlationId: row.correlation_id,
      createdAt: row.run_created_at,
      endedAt: row.run_ended_at,
      deadlineAt: row.deadline_at,
      undoOf: row.undo_of,
      undoneBy: row.undone_by,
      archivedAt: null,
    },
    step: {
      id: row.id,
      runId: row.run_id,
      name: row.name,
      kind: row.kind,
      state: row.state,
      needs: row.needs,
      origin: row.origin,
      with: row.options,
      attempt: row.attempt,
      maxAttempts: row.max_attempts,
      output: row.output,
      message: row.message,
      worker: row.worker,
      dueAt: row.due_at,
      startedAt: row.started_at,
      endedAt: row.ended_at,
    },
    fence: row.fence,
    backoffMs: row.backoff_ms,
    timeoutMs: row.timeout_ms,
    condition: row.condition,
    terms: row.terms,
    progress: row.progress,
    limitKey: row.limit_key,
    redo: row.redo,
    isLast: row.next.length === 0,
    inputs: Object.fromEntries(inputs) as Record<string, JsonObject>,
    cause: row.cause,
    wake: row.wake,
    signal:
      row.wake === 'signal' && row.signal_name !== null
        ? { name: row.signal_name, body: row.signal_body ?? {} }
        : null,
  };
}

/** Extends the worker's leases; gives those it no longer holds. */
export async function renewLeases(
  db: Queryable,
  worker: string,
  holdings: readonly Holding[],
  leaseMs: number,
): Promise<Holding[]> {
  return db.query<Holding>(
    `with item as (
       select * from jsonb_to_recordset($1::jsonb) as x("runId" text, name text, fence int)
     ), mine as (
       select s.run_id, s.name from item i
       join loom.steps s on s.run_id = i."runId" and s.name = i.name
       where s.state = 'running' and s.worker = $2 and s.fence = i.fence
       for update of s skip locked
     ), renewed as (
       update loom.steps s set lease_until = statement_timestamp() + $3 * interval '1 millisecond'
       from mine where s.run_id = mine.run_id and s.name = mine.name
     )
     select i."runId", i.name, i.fence from item i
     where not exists (
       select 1 from loom.steps s where s.run_id = i."runId" and s.name = i.name
         and s.state = 'running' and s.worker = $2 and s.fence = i.fence)`,
    [JSON.stringify(holdings), worker, leaseMs],
    'workflow-renew',
  );
}

/** Hands unfinished steps back at once, as if they had never been claimed. */
export async function releaseSteps(
  tx: Tx,
  worker: string,
  holdings: readonly Holding[],
): Promise<number> {
  const rows = await tx.query(
    `with mine as (
       select s.run_id, s.name
       from jsonb_to_recordset($1::jsonb) as i("runId" text, name text, fence int)
       join loom.steps s on s.run_id = i."runId" and s.name = i.name
       where s.state = 'running' and s.worker = $2 and s.fence = i.fence
       for update of s skip locked
     )
     update loom.steps s
     set state = 'ready', lease_until = null, attempt = greatest(s.attempt - 1, 0),
         due_at = ${DUE_NOW}
     from mine where s.run_id = mine.run_id and s.name = mine.name
     returning s.name`,
    [JSON.stringify(holdings), worker],
  );
  return rows.length;
}

/**
 * Makes steps ready again whose worker let its lease run out. That costs no attempt: a killed node
 * says nothing about the step. Only a step that keeps losing its workers is left to `findPoisoned`.
 */
export async function reclaimLost(
  tx: Tx,
  maxLostLeases: number,
): Promise<
  (StepReference & { worker: string | null; startedAt: Date | null; lostLeases: number })[]
> {
  return tx.query(
    `with lost as (
       select run_id, name from loom.steps
       where state = 'running' and lease_until < statement_timestamp() and lost_leases < $1
       order by lease_until limit ${SWEEP_LIMIT} for update skip locked
     ), freed as (
       update loom.steps s
       set state = 'ready', due_at = ${DUE_NOW}, lease_until = null,
           attempt = greatest(s.attempt - 1, 0), lost_leases = s.lost_leases + 1
       from lost where s.run_id = lost.run_id and s.name = lost.name
       returning s.*
     )
     select ${REFERENCE_COLUMNS}, s.worker, s.started_at as "startedAt",
       s.lost_leases as "lostLeases"
     from freed s join loom.runs r on r.id = s.run_id`,
    [maxLostLeases],
  );
}

/** Steps whose workers died again and again: they may be what kills them. */
export async function findPoisoned(
  db: Queryable,
  maxLostLeases: number,
): Promise<(StepReference & { worker: string; fence: number; attempt: number })[]> {
  return db.query(
    `select ${REFERENCE_COLUMNS}, s.worker, s.fence, s.attempt
     from loom.steps s join loom.runs r on r.id = s.run_id
     where s.state = 'running' and s.lease_until < statement_timestamp() and s.lost_leases >= $1
     limit ${SWEEP_LIMIT}`,
    [maxLostLeases],
  );
}

/** Wakes parked steps whose time has come. */
export async function wakeTimers(
  tx: Tx,
): Promise<(StepReference & { waitingOn: string | null })[]> {
  return tx.query(
    `with due as (
       select run_id, name from loom.steps
       where state = 'waiting' and due_at is not null and due_at <= statement_timestamp()
         and not is_held
       order by due_at limit ${SWEEP_LIMIT} for update skip locked
     ), woken as (
       update loom.steps s set state = 'ready', wake = 'timer', signal_number = null
       from due where s.run_id = due.run_id and s.name = due.name
       returning s.*
     )
     select ${REFERENCE_COLUMNS}, s.waiting_on as "waitingOn"
     from woken s join loom.runs r on r.id = s.run_id`,
  );
}
