/**
 * SQL of growth: further steps for a run that is under way. The run is locked already, so none of its
 * steps can end between the look at what the new ones need and their writing.
 */
import { AppError, type Id, type NewId, type Tx } from '#kernel';
import type { GrownStep } from './control.ts';
import { successorsOf } from './graph.ts';
import { hasUndo, type NewStep, toNewStep } from './prepare-graph.ts';
import type { Progress } from './rows.ts';

/** Steps of one run in all. */
const MAX_STEPS_OF_RUN = 10_000;

/** Blocks a step in a worker's hands until what it grows has ended. False: fenced out. */
export async function blockUntilGrown(
  tx: Tx,
  worker: string,
  step: {
    runId: Id<'run'>;
    name: string;
    fence: number;
    needs: readonly string[];
    progress: Progress;
    message: string;
  },
): Promise<boolean> {
  const waitsFor = step.progress.names;
  const rows = await tx.query(
    `update loom.steps s
     set state = 'blocked', unmet = $5 + s.is_held::int, needs = $6, progress = $7::jsonb,
         message = $8, attempt = 0, lost_leases = 0, lease_until = null, due_at = null, wake = null,
         signal_number = null
     where s.run_id = $1 and s.name = $2 and s.state = 'running' and s.worker = $3 and s.fence = $4
     returning s.name`,
    [
      step.runId,
      step.name,
      worker,
      step.fence,
      waitsFor.length,
      [...step.needs.filter((need) => !need.startsWith(`${step.name}/`)), ...waitsFor],
      JSON.stringify(step.progress),
      step.message,
    ],
    'workflow-block-until-grown',
  );
  return rows.length === 1;
}

/** Whether the worker may still speak for the step. The run is locked, so the answer stays. */
export async function isHeldBy(
  tx: Tx,
  worker: string,
  step: { runId: Id<'run'>; name: string; fence: number },
): Promise<boolean> {
  const rows = await tx.query(
    `select 1 from loom.steps
     where run_id = $1 and name = $2 and state = 'running' and worker = $3 and fence = $4`,
    [step.runId, step.name, worker, step.fence],
  );
  return rows.length === 1;
}

/**
 * Writes the steps. What they need is either among them or in the run already; `waiting` names a
 * step that waits for all of them. Gives how many are ready at once, and whether a gate was reached.
 */
export async function insertGrown(
  tx: Tx,
  newId: NewId,
  growth: {
    runId: Id<'run'>;
    steps: readonly GrownStep[];
    waiting: string | null;
    /** The event that tells of it. */
    cause: Id<'evt'>;
  },
): Promise<{ ready: number; isGateReached: boolean }> {
  const { runId, steps, waiting, cause } = growth;
  const fresh = new Set(steps.map(({ name }) => name));
  const known = await readNeeded(tx, runId, steps, fresh);
  const successors = successorsOf({ steps });
  const rows = steps.map((step, index): NewStep & { id: string } => ({
    ...toNewStep(step, {
      position: index,
      next: [...(successors.get(step.name) ?? []), ...(waiting === null ? [] : [waiting])],
      unmet: step.needs.filter((need) => fresh.has(need) || known.open.has(need)),
    }),
    id: newId('stp'),
  }));
  await insertSteps(tx, runId, rows, { isHeld: known.isHeld, cause });
  await linkToOpen(tx, runId, steps, known.open);
  const ready = known.isHeld ? 0 : rows.filter(({ unmet }) => unmet === 0).length;
  const isGateReached = rows.some(({ unmet, limitKey }) => limitKey !== undefined && unmet === 1);
  if (hasUndo(steps)) {
    await tx.query('update loom.runs set has_undo = true where id = $1', [runId]);
  }
  return { ready, isGateReached };
}

