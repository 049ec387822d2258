/**
 * Schedules: runs that begin at a time. What the files at the base say is kept in a table; a due row is
 * locked, its run started and its next time set in one transaction. Firings that were missed while no
 * node was there are one. Only the database's clock is used.
 */
import { AppError, type BackgroundLoop, type Id, MAX_PAGE_SIZE, startLoop, type Tx } from '#kernel';
import type { NewEvent } from '#ledger';
import { ORCHESTRATION } from '../deps.ts';
import type { LibraryWorkflow } from '../library/index.ts';
import type { Run } from '../schema.ts';
import { nextFiring, type Schedule } from '../workflow/index.ts';
import type { CompositionDeps, CompositionService } from './service.ts';
import { weaveGraph } from './weave.ts';

const SYNC_EVERY_MS = 30_000;
const AT_ONCE = 50;

type Deps = Pick<
  CompositionDeps,
  'db' | 'ledger' | 'clock' | 'newId' | 'log' | 'context' | 'workflow'
> & {
  composition: Pick<CompositionService, 'library'>;
};

interface ScheduleRow {
  repository: string;
  workflow: string;
  number: number;
  spec: Schedule;
  fired: number;
  lastState: Run['state'] | null;
  now: Date;
}

/** Writes down what the files of a repository say. A schedule that was edited begins anew. */
export async function syncSchedules(deps: Deps, repository: string): Promise<void> {
  const { workflows } = await deps.composition.library(repository);
  const wanted = workflows
    .filter(({ isShipped }) => !isShipped)
    .flatMap(({ name, triggers }) =>
      triggers
        .flatMap(({ match }) => match.schedule ?? [])
        .map((spec, number) => ({ workflow: name, number, spec })),
    );
  await deps.db.transaction(async (tx) => {
    const now = await nowOf(tx);
    const rows = wanted.map((one) => Object.assign(one, { nextAt: nextFiring(one.spec, now) }));
    await tx.query(
      `with given as (
         select * from jsonb_to_recordset($2::jsonb)
           as x(workflow text, number int, spec jsonb, "nextAt" timestamptz)
       ), gone as (
         delete from loom.schedules s where s.repository = $1 and not exists (
           select from given g where g.workflow = s.workflow and g.number = s.number)
       )
       insert into loom.schedules as s (repository, workflow, number, spec, next_at)
       select $1, workflow, number, spec, "nextAt" from given
       on conflict (repository, workflow, number) do update
         set spec = excluded.spec, next_at = excluded.next_at, fired = 0, stopped = null
         where s.spec <> excluded.spec`,
      [repository, JSON.stringify(rows)],
    );
  });
}

/** Fires what is due; gives how many it looked at. */
export async function fireSchedules(deps: Deps): Promise<number> {
  const due = await deps.db.query<{ repository: string; workflow: string; number: number }>(
    `select repository, workflow, number from loom.schedules
     where next_at <= now() and stopped is null order by next_at limit ${AT_ONCE}`,
    [],
    'schedules-due',
  );
  for (const { repository, workflow, number } of due) {
    const { workflows } = await deps.composition.library(repository);
    const found = workflows.find(({ name }) => name === workflow);
    if (found === undefined) continue;
    await deps.db.transaction((tx) => fire(tx, deps, { repository, number, workflow: found }));
  }
  return due.length;
}

