/**
 * SQL of what becomes of claimed steps. Callers lock the runs first (`lockRuns`); every statement is
 * fenced by worker and claim, so a worker that lost its lease changes nothing.
 */
import type { Id, JsonObject, Tx } from '#kernel';
import { COUNTED_EVENTS } from '#ledger';
import {
  type Claim,
  type ClaimRow,
  DUE_NOW,
  RUN_OF_CLAIM,
  TAKEN_STEPS,
  toClaimedStep,
} from './claim.ts';
import type { UndoTerms } from '../workflow-graph.ts';
import type { ClaimedStep } from './rows.ts';

/**
 * Locks runs in the order of their ids: the one order every statement of the engine follows. It also
 * turns full scans off for this transaction: a plan made while the tables were new and small is kept
 * by its connection, and would read all steps for each turn once they have grown.
 */
export async function lockRuns(tx: Tx, runIds: readonly Id<'run'>[]): Promise<void> {
  await tx.query(LOCK_RUNS, [[...new Set(runIds)]], 'workflow-lock-runs');
}

const LOCK_RUNS = `
  with planner as materialized (select set_config('enable_seqscan', 'off', true))
  select r.id from loom.runs r, planner where r.id = any($1) order by r.id for update of r`;

export interface Completion {
  runId: Id<'run'>;
  name: string;
  fence: number;
  state: 'done' | 'skipped';
  output: JsonObject;
  message: string | null;
  /** The event that tells of it: the cause of whatever it makes ready. */
  event: Id<'evt'>;
  /** The event that tells of the end of the run, if that is what it comes to. */
  endEvent: Id<'evt'> | null;
}

export interface Completed {
  /** Events of the steps that counted. */
  events: ReadonlySet<Id<'evt'>>;
  /** Steps that became ready and are in this worker's hands already. */
  taken: ClaimedStep[];
  /** How many became ready and are still free. */
  opened: number;
  /** Whether a step has come to the gate of its limit. */
  isGateReached: boolean;
}

interface CompletedRow extends ClaimRow {
  settled_event: Id<'evt'> | null;
  opened: number;
  at_gate: boolean | null;
}

/**
 * Many steps of many runs at once: they are done, successors lose a predecessor, runs without open
 * steps end. The worker takes over what it made ready itself, as far as it has hands: that spares
 * each of those steps a write and a claim, and runs under way end before new ones begin.
 *
 * The runs are locked, so no blocked step of theirs can change between the reads and the writes.
 * What counted is left in settings of the transaction, for statements that are sent along with this
 * one: which events may be appended (of runs that end, one), and how many steps were taken over.
 */
export async function completeSteps(
  tx: Tx,
  completions: readonly Completion[],
  claim: Claim,
): Promise<Completed> {
  return toCompleted(
    await tx.query<CompletedRow>(COMPLETE, completeValues(completions, claim), 'workflow-complete'),
  );
}

/** Locks the runs and completes the steps, sent with the commit: nothing waits for the answer. */
export function completeStepsWithCommit(
  tx: Tx,
  completions: readonly Completion[],
  claim: Claim,
  onCompleted: (completed: Completed) => void,
): void {
  const runIds = new Set(completions.map(({ runId }) => runId));
  tx.withCommit(LOCK_RUNS, [[...runIds]], 'workflow-lock-runs');
  const values = completeValues(completions, claim);
  tx.withCommit<CompletedRow>(COMPLETE, values, 'workflow-complete', (rows) => {
    onCompleted(toCompleted(rows));
  });
}

function completeValues(completions: readonly Completion[], claim: Claim): unknown[] {
  const items = completions.map((each, place) => Object.assign({ place }, each));
  return [JSON.stringify(items), claim.worker, claim.kinds, claim.limit, claim.leaseMs];
}

function toCompleted(rows: readonly CompletedRow[]): Completed {
  const taken: ClaimedStep[] = [];
  const events = new Set<Id<'evt'>>();
  for (const row of rows) {
    if (row.settled_event === null) taken.push(toClaimedStep(row));
    else events.add(row.settled_event);
  }
  const [first] = rows;
  return { events, taken, opened: first?.opened ?? 0, isGateReached: first?.at_gate ?? false };
}

