/** The queue as people see it: for each branch what waits, what is tested, and whether it is red. */
import { z } from 'zod';
import { idSchema, type Queryable } from '#kernel';
import { type Lane, LANDING_STRATEGIES, type LaneBuild } from './lane.ts';
import * as lanes from './lane-store.ts';
import * as store from './store.ts';

const ENDED_SHOWN = 10;
const BUILDS_SHOWN = 20;

const LandingEntry = z.object({
  changeId: idSchema('chg'),
  runId: idSchema('run'),
  branch: z.string(),
  title: z.string(),
  headSha: z.string(),
  state: z.enum([
    'queued',
    'testing',
    'cleared',
    'rejected',
    'landing',
    'landed',
    'returned',
    'left',
  ]),
  /** Changes tested and landed together have one number; null while it is in no group. */
  group: z.int().nullable(),
  isFlaky: z.boolean(),
  queuedAt: z.date(),
  endedAt: z.date().nullable(),
});

const LandingBuild = z.object({
  id: z.string(),
  kind: z.enum(['landing', 'main', 'bisect']),
  state: z.enum(['queued', 'running', 'passed', 'failed']),
  /** The changes under test, and those assumed to land before them: not empty is speculation. */
  changes: z.array(idSchema('chg')),
  assumed: z.array(idSchema('chg')),
  /** 1: it failed once, and is looked at again. */
  attempt: z.int(),
  baseSha: z.string(),
  tree: z.string(),
  command: z.string().nullable(),
  createdAt: z.date(),
  startedAt: z.date().nullable(),
  endedAt: z.date().nullable(),
});

export const LandingLane = z.object({
  repository: z.string(),
  baseBranch: z.string(),
  /** `serial`: the very tree that will be there is tested. `lanes`: but for packages it cannot break. */
  strategy: z.enum(LANDING_STRATEGIES),
  mainSha: z.string().nullable(),
  greenSha: z.string().nullable(),
  /** Why nothing lands; null while the branch is green. */
  red: z
    .object({
      source: z.enum(['build', 'host']),
      check: z.string(),
      sha: z.string(),
      since: z.string(),
      output: z.string(),
      /** How many commits may be it. */
      suspects: z.int(),
      culprit: z.string().nullable(),
      culpritChangeId: idSchema('chg').nullable(),
      revert: z
        .object({
          state: z.enum(['proposed', 'conflicts', 'unsupported', 'failed']),
          branch: z.string().nullable(),
          changeId: idSchema('chg').nullable(),
          why: z.string().nullable(),
        })
        .nullable(),
    })
    .nullable(),
  waiting: z.array(LandingEntry),
  builds: z.array(LandingBuild),
  ended: z.array(LandingEntry),
});
export type LandingLane = z.infer<typeof LandingLane>;

/** Every branch on which something lands or did, those with most to say first. */
export async function readQueue(queryable: Queryable): Promise<LandingLane[]> {
  const all = await Promise.all(
    (await lanes.listLanes(queryable)).map((lane) => readLane(queryable, lane)),
  );
  const weight = ({ red, waiting }: LandingLane) => (red === null ? 0 : 1e6) + waiting.length;
  return all.sort((a, b) => weight(b) - weight(a));
}

async function readLane(queryable: Queryable, lane: Lane): Promise<LandingLane> {
  const { repository, baseBranch, strategy, mainSha, greenSha, memory } = lane;
  const groupOf = (changeId: string) => {
    const place = memory.groups.findIndex((group) => group.some((id) => id === changeId));
    return place < 0 ? null : place + 1;
  };
  const waiting = await store.listLandings(queryable, lane);
  const ended = await store.listEnded(queryable, lane, ENDED_SHOWN);
  const builds = await lanes.listBuilds(queryable, lane);
  // Checks and what they said stay inside: only what the schema names is shown.
  return LandingLane.parse({
    repository,
    baseBranch,
    strategy,
    mainSha,
    greenSha,
    red: await readRed(queryable, lane),
    waiting: waiting.map((landing) => ({
      ...landing,
      group: groupOf(landing.changeId),
      endedAt: null,
    })),
    builds: newestFirst(builds).slice(0, BUILDS_SHOWN),
    ended: ended.map((landing) => ({ ...landing, group: null })),
  });
}

/** What is under way by urgency, then what has ended, the newest first. */
function newestFirst(builds: readonly LaneBuild[]): LaneBuild[] {
  const isOpen = ({ state }: LaneBuild) => state === 'queued' || state === 'running';
  const ended = builds.filter((build) => !isOpen(build));
  ended.sort((a, b) => Number(b.endedAt) - Number(a.endedAt));
  return [...builds.filter(isOpen), ...ended];
}

async function readRed(queryable: Queryable, lane: Lane): Promise<LandingLane['red']> {
  const { red } = lane;
  if (red === null) return null;
  const { source, check, sha, since, output, suspects, culprit, culpritChangeId, revert } = red;
  const branch = revert?.state === 'proposed' ? revert.branch : null;
  const [change] =
    branch === null
      ? []
      : await queryable.query<{ id: `chg_${string}` }>(
          `select id from loom.changes where repository = $1 and branch = $2
           order by opened_at desc limit 1`,
          [lane.repository, branch],
        );
  return {
    source,
    check,
    sha,
    since,
    output,
    suspects: suspects.length,
    culprit: culprit ?? null,
    culpritChangeId: culpritChangeId ?? null,
    revert:
      revert === undefined
        ? null
        : {
            state: revert.state,
            branch,
            changeId: change?.id ?? null,
            why: revert.state === 'proposed' ? null : revert.why,
          },
  };
}
