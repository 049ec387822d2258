/**
 * SQL of pauses. A paused run is not looked at by anybody: its blocked steps need one more than they
 * get, its ready ones are never due, and its waiting ones hear neither signals nor timers. So a pause
 * costs the claims and completions of all other runs nothing. The run is locked already.
 */
import type { Id, Tx } from '#kernel';

/** Every open step is looked at, also those whose state somebody changes at this moment. */
export async function holdSteps(tx: Tx, runId: Id<'run'>): Promise<void> {
  await tx.query(
    `update loom.steps set is_held = true, unmet = unmet + (state = 'blocked')::int,
       due_at = case when state = 'ready' then 'infinity' else due_at end
     where run_id = $1 and state in ('blocked', 'ready', 'running', 'waiting') and not is_held`,
    [runId],
  );
  await tx.query(`update loom.runs set state = 'paused' where id = $1`, [runId]);
}

export async function releaseHeldSteps(tx: Tx, runId: Id<'run'>, cause: Id<'evt'>): Promise<void> {
  await tx.query(
    `update loom.steps set is_held = false, unmet = unmet - (state = 'blocked')::int,
       state = case when state = 'blocked' and unmet = 1 then 'ready' else state end,
       due_at = case when state = 'blocked' and unmet = 1 or state = 'ready'
         then statement_timestamp() else due_at end,
       cause = case when state = 'blocked' and unmet = 1 then $2 else cause end
     where run_id = $1 and is_held`,
    [runId, cause],
  );
  await tx.query(`update loom.runs set state = 'running' where id = $1`, [runId]);
}

/** Signals that came while nobody listened, for steps that wait for them now; first come first. */
export function listUnheard(tx: Tx, runId: Id<'run'>): Promise<{ number: number; name: string }[]> {
  return tx.query(
    `select g.number, g.name from loom.run_signals g
     where g.run_id = $1 and g.taken_at is null and exists (
       select from loom.steps s
       where s.run_id = g.run_id and s.state = 'waiting' and s.waiting_on = g.name)
     order by g.number`,
    [runId],
  );
}