const COMPLETE = `
  with item as materialized (
    select * from jsonb_to_recordset($1::jsonb) as x(
      place int, "runId" text, name text, fence int, state text, output jsonb, message text,
      event text, "endEvent" text)
  ), settled as (
    update loom.steps s
    set state = i.state, output = i.output, message = i.message, lease_until = null,
        due_at = null, waiting_on = null, wake = null, signal_number = null,
        ended_at = statement_timestamp()
    from item i
    -- Said so that no plan reads the index of what is running: until its next vacuum that holds every
    -- lease there has been, and each of these rows has a key.
    where s.run_id = i."runId" and s.name = i.name and coalesce(s.state = 'running', false)
      and s.worker = $2 and s.fence = i.fence
    returning s.run_id, s.name, s.next, i.event, i."endEvent" as end_event, i.place
  ), met as (
    select d.run_id, n.name, count(*)::int as count, max(d.event) as event
    from settled d cross join unnest(d.next) as n(name) group by d.run_id, n.name
  ), reached as (
    select m.*, s.unmet = m.count as is_ready, s.unmet = m.count and s.kind = any($3) as is_ours,
      row_number() over (order by s.unmet = m.count and s.kind = any($3) desc) as place
    from met m join loom.steps s on s.run_id = m.run_id and s.name = m.name
  ), moved as (
    update loom.steps s
    set unmet = s.unmet - m.count,
        state = case when not m.is_ready then s.state
                     when m.is_ours and m.place <= $4 then 'running' else 'ready' end,
        due_at = case when m.is_ready then statement_timestamp() else s.due_at end,
        cause = m.event,
        worker = case when m.is_ours and m.place <= $4 then $2 else s.worker end,
        attempt = s.attempt + (m.is_ours and m.place <= $4)::int,
        fence = s.fence + (m.is_ours and m.place <= $4)::int,
        lease_until = case when m.is_ours and m.place <= $4
          then statement_timestamp() + $5 * interval '1 millisecond' end,
        started_at = case when m.is_ours and m.place <= $4 then statement_timestamp() end
    from reached m where s.run_id = m.run_id and s.name = m.name and s.state = 'blocked'
    returning s.*
  ), finished as (
    -- The last step of a run to end is one that nothing follows: only those need to look. This
    -- statement does not see its own updates, hence the comparison of counts.
    update loom.runs r set state = 'done', ended_at = statement_timestamp()
    from (select run_id, count(*) as count from settled group by run_id
          having bool_or(cardinality(next) = 0)) d
    where r.id = d.run_id and d.count = (
      select count(*) from loom.steps o
      where o.run_id = d.run_id and o.state not in ('done', 'skipped'))
    returning r.id
  ), taken as (
    -- What the steps gave that end in this very statement is not in the table for it.
    select s.*, null::text as signal_name, null::jsonb as signal_body, ${RUN_OF_CLAIM},
      (select jsonb_object_agg(n.name, coalesce(i.output, n.output))
       from loom.steps n left join item i on i."runId" = n.run_id and i.name = n.name
       where n.run_id = s.run_id and n.name = any(s.needs)
         and coalesce(i.state, n.state) = 'done') as inputs
    from moved s join loom.runs r on r.id = s.run_id
    where s.state = 'running'
  ), counted as (
    select event from settled
    union all
    (select distinct on (d.run_id) d.end_event from settled d join finished f on f.id = d.run_id
     where d.end_event is not null order by d.run_id, d.place desc)
  ), told as materialized (
    select
      set_config('${COUNTED_EVENTS}', (select string_agg(event, ',') from counted), true),
      set_config('${TAKEN_STEPS}', (select count(*)::text from taken), true),
      (select count(*)::int from moved where state = 'ready') as opened,
      (select bool_or(limit_key is not null and unmet = 1) from moved) as at_gate
  )
  select d.event as settled_event, told.opened, told.at_gate, t.*
  from settled d full join taken t on t.run_id = d.run_id and t.name = d.name cross join told`;

interface Fenced {
  runId: Id<'run'>;
  name: string;
  fence: number;
}

