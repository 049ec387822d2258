/**
 * Runs the benchmarks and writes bench/RESULTS.md.
 *
 *   npm ci --prefix bench                      # the named peers, once
 *   ABSURD_SQL=path/to/absurd.sql npm run bench
 *
 * `--quick` is for a look in between; `--only steps` or `--only ingest` runs one of them. Absolute
 * figures follow the machine and its load: read the ratios.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { durableStepsTable, durableStepsVerdicts, measureDurableSteps } from './durable-steps.ts';
import { ingestTable, ingestVerdicts, measureIngest } from './ingest.ts';
import type { Verdict } from './report.ts';
import { toMarkdown } from './report.ts';
import { startBenchServer } from './server.ts';

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const say = (line: string) => process.stderr.write(`${line}\n`);
const loadBefore = loadavg()[0]!;
const verdicts: Verdict[] = [];
const sections: string[] = [];

await using server = await startBenchServer();

if (values.only === undefined || values.only === 'steps') {
  const options = values.quick
    ? { rounds: 2, runs: 40, loneRuns: 3, say }
    : { rounds: 3, runs: 60, loneRuns: 5, say };
  const { measured, skipped } = await measureDurableSteps(server, options);
  verdicts.push(...durableStepsVerdicts(measured));
  sections.push(
    '## Durable steps\n',
    `Chains of ten steps that do nothing, sixteen at once, ${options.rounds} interleaved rounds of ${options.runs} runs, one Node process. Starting the runs counts.\n`,
    toMarkdown(durableStepsTable(measured)),
    ...skipped.map(({ peer, why }) => `Left out: ${peer.name}: ${why}.\n`),
    'Peers run near their defaults, none of them writes an audit log, and all but ours commit in their own tables only: this is no ceiling of theirs.\n',
  );
}

if (values.only === undefined || values.only === 'ingest') {
  const options = values.quick
    ? { rounds: 2, events: 2_000, connections: 64, say }
    : { rounds: 3, events: 4_000, connections: 256, say };
  const measured = await measureIngest(server, options);
  verdicts.push(...ingestVerdicts(measured));
  sections.push(
    '## Ingest\n',
    `${options.events} events a round over ${options.connections} connections, ${options.rounds} rounds, intake behind a plain HTTP listener; the sender shares the machine.\n`,
    toMarkdown(ingestTable(measured)),
  );
}

const report = [
  '# Benchmark results\n',
  'Made by `npm run bench`; read figures as ratios within this run.\n',
  toMarkdown({
    head: ['what', 'value'],
    rows: [
      ['date', new Date().toISOString().slice(0, 16)],
      [
        'machine',
        `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB`,
      ],
      ['load before / after', `${loadBefore.toFixed(1)} / ${loadavg()[0]!.toFixed(1)}`],
      ['Node', process.version],
      ['PostgreSQL', `${server.version}, embedded, unix socket, fsync on`],
    ],
  }),
  '## Bars\n',
  toMarkdown({
    head: ['bar', 'measured', 'met'],
    rows: verdicts.map(({ bar, figure, isMet }) => [bar, figure, isMet ? 'yes' : '**no**']),
  }),
  ...sections,
].join('\n');
process.stdout.write(report);
if (!values.quick) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), report);
