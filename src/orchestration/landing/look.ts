/** One look at a branch, written down: who may land, who goes back, what is tested, whether it is red. */
import type { Id, Tx } from '#kernel';
import type { GitRepository } from '#git';
import { ORCHESTRATION } from '../deps.ts';
import { LANDING_CHANNEL, type LandingQueueDeps } from './deps.ts';
import { culpritFound, landingFlaked, landingPaused, landingResumed } from './events.ts';
import { nameOfLane, type Lane, type LaneKey, type Red } from './lane.ts';
import * as lanes from './lane-store.ts';
import { type LanePlan, planLane } from './plan.ts';
import * as store from './store.ts';
import { createLayoutReader, targetsOf } from './read-targets.ts';
import { type Joined, joinHeads } from './trees.ts';

/** The signal that wakes a merge step. */
export const LANDING = 'landing';
const TRIES = 5;
const MAX_SUSPECTS = 200;
const KEPT_TREES = 5_000;

export type Look = (lane: LaneKey) => Promise<void>;

export function createLook(deps: LandingQueueDeps): Look {
  const { db, clock } = deps;
  /** By repository, base and heads: merging them again would give the same. */
  const trees = new Map<string, Joined>();

  async function join(git: GitRepository, lane: LaneKey, base: string, heads: readonly string[]) {
    const name = [lane.repository, base, ...heads].join(' ');
    const known = trees.get(name);
    if (known !== undefined) return known;
    const joined = await joinHeads(git, base, heads);
    if (trees.size >= KEPT_TREES) trees.clear();
    trees.set(name, joined);
    return joined;
  }

  const layouts = createLayoutReader();

  return async function look(key: LaneKey): Promise<void> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      await store.dropDeparted(db, key);
      const lane = await lanes.findLane(db, key);
      if (lane === undefined) return;
      const landings = await store.listLandings(db, key);
      const git = await openLaneMirror(deps, key, landings);
      const mainSha = await git?.resolve(`refs/heads/${key.baseBranch}`);
      if (git === undefined || mainSha === undefined) return;
      const plan = await planLane({
        lane,
        landings,
        builds: await lanes.listBuilds(db, key),
        mainSha,
        slots: deps.slots,
        ...(await store.readRates(db, key.repository)),
        now: clock.now(),
        join: (base, heads) => join(git, key, base, heads),
        targets:
          lane.strategy === 'lanes'
            ? await targetsOf(git, await layouts.read(git, mainSha), mainSha, landings)
            : new Map(),
        differ: async (a, b) =>
          (await layouts.read(git, mainSha)).affectedBy(await git.differingPaths(a, b)),
        isAncestor: (ancestor, descendant) => git.isAncestor(ancestor, descendant),
        between: (green, red) => between(git, green, red),
      });
      const isSaved = await db.transaction(async (tx) => save(tx, deps, lane, mainSha, plan, git));
      if (!isSaved) continue;
      await wakeSteps(deps, key, mainSha, plan.red);
      return;
    }
  };
}

/** A mirror that holds every head and the newest landing, fetched where it does not. */
export async function openLaneMirror(
  { db, changes, context }: Pick<LandingQueueDeps, 'db' | 'changes' | 'context'>,
  { repository, baseBranch }: LaneKey,
  landings: readonly { headSha: string }[],
): Promise<GitRepository | undefined> {
  if ((await context.findRepository(repository)) === undefined) return undefined;
  const wanted = await store.lastMerge(db, { repository, baseBranch });
  let git = await context.openMirror(repository);
  for (const headSha of [
    ...landings.map((landing) => landing.headSha),
    ...(wanted ? [wanted] : []),
  ]) {
    if ((await git.resolve(headSha)) !== undefined) continue;
    git = await changes.openMirror({ repository, headSha, baseBranch });
  }
  return git;
}

/** First parents only: what landed, in the order it did. */
async function between(
  git: GitRepository,
  greenSha: string | null,
  redSha: string,
): Promise<string[]> {
  const shas: string[] = [];
  const from = greenSha === null ? undefined : await git.resolve(greenSha);
  const range = { to: redSha, from, firstParent: true, limit: MAX_SUSPECTS };
  for await (const { sha } of git.log(range)) shas.push(sha);
  return shas.reverse();
}