/** Puts a step to sleep, or keeps it ready when its signal came early. Undefined: fenced out. */
export async function parkStep(
  tx: Tx,
  worker: string,
  step: Fenced & { on: string; message: string; dueInMs: number | null; event: Id<'evt'> },
): Promise<{ isEarly: boolean } | undefined> {
  const [row] = await tx.query<{ isEarly: boolean }>(
    `with early as (
       select number from loom.run_signals
       where run_id = $1 and name = $5 and taken_at is null
         -- A paused run hears it when it goes on.
         and not exists (select from loom.steps where run_id = $1 and name = $2 and is_held)
       order by number limit 1
     ), parked as (
       update loom.steps s
       set state = case when e.number is null then 'waiting' else 'ready' end,
           wake = case when e.number is null then null else 'signal' end,
           signal_number = e.number, waiting_on = $5, message = $6,
           due_at = case when e.number is null
             then statement_timestamp() + $7::float8 * interval '1 millisecond'
             else statement_timestamp() end,
           cause = $8, attempt = 0, lost_leases = 0, lease_until = null
       from (select 1) as one left join early e on true
       where s.run_id = $1 and s.name = $2 and s.state = 'running' and s.worker = $3 and s.fence = $4
       returning s.signal_number
     ), taken as (
       update loom.run_signals g set taken_at = statement_timestamp()
       from parked p where g.number = p.signal_number
     )
     select signal_number is not null as "isEarly" from parked`,
    [step.runId, step.name, worker, step.fence, step.on, step.message, step.dueInMs, step.event],
    'workflow-park',
  );
  return row;
}

/** Puts a failed attempt back in line. False: fenced out. */
export async function retryStepLater(
  tx: Tx,
  worker: string,
  step: Fenced & { message: string; delayMs: number; event: Id<'evt'> },
): Promise<boolean> {
  const rows = await tx.query(
    `update loom.steps s
     set state = 'ready', message = $5, cause = $7, lease_until = null,
         due_at = ${DUE_NOW} + $6::float8 * interval '1 millisecond'
     where run_id = $1 and name = $2 and state = 'running' and worker = $3 and fence = $4
     returning name`,
    [step.runId, step.name, worker, step.fence, step.message, step.delayMs, step.event],
  );
  return rows.length === 1;
}

/** A begun step of a run that ends badly, and how it is undone. */
export interface ToUndo {
  name: string;
  state: string;
  output: JsonObject | null;
  origin: string;
  undo: UndoTerms;
}

export interface EndedRun {
  cancelledSteps: number;
  /** What is to be undone, in this order. */
  undo: ToUndo[];
}

/** The step has failed for good: so has its run, and its other open steps are cancelled. */
export async function failStep(
  tx: Tx,
  worker: string,
  step: Fenced & { message: string },
): Promise<EndedRun | undefined> {
  const failed = await tx.query(
    `update loom.steps
     set state = 'failed', message = $5, lease_until = null, due_at = null,
         ended_at = statement_timestamp()
     where run_id = $1 and name = $2 and state = 'running' and worker = $3 and fence = $4
     returning name`,
    [step.runId, step.name, worker, step.fence, step.message],
  );
  if (failed.length === 0) return undefined;
  return endRun(tx, step.runId, {
    state: 'failed',
    message: step.message,
    stepMessage: `Not done: step ${step.name} failed.`,
  });
}

/** Ends a run early: its open steps are cancelled. The run is locked already. */
export async function endRun(
  tx: Tx,
  runId: Id<'run'>,
  end: { state: 'failed' | 'cancelled'; message: string; stepMessage: string },
): Promise<EndedRun> {
  const [ended] = await tx.query<{ has_undo: boolean }>(
    `update loom.runs set state = $2, message = $3, ended_at = statement_timestamp()
     where id = $1 and state in ('running', 'paused') returning has_undo`,
    [runId, end.state, end.message],
  );
  const undo = ended?.has_undo === true ? await findBegunWithUndo(tx, runId) : [];
  const cancelled = await tx.query(
    `update loom.steps
     set state = 'cancelled', message = $2, lease_until = null, due_at = null, waiting_on = null,
         wake = null, signal_number = null, is_held = false, ended_at = statement_timestamp()
     where run_id = $1 and state in ('blocked', 'ready', 'running', 'waiting')
     returning name`,
    [runId, end.stepMessage],
  );
  return { cancelledSteps: cancelled.length, undo };
}

/** Latest first. What was at work when the run ended may have happened outside or not: it counts. */
function findBegunWithUndo(tx: Tx, runId: Id<'run'>): Promise<ToUndo[]> {
  return tx.query<ToUndo>(
    `select name, case when state in ('done', 'failed') then state else 'unknown' end as state,
       output, origin, terms->'undo' as undo
     from loom.steps
     where run_id = $1 and terms ? 'undo' and started_at is not null and state <> 'skipped'
     order by coalesce(ended_at, 'infinity') desc, position desc`,
    [runId],
  );
}