async function readNeeded(
  tx: Tx,
  runId: Id<'run'>,
  steps: readonly GrownStep[],
  fresh: ReadonlySet<string>,
): Promise<{ open: ReadonlySet<string>; isHeld: boolean }> {
  const needed = new Set(steps.flatMap(({ needs }) => needs.filter((need) => !fresh.has(need))));
  const [run] = await tx.query<{ state: string; count: number; taken: string[] | null }>(
    `select r.state, (select count(*)::int from loom.steps where run_id = $1) as count,
       (select array_agg(name) from loom.steps where run_id = $1 and name = any($2)) as taken
     from loom.runs r where r.id = $1`,
    [runId, [...fresh]],
  );
  const rows = await tx.query<{ name: string; state: string }>(
    'select name, state from loom.steps where run_id = $1 and name = any($2)',
    [runId, [...needed]],
  );
  const problem =
    run === undefined || (run.state !== 'running' && run.state !== 'paused')
      ? 'it has ended'
      : run.count + fresh.size > MAX_STEPS_OF_RUN
        ? `it would have more than ${MAX_STEPS_OF_RUN} steps`
        : run.taken !== null
          ? `it has a step ${run.taken[0]} already`
          : rows.length < needed.size
            ? 'a new step needs one that is not there'
            : undefined;
  if (problem !== undefined) {
    throw new AppError('conflict', 'workflow.cannot_grow', {
      message: `The run cannot grow: ${problem}.`,
      hint: 'Look at it with `loom runs show`.',
    });
  }
  const hasEnded = (state: string) => state === 'done' || state === 'skipped';
  return {
    open: new Set(rows.filter(({ state }) => !hasEnded(state)).map(({ name }) => name)),
    isHeld: run?.state === 'paused',
  };
}

async function insertSteps(
  tx: Tx,
  runId: Id<'run'>,
  rows: readonly (NewStep & { id: string })[],
  { isHeld, cause }: { isHeld: boolean; cause: Id<'evt'> },
): Promise<void> {
  await tx.query(
    `insert into loom.steps (run_id, id, name, position, kind, state, needs, next, unmet, origin,
       options, condition, max_attempts, backoff_ms, timeout_ms, due_at, cause, terms, limit_key,
       limit_places, limit_rate, limit_window_ms, is_held)
     select $1, x.id, x.name, x.position + p.first, x.kind,
       case when x.unmet = 0 then 'ready' else 'blocked' end,
       x.needs, x.next, x.unmet + (x.unmet > 0 and $3)::int, x.origin, x.options, x.condition,
       x."maxAttempts", x."backoffMs", x."timeoutMs",
       case when x.unmet > 0 then null when $3 then 'infinity' else statement_timestamp() end,
       $4, x.terms,
       replace(replace(x."limitKey", '{repository}', coalesce(r.repository, '')), '{run}', r.id),
       x."limitPlaces", x."limitRate", x."limitWindowMs", $3
     from jsonb_to_recordset($2::jsonb) as x(id text, name text, position int, kind text,
       needs text[], next text[], origin text, options jsonb, condition jsonb, "maxAttempts" int,
       "backoffMs" int, "timeoutMs" int, unmet int, terms jsonb, "limitKey" text,
       "limitPlaces" int, "limitRate" int, "limitWindowMs" int)
     cross join (select max(position) + 1 as first from loom.steps where run_id = $1) p
     join loom.runs r on r.id = $1`,
    [runId, JSON.stringify(rows), isHeld, cause],
    'workflow-grow',
  );
}

/** Steps of the run that have not ended yet unblock the new ones that need them. */
async function linkToOpen(
  tx: Tx,
  runId: Id<'run'>,
  steps: readonly GrownStep[],
  open: ReadonlySet<string>,
): Promise<void> {
  const links = steps.flatMap(({ name, needs }) =>
    [...new Set(needs)].filter((need) => open.has(need)).map((need) => ({ need, name })),
  );
  if (links.length === 0) return;
  await tx.query(
    `update loom.steps s set next = s.next || l.names
     from (select need, array_agg(name) as names
           from jsonb_to_recordset($2::jsonb) as x(need text, name text) group by need) l
     where s.run_id = $1 and s.name = l.need`,
    [runId, JSON.stringify(links)],
  );
}
