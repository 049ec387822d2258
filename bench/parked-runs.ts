/**
 * What runs that wait for somebody cost those that do not: the same chains beside an empty table and
 * beside many parked runs, in rounds that take turns. The tables are analysed, as autovacuum would.
 */
import { openDatabase } from '../src/kernel/index.ts';
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

export interface ParkedRates {
  parked: number;
  empty: number[];
  beside: number[];
}

export async function measureParkedRuns(
  server: BenchServer,
  options: { parked: number; rounds: number; runs: number },
): Promise<ParkedRates> {
  const empty = await server.createDatabase('parked_none');
  const full = await server.createDatabase('parked_many');
  const rates: ParkedRates = { parked: options.parked, empty: [], beside: [] };
  for (const url of [empty, full]) {
    // Opening makes the tables.
    const engine = await ours.open(url);
    if (typeof engine !== 'string') await engine[Symbol.asyncDispose]();
    await using db = openDatabase({ url, poolSize: 1 });
    if (url === full) await db.query(PARK, [options.parked]);
    await db.query('analyze loom.runs, loom.steps');
  }
  for (let round = 0; round < options.rounds; round += 1) {
    for (const url of round % 2 === 0 ? [empty, full] : [full, empty]) {
      const engine = await ours.open(url);
      if (typeof engine === 'string') throw new Error(engine);
      await using _engine = engine;
      await engine.run(40);
      const before = performance.now();
      await engine.run(options.runs);
      const seconds = (performance.now() - before) / 1_000;
      const kind = url === empty ? rates.empty : rates.beside;
      kind.push((options.runs * STEPS_PER_RUN) / seconds);
    }
  }
  return rates;
}

export function parkedRunsTable({ parked, empty, beside }: ParkedRates): Table {
  const row = (what: string, all: number[]) => [
    what,
    String(Math.round(median(all))),
    `${Math.round(Math.min(...all))}-${Math.round(Math.max(...all))}`,
  ];
  return {
    head: ['beside', 'steps/s (median)', 'range'],
    rows: [row('nothing', empty), row(`${parked} parked runs`, beside)],
  };
}

export function parkedRunsVerdicts({ parked, empty, beside }: ParkedRates): Verdict[] {
  const ratio = median(beside) / median(empty);
  return [
    {
      bar: `${parked} parked runs leave at least ${BAR * 100} % of the steps/s`,
      figure: `${Math.round(ratio * 100)} %`,
      isMet: ratio >= BAR,
    },
  ];
}
