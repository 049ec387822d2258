/**
 * The trial: scripted agents do the same twelve tasks on one repository, with and without LoomStack.
 *
 *   npm run trial                        # three seeds, eight agents; prints the tables
 *   npm run trial -- --write             # and writes docs/trial.md
 *   npm run trial -- --seeds 1,2 --agents 4 --pace 500
 *
 * `--pace` is the mean time of one thought in milliseconds. Real git, real work trees, the hook command
 * as a process of its own for each event, and a server with a database of its own.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startServer } from '../../tests/support/server.ts';
import { type ArmResult, runArm } from './arm.ts';
import { attachTo } from './attach.ts';
import { fewerConflicts, type Pair, seedTable, trialTable } from './report.ts';
import { TASKS } from './tasks.ts';

const PAGE = join(import.meta.dirname, '../../docs/trial.md');
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    agents: { type: 'string', default: '8' },
    pace: { type: 'string', default: '2000' },
    write: { type: 'boolean', default: false },
    /** Everything of the runs is left here to be looked at. */
    keep: { type: 'string' },
  },
});
const agents = Number(values.agents);
const paceMs = Number(values.pace);
const seeds = values.seeds.split(',').map(Number);
const say = (line: string) => process.stderr.write(`${line}\n`);

const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'loom-trial-'));
mkdirSync(folder, { recursive: true });
const loads = [loadavg()[0]!];
const pairs: Pair[] = [];
try {
  await using server = await startServer({ data: join(folder, 'data') });
  for (const seed of seeds) {
    const common = { seed, agents, paceMs, tasks: TASKS };
    const place = (arm: string) => {
      const path = join(folder, `${seed}-${arm}`);
      mkdirSync(path);
      return path;
    };
    // Each arm goes first in every second seed: the machine may be busier later.
    const runs: Record<keyof Pair, () => Promise<ArmResult>> = {
      without: () => runArm({ ...common, folder: place('without') }),
      with: () =>
        runArm({
          ...common,
          folder: place('with'),
          attach: attachTo(server, `trial/shop-${seed}`),
        }),
    };
    const order: (keyof Pair)[] = seed % 2 === 0 ? ['with', 'without'] : ['without', 'with'];
    const pair: Partial<Pair> = {};
    for (const arm of order) {
      pair[arm] = await runs[arm]();
      const { wallMs, tasks, lostEdits } = pair[arm];
      const conflicts = tasks.flatMap((task) => task.conflicts).length;
      say(
        `seed ${seed} ${arm}: ${conflicts} conflicts, ${lostEdits.length} lost edits, ${(wallMs / 1_000).toFixed(1)} s`,
      );
    }
    pairs.push(pair as Pair);
    loads.push(loadavg()[0]!);
  }
  if (values.keep !== undefined)
    writeFileSync(join(folder, 'results.json'), `${JSON.stringify(pairs, null, 2)}\n`);
} finally {
  if (values.keep === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

const fewer = fewerConflicts(pairs);
const summary =
  fewer === undefined
    ? 'Without LoomStack there was no conflict to avoid.'
    : `**${(fewer * 100).toFixed(0)} % fewer conflicts reached a merge.**`;
const text = `${summary} ${agents} agents, ${TASKS.length} tasks, seeds ${seeds.join(', ')}, a thought of ${paceMs} ms on average; ${cpus().length} cores, load ${loads.map((load) => load.toFixed(1)).join(', ')}. Sums over the seeds:

${trialTable(pairs)}

${seedTable(pairs)}
`;
process.stdout.write(text);
if (values.write) writeFileSync(PAGE, withFigures(text));

function withFigures(figures: string): string {
  return `# The trial: eight agents, twice

Written by \`npm run trial -- --write\` (\`bench/trial/\`). The same scripted agents do the same twelve tasks on one repository, once by
themselves and once attached to LoomStack.

## What it came to

${figures}
## How it was done

- Real git: a bare repository, one clone, a work tree for each task. Each agent is a process; each lands its own work: merge with
  main, run the tests on the merge, push, again where somebody was faster. There is no merge queue in either arm.
- One program in both arms (\`bench/trial/agent.ts\`). It runs the hooks and calls the MCP server that the settings in its home name.
  In one arm \`loom attach --user\` has written them; in the other there are none. Nothing else differs.
- What it thinks is written down beforehand; how long it thinks is drawn from the seed, the task and the step, and so alike in both
  arms. Tasks are dealt out to the agents beforehand, in an order drawn from the seed, alike in both arms.
- With a tool \`claim\` it claims what it plans to change, all or nothing, and waits while others hold some of it. Three tasks find out
  only while editing that they need another file; there the hook denies, and the agent waits, or puts its work aside.
- A conflict, or red tests after a merge, is answered by making the edits again on the main of now. That loses nothing and costs time;
  an agent that resolves conflicts badly would lose edits, so "lost edits" is a lower bound without LoomStack.
- Two of the tasks ask for the same as two others, in other words. An agent that is told of work with the title of its twin stops, as
  a model that reads both would; told of nothing, it finds out when the edit is there already.

## What is left

The wall time is longer because files are held until the work has landed, and because eight agents and their hooks share the cores
of one machine: look at the load beside the figures. Conflicts that are left on a busy machine (1 of 36 at a load of 30) were in files that an agent found it needed only while
editing. What another landed in them meanwhile is told with the grant; a hook that nobody answers in time lets the edit pass.

## What it does not show

The tasks were written to meet: twelve small changes of one small product, five of them in one list of routes. Less crowded work has
fewer conflicts to avoid, and waits less. A thought here takes seconds and with a model minutes, so the time spent in hooks weighs
more here than there; waiting for others does not. Scripted agents never ignore what they are told.
`;
}