async function fire(
  tx: Tx,
  deps: Deps,
  at: { repository: string; number: number; workflow: LibraryWorkflow },
): Promise<void> {
  const { repository, number, workflow } = at;
  const [row] = await tx.query<ScheduleRow>(
    `select s.repository, s.workflow, s.number, s.spec, s.fired, now() as now,
       (select state from loom.runs r where r.id = s.last_run_id) as "lastState"
     from loom.schedules s
     where s.repository = $1 and s.workflow = $2 and s.number = $3
       and s.next_at <= now() and s.stopped is null
     for update skip locked`,
    [repository, workflow.name, number],
  );
  // Another node has it.
  if (row === undefined) return;
  const { spec, lastState } = row;
  if (spec.stop?.when !== undefined && spec.stop.when === lastState) {
    await stop(tx, deps, row, `the last run is ${lastState}`);
    return;
  }
  const isOpen = lastState === 'running' || lastState === 'paused';
  const runId = isOpen && spec.overlap === 'skip' ? null : await begin(tx, deps, row, workflow);
  const fired = row.fired + (runId === null ? 0 : 1);
  const nextAt = nextFiring(spec, row.now);
  await tx.query(
    `update loom.schedules set next_at = $4, fired = $5, last_run_id = coalesce($6, last_run_id)
     where repository = $1 and workflow = $2 and number = $3`,
    [repository, workflow.name, number, nextAt, fired, runId],
  );
  if (runId === null) {
    const data = { why: 'the run before has not ended', nextAt };
    await deps.ledger.append(tx, scheduleEvent('schedule.skipped', row, data));
  }
  if (spec.stop?.afterRuns !== undefined && fired >= spec.stop.afterRuns) {
    await stop(tx, deps, row, `it has fired ${fired} times`);
  } else if (nextAt === null) await stop(tx, deps, row, 'its last day is over');
}

async function begin(
  tx: Tx,
  { ledger, newId, workflow: engine }: Deps,
  row: ScheduleRow,
  { graph, source }: LibraryWorkflow,
): Promise<Id<'run'>> {
  const runId = newId('run');
  const event = newId('evt');
  const data = { fired: row.fired + 1, source, at: row.now };
  await ledger.append(tx, {
    ...scheduleEvent('schedule.fired', row, data, runId),
    id: event,
    correlationId: event,
  });
  await engine.start(tx, {
    id: runId,
    definition: weaveGraph(graph),
    title: `${row.workflow}, scheduled`,
    input: { schedule: row.number, firedAt: row.now.toISOString() },
    repository: row.repository,
    correlationId: event,
    cause: event,
  });
  return runId;
}

async function stop(tx: Tx, { ledger }: Deps, row: ScheduleRow, why: string): Promise<void> {
  await tx.query(
    `update loom.schedules set stopped = $4 where repository = $1 and workflow = $2 and number = $3`,
    [row.repository, row.workflow, row.number, why],
  );
  await ledger.append(tx, scheduleEvent('schedule.stopped', row, { why }));
}

function scheduleEvent(
  type: 'schedule.fired' | 'schedule.skipped' | 'schedule.stopped',
  row: ScheduleRow,
  data: object,
  runId?: Id<'run'>,
): NewEvent {
  const { repository, workflow, number } = row;
  return {
    type,
    subject: `${repository}/${workflow}/${number}`,
    actor: ORCHESTRATION,
    refs: { repository, ...(runId === undefined ? {} : { run: runId }) },
    data: { workflow, ...data },
  };
}

async function nowOf(tx: Tx): Promise<Date> {
  const [row] = await tx.query<{ now: Date }>('select now() as now');
  return row!.now;
}

/** Reads the files now and then, and fires what is due. All nodes run it. */
export function createScheduleLoop(deps: Deps & { everyMs?: number }): BackgroundLoop {
  const { clock, log, context, everyMs = 1_000 } = deps;
  let syncedAt = 0;

  async function syncAll(): Promise<void> {
    let cursor: string | undefined;
    do {
      const page = await context.listRepositories({ limit: MAX_PAGE_SIZE, cursor });
      for (const { name, state } of page.items) {
        if (state !== 'ready') continue;
        await syncSchedules(deps, name).catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error;
          log.warn({ err: error, repository: name }, 'schedules of a repository not read');
        });
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  return startLoop({
    name: 'schedules',
    everyMs,
    clock,
    log,
    async work() {
      const now = clock.now().getTime();
      if (now - syncedAt >= SYNC_EVERY_MS) {
        syncedAt = now;
        await syncAll();
      }
      await fireSchedules(deps);
      return 0;
    },
  });
}
