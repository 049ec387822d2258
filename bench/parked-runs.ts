/**
 * What runs that wait for somebody, have ended, or lie in the archive cost those that do not: the same
 * chains beside an empty table and beside many of each, in rounds that take turns. The tables are
 * analysed, as autovacuum would.
 */
import { createLogger, createNewId, openDatabase, systemClock } from '../src/kernel/index.ts';
import { createLedger } from '../src/ledger/index.ts';
import { archiveOldRuns } from '../src/orchestration/index.ts';
import { STEPS_PER_RUN } from './engines/engine.ts';
import { ours } from './engines/ours.ts';
import { median, type Table, type Verdict } from './report.ts';
import type { BenchServer } from './server.ts';

const BAR = 0.8;

/** A run as it waits for an approval: one step parked, two behind it blocked. */
const PARK = `
  with r as (
    insert into loom.runs (id, workflow, graph_hash, definition_source, title, input, correlation_id)
    select 'run_parked_' || n, 'parked', '', 'bench', 'parked', '{}', 'parked'
    from generate_series(1, $1::int) n returning id
  )
  insert into loom.steps (run_id, name, id, position, kind, state, needs, next, unmet, origin,
    options, max_attempts, backoff_ms, waiting_on)
  select id, s.name, 'stp_' || s.name || id, s.place, 'notify', s.state, s.needs::text[],
    s.next::text[], cardinality(s.needs::text[]), '', '{}', 3, 0, s.waiting_on
  from r cross join (values
    ('ask', 0, 'waiting', '{}', '{land}', 'approval'),
    ('land', 1, 'blocked', '{ask}', '{tell}', null),
    ('tell', 2, 'blocked', '{land}', '{}', null)) as s (name, place, state, needs, next, waiting_on)`;

/** A run of three steps that ended long ago, each with an output as checks have it. */
const FINISH = `
  with r as (
    insert into loom.runs
      (id, workflow, graph_hash, definition_source, title, input, correlation_id, state, created_at, ended_at)
    select 'run_finished_' || n, 'finished', '', 'bench', 'finished', '{}', 'finished', 'done',
      now() - interval '61 days', now() - interval '60 days' + n * interval '1 second'
    from generate_series(1, $1::int) n returning id
  )
  insert into loom.steps (run_id, name, id, position, kind, state, needs, next, unmet, origin,
    options, attempt, max_attempts, backoff_ms, output, ended_at)
  select id, 'step-' || p, 'stp_' || p || id, p, 'notify', 'done', '{}', '{}', 0, '', '{}', 1, 3, 0,
    jsonb_build_object('checks', 'passed', 'output', repeat('a line of a test log; ', 40)), now()
  from r cross join generate_series(0, 2) p`;

const KINDS = ['nothing', 'parked', 'finished', 'archived'] as const;
type Kind = (typeof KINDS)[number];

export interface ParkedRates {
  count: number;
  stepsPerSecond: Record<Kind, number[]>;
  /** Runs put away per second. */
  archivedPerSecond: number;
}

export async function measureParkedRuns(
  server: BenchServer,
  options: { parked: number; rounds: number; runs: number },
): Promise<ParkedRates> {
  const urls = {} as Record<Kind, string>;
  const rates: ParkedRates = {
    count: options.parked,
    stepsPerSecond: { nothing: [], parked: [], finished: [], archived: [] },
    archivedPerSecond: 0,
  };
  for (const kind of KINDS) {
    const url = await server.createDatabase(`beside_${kind}`);
    urls[kind] = url;
    // Opening makes the tables.
    const engine = await ours.open(url);
    if (typeof engine !== 'string') await engine[Symbol.asyncDispose]();
    await using db = openDatabase({ url, poolSize: 1 });
    if (kind !== 'nothing') await db.query(kind === 'parked' ? PARK : FINISH, [options.parked]);
    await db.query('analyze loom.runs, loom.steps');
    if (kind === 'archived') rates.archivedPerSecond = await archiveAll(url);
    await db.query('vacuum analyze loom.runs, loom.steps, loom.archived_runs');
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const engine = await ours.open(urls[kind]);
      if (typeof engine === 'string') throw new Error(engine);
      await using _engine = engine;
      await engine.run(40);
      const before = performance.now();
      await engine.run(options.runs);
      const seconds = (performance.now() - before) / 1_000;
      rates.stepsPerSecond[kind].push((options.runs * STEPS_PER_RUN) / seconds);
    }
  }
  return rates;
}

async function archiveAll(url: string): Promise<number> {
  await using db = openDatabase({ url, poolSize: 1 });
  const clock = systemClock;
  const log = createLogger({ level: 'silent' });
  const ledger = createLedger({ db, clock, newId: createNewId(clock), log, tenant: 'bench' });
  const before = performance.now();
  let count = 0;
  for (let isFull = true; isFull;) {
    const { archived } = await archiveOldRuns({ db, ledger, log }, { archiveAfterDays: 30 });
    count += archived;
    isFull = archived > 0;
  }
  return count / ((performance.now() - before) / 1_000);
}

export function parkedRunsTable({ count, stepsPerSecond, archivedPerSecond }: ParkedRates): Table {
  return {
    head: ['beside', 'steps/s (median)', 'range'],
    rows: [
      ...KINDS.map((kind) => {
        const all = stepsPerSecond[kind];
        return [
          kind === 'nothing' ? kind : `${count} ${kind} runs`,
          String(Math.round(median(all))),
          `${Math.round(Math.min(...all))}-${Math.round(Math.max(...all))}`,
        ];
      }),
      ['(runs put away per second)', String(Math.round(archivedPerSecond)), ''],
    ],
  };
}

export function parkedRunsVerdicts({ count, stepsPerSecond }: ParkedRates): Verdict[] {
  return (['parked', 'archived'] as const).map((kind) => {
    const ratio = median(stepsPerSecond[kind]) / median(stepsPerSecond.nothing);
    return {
      bar: `${count} ${kind} runs leave at least ${BAR * 100} % of the steps/s`,
      figure: `${Math.round(ratio * 100)} %`,
      isMet: ratio >= BAR,
    };
  });
}
