/** SQL of runs as a whole: made, read, signalled, taken up again. */
import type { Id, JsonObject, Queryable, Tx } from '#kernel';
import type { Actor } from '#ledger';
import type { Run, Step } from '../schema.ts';
import { REFERENCE_COLUMNS, HOT_RUN_COLUMNS, STEP_COLUMNS, type StepReference } from './rows.ts';

export interface NewRun extends Omit<
  Run,
  'state' | 'createdAt' | 'endedAt' | 'deadlineAt' | 'undoneBy' | 'archivedAt'
> {
  /** Steps of its graph as JSON, in order; equal graphs have one text. */
  graph: string;
  /** One for each step, in the same order. */
  stepIds: Id<'stp'>[];
  /** The event that starts it. */
  cause: Id<'evt'>;
  hasUndo: boolean;
  timeoutMs: number | null;
}

const START = `
  with new_run as materialized (
    select * from jsonb_to_record($1::jsonb) as x(id text, workflow text, "graphHash" text,
      "definitionSource" text, title text, input jsonb, "changeId" text, "workItemId" text,
      repository text, "correlationId" text, cause text, "stepIds" text[],
      "hasUndo" boolean, "undoOf" text, "timeoutMs" float8)
  ), r as (
    insert into loom.runs (id, workflow, graph_hash, definition_source, title, input,
      change_id, work_item_id, repository, correlation_id, has_undo, undo_of, deadline_at)
    select id, workflow, "graphHash", "definitionSource", title, input, "changeId", "workItemId",
      repository, "correlationId", "hasUndo", "undoOf",
      statement_timestamp() + "timeoutMs" * interval '1 millisecond' from new_run
    returning *
  ), s as (
    insert into loom.steps (run_id, id, name, position, kind, state, needs, next, unmet, origin,
      options, condition, max_attempts, backoff_ms, timeout_ms, due_at, cause, terms, limit_key,
      limit_places, limit_rate, limit_window_ms)
    select n.id, n."stepIds"[x.position + 1], x.name, x.position, x.kind,
      case when x.unmet = 0 then 'ready' else 'blocked' end,
      x.needs, x.next, x.unmet, x.origin, x.options, x.condition, x."maxAttempts",
      x."backoffMs", x."timeoutMs",
      case when x.unmet = 0 then statement_timestamp() end,
      case when x.needs = '{}' then n.cause end, x.terms,
      replace(replace(x."limitKey", '{repository}', coalesce(n.repository, '')), '{run}', n.id),
      x."limitPlaces", x."limitRate", x."limitWindowMs"
    from new_run n
    cross join jsonb_to_recordset($2::jsonb) as x(name text, position int, kind text, needs text[],
      next text[], origin text, options jsonb, condition jsonb, "maxAttempts" int,
      "backoffMs" int, "timeoutMs" int, unmet int, terms jsonb, "limitKey" text,
      "limitPlaces" int, "limitRate" int, "limitWindowMs" int)
  )
  select ${HOT_RUN_COLUMNS} from r`;

/** Writes the run and its steps, the first ones ready at once. */
export async function insertRun(tx: Tx, run: NewRun): Promise<Run> {
  const { graph, ...fields } = run;
  const [row] = await tx.query<Run>(START, [JSON.stringify(fields), graph], 'workflow-start');
  return row!;
}

export async function findRun(queryable: Queryable, id: Id<'run'>): Promise<Run | undefined> {
  const rows = await queryable.query<Run>(
    `select ${HOT_RUN_COLUMNS} from loom.runs r where r.id = $1`,
    [id],
  );
  return rows[0];
}

/** Reads a run and keeps it locked until the transaction ends. */
export async function lockRun(tx: Tx, id: Id<'run'>): Promise<Run | undefined> {
  const rows = await tx.query<Run>(
    `select ${HOT_RUN_COLUMNS} from loom.runs r where r.id = $1 for update`,
    [id],
    'workflow-lock-run',
  );
  return rows[0];
}

export async function listSteps(queryable: Queryable, runId: Id<'run'>): Promise<Step[]> {
  return queryable.query<Step>(
    `select ${STEP_COLUMNS} from loom.steps s where s.run_id = $1 order by s.position`,
    [runId],
  );
}

/** Those that are not in the archive, newest first, at most `limit`. */
export async function listRuns(
  queryable: Queryable,
  filter: {
    state: string | null;
    changeId: string | null;
    before: { createdAt: string; id: string } | null;
    limit: number;
  },
): Promise<Run[]> {
  return queryable.query<Run>(
    `select ${HOT_RUN_COLUMNS} from loom.runs r
     where ($1::text is null or r.state = $1) and ($2::text is null or r.change_id = $2)
       and ($3::timestamptz is null or (r.created_at, r.id) < ($3, $4))
     order by r.created_at desc, r.id desc limit $5`,
    [
      filter.state,
      filter.changeId,
      filter.before?.createdAt ?? null,
      filter.before?.id ?? null,
      filter.limit,
    ],
  );
}

/** Gives its number, or undefined when the run knows the key already. */
export async function insertSignal(
  tx: Tx,
  signal: { runId: Id<'run'>; name: string; body: JsonObject; dedupeKey: string; actor: Actor },
): Promise<number | undefined> {
  const [row] = await tx.query<{ number: number }>(
    `insert into loom.run_signals (run_id, name, dedupe_key, body, actor)
     values ($1, $2, $3, $4::jsonb, $5::jsonb)
     on conflict (run_id, dedupe_key) do nothing returning number`,
    [
      signal.runId,
      signal.name,
      signal.dedupeKey,
      JSON.stringify(signal.body),
      JSON.stringify(signal.actor),
    ],
  );
  return row?.number;
}

/** Makes every step ready that waits for the signal; with one at least, the signal is spent. */
export async function wakeBySignal(
  tx: Tx,
  signal: { runId: Id<'run'>; name: string; number: number },
): Promise<StepReference[]> {
  return tx.query<StepReference>(
    `with woken as (
       update loom.steps s
       set state = 'ready', wake = 'signal', signal_number = $3, due_at = statement_timestamp()
       where s.run_id = $1 and s.state = 'waiting' and s.waiting_on = $2 and not s.is_held
       returning s.*
     ), taken as (
       update loom.run_signals set taken_at = statement_timestamp()
       where number = $3 and exists (select 1 from woken)
     )
     select ${REFERENCE_COLUMNS} from woken s join loom.runs r on r.id = s.run_id order by s.position`,
    [signal.runId, signal.name, signal.number],
  );
}

/** Notes for these steps which event made them ready. */
export async function setCauses(
  tx: Tx,
  runId: Id<'run'>,
  causes: readonly { name: string; cause: Id<'evt'> }[],
): Promise<void> {
  await tx.query(
    `update loom.steps s set cause = x.cause
     from jsonb_to_recordset($2::jsonb) as x(name text, cause text)
     where s.run_id = $1 and s.name = x.name`,
    [runId, JSON.stringify(causes)],
  );
}
