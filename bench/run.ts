/**
 * Runs the benchmarks and writes bench/RESULTS.md.
 *
 *   npm ci --prefix bench                      # the named peers, once
 *   ABSURD_SQL=path/to/absurd.sql npm run bench
 *
 * `npm run bench -- NAME...` runs only `steps`, `two-workers`, `parked-runs`, `ingest`, `hooks`, `reads`, `hooks-wall`,
 * `verify-log`, `start`, `policy`, `devbox`, `overlap` or `context`; `--quick` is for a look in between. Only a run of everything
 * writes the file. `--clone PATH` has packs measured over a clone of yours instead of a made repository. Absolute figures follow the machine and
 * its load: read the ratios.
 */
import { writeFileSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { contextTable, contextVerdicts, measureContext } from './context.ts';
import { devboxTable, devboxVerdicts, measureDevbox } from './devbox.ts';
import { durableStepsTable, durableStepsVerdicts, measureDurableSteps } from './durable-steps.ts';
import {
  hooksTable,
  hooksVerdicts,
  hookWallTable,
  hookWallVerdicts,
  measureHooks,
  measureHookWall,
} from './hooks.ts';
import { ingestTable, ingestVerdicts, measureIngest } from './ingest.ts';
import { measureParkedRuns, parkedRunsTable, parkedRunsVerdicts } from './parked-runs.ts';
import { measureOverlap, overlapTable, overlapVerdicts } from './overlap.ts';
import { measurePolicy, policyTable, policyVerdicts } from './policy.ts';
import { measureReads, readsTable, readsVerdicts } from './reads.ts';
import type { Verdict } from './report.ts';
import { toMarkdown } from './report.ts';
import { startBenchServer } from './server.ts';
import { measureStart, startTable, startVerdicts } from './start.ts';
import { measureTwoWorkers, twoWorkersTable, twoWorkersVerdicts } from './two-workers.ts';
import { measureVerify, verifyTable, verifyVerdicts } from './verify-log.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, clone: { type: 'string' } },
});
const say = (line: string) => process.stderr.write(`${line}\n`);
const loadBefore = loadavg()[0]!;
await using server = await startBenchServer();

/** What a part gives: its rows in the table of bars, and its section of the report. */
type Part = () => Promise<{ verdicts: Verdict[]; section: string[] }>;

