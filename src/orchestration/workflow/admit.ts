/**
 * Limits: steps of one key wait at a gate until a place is free and the rate allows one more. Who is
 * inside is counted from the steps themselves, so no crash can lose a place or give it twice; only
 * the counting is one at a time per key. No run is locked: a step at the gate is touched by nobody
 * else but those who cancel or pause its run, and rows they have locked are skipped.
 */
import type { Db, Id, Tx } from '#kernel';
import type { Announcer } from './announce.ts';

/** Of one key at a time; the rest comes with the next look. */
const MAX_ADMITTED = 200;
const MAX_KEYS = 200;

interface AtGate {
  runId: Id<'run'>;
  name: string;
  places: number | null;
  rate: number | null;
  windowMs: number | null;
}

/** Lets in whom the limits allow, of these keys or of all. Gives how many it let in. */
export async function admitSteps(
  { db, announcer }: { db: Db; announcer: Announcer },
  keys?: readonly string[],
): Promise<number> {
  const waiting = await db.query<{ key: string }>(
    `select distinct limit_key as key from loom.steps
     where limit_key is not null and admitted_at is null and state = 'blocked' and unmet = 1
       and ($1::text[] is null or limit_key = any($1))
     order by limit_key limit ${MAX_KEYS}`,
    [keys ?? null],
    'workflow-gates',
  );
  let admitted = 0;
  for (const { key } of waiting) {
    admitted += await db.transaction((tx) => admitOf(tx, announcer, key));
  }
  return admitted;
}

async function admitOf(tx: Tx, announcer: Announcer, key: string): Promise<number> {
  await tx.query(`select pg_advisory_xact_lock(hashtextextended('loom limit ' || $1, 0))`, [key]);
  // Statements after the lock see what the holder before has committed.
  const [used] = await tx.query<{ inside: number }>(
    `select count(*)::int as inside from loom.steps
     where limit_key = $1 and admitted_at is not null
       and state in ('blocked', 'ready', 'running', 'waiting')`,
    [key],
    'workflow-inside',
  );
  const atGate = await tx.query<AtGate>(
    `select run_id as "runId", name, limit_places as places, limit_rate as rate,
       limit_window_ms as "windowMs"
     from loom.steps
     where limit_key = $1 and admitted_at is null and state = 'blocked' and unmet = 1
     order by cause, run_id, position limit ${MAX_ADMITTED} for update skip locked`,
    [key],
    'workflow-at-gate',
  );
  const windows = [...new Set(atGate.flatMap(({ windowMs }) => windowMs ?? []))];
  const recent = new Map<number, number>();
  for (const windowMs of windows) recent.set(windowMs, await countRecent(tx, key, windowMs));
  const chosen = chooseAdmitted(atGate, used?.inside ?? 0, recent);
  if (chosen.length > 0) {
    await tx.query(
      `update loom.steps s set unmet = 0, state = 'ready', due_at = statement_timestamp(),
         admitted_at = clock_timestamp(), message = null
       from unnest((select $1::text[]), (select $2::text[])) as x(run_id, name)
       where s.run_id = x.run_id and s.name = x.name`,
      [chosen.map(({ runId }) => runId), chosen.map(({ name }) => name)],
      'workflow-admit',
    );
    announcer.newWork(tx);
  }
  const left = atGate.filter((step) => !chosen.includes(step));
  await tellWaiting(tx, key, left);
  return chosen.length;
}

/** First come, first served: who does not fit holds up those behind, so that none is passed for ever. Pure. */
export function chooseAdmitted<Step extends Pick<AtGate, 'places' | 'rate' | 'windowMs'>>(
  atGate: readonly Step[],
  inside: number,
  recent: ReadonlyMap<number, number>,
): Step[] {
  const chosen: Step[] = [];
  for (const step of atGate) {
    const isFull = step.places !== null && inside + chosen.length >= step.places;
    const isTooFast =
      step.rate !== null && (recent.get(step.windowMs ?? 0) ?? 0) + chosen.length >= step.rate;
    if (isFull || isTooFast) break;
    chosen.push(step);
  }
  return chosen;
}

async function countRecent(tx: Tx, key: string, windowMs: number): Promise<number> {
  const [row] = await tx.query<{ count: number }>(
    `select count(*)::int as count from loom.steps
     where limit_key = $1 and limit_rate is not null
       and admitted_at > clock_timestamp() - $2 * interval '1 millisecond'`,
    [key, windowMs],
    'workflow-recent',
  );
  return row?.count ?? 0;
}

/** Said once, for whoever looks at the run. */
async function tellWaiting(tx: Tx, key: string, left: readonly AtGate[]): Promise<void> {
  if (left.length === 0) return;
  await tx.query(
    `update loom.steps s set message = 'Waits for its turn: the limit ' || $3 || ' is reached.'
     from unnest((select $1::text[]), (select $2::text[])) as x(run_id, name)
     where s.run_id = x.run_id and s.name = x.name and s.message is null`,
    [left.map(({ runId }) => runId), left.map(({ name }) => name), key],
  );
}
