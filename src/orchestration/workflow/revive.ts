/** Taking a run up again: which steps start afresh, and the SQL that makes them. */
import type { Id, Tx } from '#kernel';
import type { Step } from '../schema.ts';
import type { Progress } from './rows.ts';

export interface RevivableStep {
  name: string;
  state: Step['state'];
  needs: string[];
  progress: Progress | null;
  hasLimit: boolean;
  isGrowing: boolean;
}

export interface Revival {
  reset: {
    name: string;
    unmet: number;
    isReady: boolean;
    needs: string[];
    progress: Progress | null;
    /** Its effect was made once: this time it is another one. */
    isRedo: boolean;
  }[];
  /** Grown by a step that now grows anew. */
  replaced: string[];
}

/**
 * Everything that failed or was cancelled starts afresh; with `from`, that step too and all that comes
 * after it. A growing step begins its turns anew where it failed itself or lies behind `from`; where
 * one of its turns failed it goes on with that turn. Pure.
 */
export function planRevival(steps: readonly RevivableStep[], from: string | undefined): Revival {
  const behind = from === undefined ? new Set<string>() : followersOf(steps, from);
  const isOpen = ({ state }: RevivableStep) => state === 'failed' || state === 'cancelled';
  const wanted = steps.filter((step) => isOpen(step) || behind.has(step.name));
  const regrowing = wanted.filter(({ name, state, isGrowing, progress }) => {
    if (!isGrowing || progress === null) return false;
    const holdsFrom = from?.startsWith(`${name}/`) ?? false;
    return name === from || state === 'failed' || (state === 'done' && !holdsFrom);
  });
  const isReplaced = (name: string) => regrowing.some((one) => name.startsWith(`${one.name}/`));
  const reset = wanted.filter(({ name }) => !isReplaced(name));
  const fresh = new Set(reset.map(({ name }) => name));
  return {
    reset: reset.map(({ name, state, needs, progress, hasLimit }) => {
      const isRegrowing = regrowing.some((one) => one.name === name);
      const kept = isRegrowing ? needs.filter((need) => !need.startsWith(`${name}/`)) : needs;
      const open = kept.filter((need) => fresh.has(need)).length;
      return {
        name,
        unmet: open + (hasLimit ? 1 : 0),
        isReady: open === 0 && !hasLimit,
        needs: kept,
        progress:
          isRegrowing && progress !== null
            ? { ...progress, forgotten: progress.turn, names: [] }
            : progress,
        isRedo: state === 'done',
      };
    }),
    replaced: steps.map(({ name }) => name).filter(isReplaced),
  };
}

/** The step and all that needs it, by however many steps. */
function followersOf(steps: readonly RevivableStep[], from: string): Set<string> {
  const followers = new Set([from]);
  for (let isGrowing = true; isGrowing;) {
    isGrowing = false;
    for (const { name, needs } of steps) {
      if (followers.has(name) || !needs.some((need) => followers.has(need))) continue;
      followers.add(name);
      isGrowing = true;
    }
  }
  return followers;
}

/** Steps of a run as the plan needs them. The run is locked already. */
export function readRevivable(tx: Tx, runId: Id<'run'>): Promise<RevivableStep[]> {
  return tx.query<RevivableStep>(
    `select name, state, needs, progress, limit_key is not null as "hasLimit",
       coalesce(terms ? 'control', false) as "isGrowing"
     from loom.steps where run_id = $1 order by position`,
    [runId],
  );
}

export async function applyRevival(
  tx: Tx,
  runId: Id<'run'>,
  { reset, replaced }: Revival,
  cause: Id<'evt'>,
): Promise<void> {
  await tx.query(
    `update loom.steps s
     set unmet = x.unmet, state = case when x."isReady" then 'ready' else 'blocked' end,
         due_at = case when x."isReady" then statement_timestamp() end,
         cause = case when x."isReady" or x.unmet = 1 then $3 else s.cause end,
         needs = x.needs, progress = x.progress, redo = s.redo + x."isRedo"::int,
         attempt = 0, lost_leases = 0, wake = null, signal_number = null, waiting_on = null,
         message = null, output = null, started_at = null, ended_at = null, admitted_at = null,
         is_held = false
     from jsonb_to_recordset($2::jsonb) as x(name text, unmet int, "isReady" boolean, needs text[],
       progress jsonb, "isRedo" boolean)
     where s.run_id = $1 and s.name = x.name`,
    [runId, JSON.stringify(reset), cause],
  );
  if (replaced.length > 0) {
    await tx.query(
      `update loom.steps set state = 'skipped', message = 'Replaced when it was taken up again.',
         ended_at = coalesce(ended_at, statement_timestamp())
       where run_id = $1 and name = any($2)`,
      [runId, replaced],
    );
  }
  // It gets as much time again as it had.
  await tx.query(
    `update loom.runs set state = 'running', ended_at = null, message = null,
       deadline_at = statement_timestamp() + (deadline_at - created_at)
     where id = $1`,
    [runId],
  );
}