async function save(
  tx: Tx,
  deps: LandingQueueDeps,
  lane: Lane,
  mainSha: string,
  plan: LanePlan,
  git: GitRepository,
): Promise<boolean> {
  const { memory, greenSha, checks } = plan;
  const red = await withCulpritChange(tx, lane, plan.red);
  if (!(await lanes.saveLane(tx, { ...lane, memory, greenSha, checks, mainSha, red })))
    return false;
  if (plan.clear.length > 0) await store.clearLandings(tx, lane, plan.clear);
  if (plan.reject.length > 0) await store.rejectLandings(tx, lane, plan.reject);
  await lanes.insertBuilds(tx, lane, plan.known, 'passed');
  const hasNew = await lanes.wantBuilds(tx, lane, plan.builds);
  if (lane.red !== null && red === null) {
    await store.tellAgain(tx, lane);
    // What failed on a red branch may be somebody else's fault; with lanes it would be held against others.
    if (lane.strategy === 'lanes') await lanes.forgetFailures(tx, lane);
  }
  await store.markTested(
    tx,
    lane,
    plan.builds.flatMap(({ changes }) => changes),
  );
  for (const { changeId, tree, isFlaky } of plan.clear) {
    if (isFlaky) await deps.ledger.append(tx, landingFlaked(lane, { changeId, tree }));
  }
  await tellOfRed(tx, deps, lane, { red, mainSha }, git);
  const isCulpritNew = red?.culprit !== undefined && lane.red?.culprit === undefined;
  if (hasNew || isCulpritNew) tx.afterCommit(() => deps.db.notify(LANDING_CHANNEL, ''));
  return true;
}

async function withCulpritChange(tx: Tx, lane: LaneKey, red: Red | null): Promise<Red | null> {
  if (red?.culprit === undefined || red.culpritChangeId !== undefined) return red;
  const [change] = await tx.query<{ id: Id<'chg'> }>(
    `select id from loom.changes where repository = $1 and (merge_sha = $2 or head_sha = $2)
     order by merged_at desc nulls last limit 1`,
    [lane.repository, red.culprit],
  );
  return change === undefined ? red : { ...red, culpritChangeId: change.id };
}

/** Events, and words to people, of a branch that has become red, green, or whose culprit is known. */
async function tellOfRed(
  tx: Tx,
  deps: LandingQueueDeps,
  lane: Lane,
  { red, mainSha }: { red: Red | null; mainSha: string },
  git: GitRepository,
): Promise<void> {
  const { ledger } = deps;
  const name = nameOfLane(lane);
  const tell = (key: string, text: string) =>
    ledger.enqueue(tx, {
      target: 'notify',
      payload: { channel: deps.channel ?? 'log', text },
      idempotencyKey: `landing:${name}:${key}`,
      correlationId: name,
    });
  if (lane.red === null && red !== null) {
    await ledger.append(tx, landingPaused(lane, red));
    const words = `${lane.baseBranch} of ${lane.repository} is red at ${red.sha.slice(0, 12)}: ${red.check} fails. Nothing lands until it is green.`;
    await tell(`red:${red.since}`, words);
  }
  if (lane.red !== null && red === null) {
    await ledger.append(tx, landingResumed(lane, { sha: mainSha, reason: 'the branch is green' }));
    const words = `${lane.baseBranch} of ${lane.repository} is green again at ${mainSha.slice(0, 12)}; landing goes on.`;
    await tell(`green:${lane.red.since}`, words);
  }
  if (red?.culprit !== undefined && lane.red?.culprit === undefined) {
    const { culprit, culpritChangeId: changeId, check } = red;
    await ledger.append(tx, culpritFound(lane, { sha: culprit, changeId, check }));
    const title = (await git.commit(culprit))?.subject ?? '';
    await tell(`culprit:${red.since}`, `${check} fails since ${culprit.slice(0, 12)} (${title}).`);
  }
}

/** Told again until they have heard; what they have heard they do not hear twice. */
async function wakeSteps(
  { db, workflow }: LandingQueueDeps,
  key: LaneKey,
  mainSha: string,
  red: Red | null,
): Promise<void> {
  const landings = await store.listLandings(db, key);
  const front = landings
    .filter(({ state }) => state === 'cleared' || state === 'landing')
    .sort((a, b) => (a.clearedOrder ?? 0) - (b.clearedOrder ?? 0))[0];
  for (const landing of landings) {
    const isNext = landing === front && landing.state === 'cleared';
    if (!isNext && landing.state !== 'rejected') continue;
    const { runId, stepName, decisions, place } = landing;
    await db.transaction((tx) =>
      workflow.signal(tx, {
        runId,
        name: LANDING,
        body: { state: landing.state },
        dedupeKey: `landing:${stepName}:${place}:${decisions}:${mainSha}:${red?.since ?? ''}`,
        actor: ORCHESTRATION,
      }),
    );
  }
}