const PARTS: Record<string, Part> = {
  async steps() {
    const options = values.quick
      ? { rounds: 2, runs: 40, loneRuns: 3, say }
      : { rounds: 3, runs: 60, loneRuns: 5, say };
    const { measured, skipped } = await measureDurableSteps(server, options);
    return {
      verdicts: durableStepsVerdicts(measured),
      section: [
        '## Durable steps\n',
        `Chains of ten steps that do nothing, sixteen at once, ${options.rounds} interleaved rounds of ${options.runs} runs, one Node process. Starting the runs counts.\n`,
        toMarkdown(durableStepsTable(measured)),
        ...skipped.map(({ peer, why }) => `Left out: ${peer.name}: ${why}.\n`),
        'Peers run near their defaults, none of them writes an audit log, and all but ours commit in their own tables only: this is no ceiling of theirs. The SDK of absurd is 0.5.0; its schema comes from the main branch of its repository (after 0.4.0), because no release of the schema has that number.\n',
      ],
    };
  },
  async 'two-workers'() {
    const options = { rounds: values.quick ? 3 : 5, runs: values.quick ? 200 : 400 };
    const rates = await measureTwoWorkers(server, options);
    return {
      verdicts: twoWorkersVerdicts(rates),
      section: [
        '## Two workers\n',
        `The same chains, ${options.runs} runs started at once (half as many where steps wait), worked off by one process and by two, sixteen steps at once each, ${options.rounds} interleaved rounds. Steps that do nothing show what the processors give: one worker and the database use both. Steps that wait, as real ones do for checks, agents and other systems, show what another process adds where the slots of a worker are what is short.\n`,
        toMarkdown(twoWorkersTable(rates)),
      ],
    };
  },
  async 'parked-runs'() {
    const options = {
      parked: 100_000,
      rounds: values.quick ? 3 : 5,
      runs: values.quick ? 100 : 200,
    };
    const rates = await measureParkedRuns(server, options);
    return {
      verdicts: parkedRunsVerdicts(rates),
      section: [
        '## Parked, finished and archived runs\n',
        `The same chains beside runs that wait for an approval, that ended long ago, and that lie in the archive, after ANALYZE, ${options.rounds} interleaved rounds of ${options.runs} runs.\n`,
        toMarkdown(parkedRunsTable(rates)),
      ],
    };
  },
  async ingest() {
    const options = values.quick
      ? { rounds: 2, events: 2_000, connections: 64, say }
      : { rounds: 3, events: 4_000, connections: 256, say };
    const measured = await measureIngest(server, options);
    return {
      verdicts: ingestVerdicts(measured),
      section: [
        '## Ingest\n',
        `${options.events} events a round over ${options.connections} connections, ${options.rounds} interleaved rounds. One event is one signed webhook delivery of about 0.7 KB with one signal in it; it is acknowledged after the commit that holds delivery, key, ledger event with payload and links, and inbox row. The sender is a thread on the same machine that writes prepared requests to sockets; its processor time is not counted. Raw rows are 0.6 KB.\n`,
        toMarkdown(ingestTable(measured)),
      ],
    };
  },
  async hooks() {
    const options = { sessions: 1_000, calls: values.quick ? 1_000 : 4_000, atOnce: 16 };
    const measured = await measureHooks(server, options);
    return {
      verdicts: hooksVerdicts(measured),
      section: [
        '## Hooks\n',
        `${options.calls} PreToolUse calls of edits, ${options.atOnce} at once, by ${options.sessions} live sessions that each hold a file. The sender is a thread on the same machine; its processor time is not counted.\n`,
        toMarkdown(hooksTable(measured)),
      ],
    };
  },
  async 'hooks-wall'() {
    const measured = await measureHookWall(server, { rounds: values.quick ? 15 : 60 });
    return {
      verdicts: hookWallVerdicts(measured),
      section: [
        '## Wall time of the hook command\n',
        '`bin/loom hook claude-code PostToolUse` as an agent starts it: shell, Node, the call over HTTP, the answer. A Node that does nothing is started before each, on the same machine as the server.\n',
        toMarkdown(hookWallTable(measured)),
      ],
    };
  },
  async start() {
    const rounds = values.quick ? 3 : 7;
    const measured = await measureStart({ rounds });
    return {
      verdicts: startVerdicts(measured),
      section: [
        '## Start\n',
        `\`bin/loom serve\` in a folder of its own, ${rounds} rounds, until \`/healthz\` answers. Processor time is that of the server and its database until then.\n`,
        toMarkdown(startTable(measured)),
      ],
    };
  },
  async policy() {
    const changes = values.quick ? 200 : 1_000;
    const measured = measurePolicy({ changes });
    return {
      verdicts: policyVerdicts(measured),
      section: [
        '## Verdicts\n',
        `${changes} changes of one to twelve files, from their files to lane, rules and what is missing; after each the bare engine is asked once over the same rules and facts.\n`,
        toMarkdown(policyTable(measured)),
      ],
    };
  },
  async devbox() {
    const measured = await measureDevbox(server, { rounds: values.quick ? 3 : 7 });
    return {
      verdicts: devboxVerdicts(measured),
      section: [
        '## Devboxes\n',
        'A work tree of 10,000 files, from the request until somebody can work in it; `git worktree add` of the same commit beside it.\n',
        toMarkdown(devboxTable(measured)),
      ],
    };
  },
  async overlap() {
    const claims = values.quick ? 1_000 : 5_000;
    const measured = measureOverlap({ claims });
    return {
      verdicts: overlapVerdicts(measured),
      section: [
        '## Claims at scale\n',
        `${claims} new claims of one to forty files against changes that are open; each is asked of the inverted index and of everybody in turn, and both must find the same.\n`,
        toMarkdown(overlapTable(measured)),
      ],
    };
  },
  async context() {
    const measured = await measureContext(server, {
      clone: values.clone,
      packs: values.quick ? 40 : 100,
      pushes: values.quick ? 5 : 20,
    });
    return {
      verdicts: contextVerdicts(measured),
      section: [
        '## Context packs\n',
        `A repository (${measured.repository}) is imported, then asked for whole packs with the titles and texts of its newest changes; files of its own are pushed, and asked for.\n`,
        toMarkdown(contextTable(measured)),
      ],
    };
  },
  async reads() {
    const options = { events: values.quick ? 200_000 : 1_000_000, reads: 200, say };
    const measured = await measureReads(server, options);
    return {
      verdicts: readsVerdicts(measured),
      section: [
        '## Reads\n',
        `${options.reads} reads of each kind, one after the other, from a ledger of ${options.events} events.\n`,
        toMarkdown(readsTable(measured)),
      ],
    };
  },
  async 'verify-log'() {
    const measured = await measureVerify(server, { entries: values.quick ? 100_000 : 300_000 });
    return {
      verdicts: verifyVerdicts(measured),
      section: ['## Log\n', toMarkdown(verifyTable(measured))],
    };
  },
};

const stranger = positionals.find((name) => !(name in PARTS));
if (stranger !== undefined) {
  throw new Error(`there is no benchmark ${stranger}; known are ${Object.keys(PARTS).join(', ')}`);
}
const verdicts: Verdict[] = [];
const sections: string[] = [];
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  say(`measuring ${name}`);
  const load = loadavg()[0]!;
  try {
    const part = await measure();
    verdicts.push(...part.verdicts);
    const [title, ...rest] = part.section;
    const loads = `Load ${load.toFixed(1)} before, ${loadavg()[0]!.toFixed(1)} after.\n`;
    sections.push(title!, loads, ...rest);
  } catch (error) {
    // What one part lacks is no reason to go without the others.
    const why = error instanceof Error ? error.message : String(error);
    say(`${name} could not be measured: ${error instanceof Error ? error.stack : why}`);
    verdicts.push({ bar: `everything about ${name}`, figure: 'not measured', isMet: false });
    sections.push(`## ${name}\n`, `Not measured: ${why}\n`);
    process.exitCode = 1;
  }
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
      ['length', values.quick ? 'quick' : 'full'],
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
if (positionals.length === 0) writeFileSync(join(import.meta.dirname, 'RESULTS.md'), report);
