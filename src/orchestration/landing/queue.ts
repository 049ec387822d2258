/**
 * The queue of landings: whoever arrives, leaves or was tested has the branch looked at, and a loop does
 * so now and then in case nobody told. Any node may look; the one that is later looks again.
 */
import {
  AppError,
  type BackgroundLoop,
  type Id,
  type JsonObject,
  startLoop,
  type Tx,
} from '#kernel';
import type { GitRepository } from '#git';
import type { Actor } from '#ledger';
import { createBuildRunner } from './builds.ts';
import { LANDING_CHANNEL, type LandingQueueDeps } from './deps.ts';
import { landingResumed, strategySet } from './events.ts';
import type { Landing, LandingState, LandingStrategy, Lane, LaneKey } from './lane.ts';
import * as lanes from './lane-store.ts';
import { createLook, openLaneMirror } from './look.ts';
import { proposeRevert } from './revert.ts';
import { type LandingLane, readQueue } from './read-queue.ts';
import * as store from './store.ts';
import { createReach } from './reach.ts';
import { createLayoutReader, targetsOf } from './read-targets.ts';
import { joinHeads } from './trees.ts';

export interface LandingQueue {
  /** Queues a change up, or finds where it stands; then looks who is next. */
  arrive(
    key: store.LandingKey,
    it: LaneKey & { changeId: Id<'chg'>; headSha: string },
  ): Promise<Landing>;
  /** Where a cleared change may land now, as the base it has to land on; why not, in words, else. */
  mayLand(landing: Landing, lane: LaneKey): Promise<{ baseSha: string } | { waits: string }>;
  /** Writes down how it ended; the next one is looked for after the commit. */
  leave(
    tx: Tx,
    key: store.LandingKey,
    to: { state: LandingState; baseSha?: string; output?: string; mergeSha?: string | undefined },
  ): Promise<void>;
  /** A check of the host ended on the newest commit of a branch. */
  noteHostCheck(
    it: LaneKey & { check: string; sha: string; verdict: 'pass' | 'fail' },
  ): Promise<void>;
  /** Has landing go on though the branch is red. @throws AppError `landing.not_paused`. */
  resume(lane: LaneKey, by: { reason: string; actor: Actor }): Promise<void>;
  /**
   * How the branch is landed on from now on; what is cleared already lands as it was cleared.
   * @throws AppError `landing.unknown_repository`.
   */
  setStrategy(
    lane: LaneKey,
    by: { strategy: LandingStrategy; reason: string; actor: Actor },
  ): Promise<void>;
  show(): Promise<LandingLane[]>;
  /** Looks, tests and proposes reverts in the background. */
  startLoop(options?: { start?: boolean }): BackgroundLoop;
}

const LOOK_EVERY_MS = 10_000;

export function createLandingQueue(deps: LandingQueueDeps): LandingQueue {
  const { db, ledger, clock, log } = deps;
  const look = createLook(deps);
  const runner = createBuildRunner(deps, look);
  const layouts = createLayoutReader();

  async function checksOf(runId: Id<'run'>, lane: LaneKey): Promise<Landing['checks']> {
    const passed = (await store.readChecks(db, runId)).filter(
      // The workflow may land what fails; then policy has seen that, and it is no news here.
      ({ output }) => output?.['checks'] === 'passed',
    );
    const shas = passed.map(({ output }) => textOf(output, 'testedSha'));
    const git = await openLaneMirror(deps, lane, []);
    return Promise.all(
      passed.map(async ({ options }, place) => {
        const sha = shas[place];
        const tree = sha === undefined ? undefined : await git?.treeOf(sha);
        return { options, tree: tree ?? null };
      }),
    );
  }

  async function arrive(
    key: store.LandingKey,
    it: LaneKey & { changeId: Id<'chg'>; headSha: string },
  ): Promise<Landing> {
    const checks = await checksOf(key.runId, it);
    const isNew = await db.transaction(async (tx) => {
      const entered = await store.enterQueue(tx, key, { ...it, checks });
      if (entered) await lanes.touchLane(tx, it);
      return entered;
    });
    const before = await store.findLanding(db, key);
    const isDecided = before?.state === 'cleared' || before?.state === 'rejected';
    if (isNew || !isDecided) await look(it);
    return (await store.findLanding(db, key))!;
  }

  async function mayLand(landing: Landing, lane: LaneKey) {
    const { red, strategy } = (await lanes.findLane(db, lane))!;
    if (
      red !== null &&
      !(red.revert?.state === 'proposed' && red.revert.branch === landing.branch)
    ) {
      return {
        waits: `${lane.baseBranch} is red (${red.check}), so nothing lands until it is green.`,
      };
    }
    const all = await store.listLandings(db, lane);
    const flight = all
      .filter(({ state }) => state === 'cleared' || state === 'landing')
      .sort((a, b) => (a.clearedOrder ?? 0) - (b.clearedOrder ?? 0));
    const ahead = flight.findIndex(({ changeId }) => changeId === landing.changeId);
    if (ahead > 0) return { waits: `Has passed and lands after ${flight[ahead - 1]!.branch}.` };
    const git = await openLaneMirror(deps, lane, all);
    const baseSha = await git?.resolve(`refs/heads/${lane.baseBranch}`);
    if (git === undefined || baseSha === undefined) {
      return { waits: `The mirror of ${lane.repository} is not here yet.` };
    }
    const group = flight.filter(({ clearedTree }) => clearedTree === landing.clearedTree);
    const heads = group.map(({ headSha }) => headSha);
    const joined = await joinHeads(git, baseSha, heads);
    if (!('conflicts' in joined) && landing.clearedTree !== null) {
      const members = group.map(({ changeId }) => changeId);
      if (await holds(git, { strategy, baseSha, all, members }, landing.clearedTree, joined.tree)) {
        return { baseSha };
      }
    }
    // Somebody went past the queue: what passed is not what would be there.
    await db.transaction(async (tx) => {
      for (const { runId, stepName } of flight) {
        await store.moveTo(tx, { runId, stepName }, { state: 'queued' });
      }
      await lanes.touchLane(tx, lane);
    });
    await look(lane);
    return { waits: `${lane.baseBranch} moved, so it is tested again.` };
  }

  /** Whether what was cleared as one tree may land as the other. */
  async function holds(
    git: GitRepository,
    of: Pick<Lane, 'strategy'> & {
      baseSha: string;
      all: readonly Landing[];
      members: readonly Id<'chg'>[];
    },
    cleared: string,
    tree: string,
  ): Promise<boolean> {
    if (cleared === tree) return true;
    if (of.strategy === 'serial') return false;
    const layout = await layouts.read(git, of.baseSha);
    const reach = createReach({
      lane: of,
      targets: await targetsOf(git, layout, of.baseSha, of.all),
      differ: async (a, b) => layout.affectedBy(await git.differingPaths(a, b)),
    });
    reach.holds(cleared, tree, of.members);
    await reach.findMissing();
    return reach.holds(cleared, tree, of.members) === true;
  }

  async function setStrategy(
    lane: LaneKey,
    { strategy, reason, actor }: { strategy: LandingStrategy; reason: string; actor: Actor },
  ): Promise<void> {
    if ((await deps.context.findRepository(lane.repository)) === undefined) {
      throw new AppError('not_found', 'landing.unknown_repository', {
        message: `There is no repository ${lane.repository}.`,
        hint: 'GET /v1/repositories lists those that are imported.',
      });
    }
    await db.transaction(async (tx) => {
      const before = await lanes.setStrategy(tx, lane, strategy);
      if (before === undefined) return;
      await ledger.append(tx, strategySet(lane, { strategy, before, reason, actor }));
      tx.afterCommit(() => db.notify(LANDING_CHANNEL, ''));
    });
    await look(lane);
  }

  async function leave(
    tx: Tx,
    key: store.LandingKey,
    to: { state: LandingState; baseSha?: string; output?: string; mergeSha?: string | undefined },
  ): Promise<void> {
    await store.moveTo(tx, key, to);
    const landing = await store.findLanding(tx, key);
    if (landing !== undefined) await lanes.touchLane(tx, landing);
    tx.afterCommit(() => db.notify(LANDING_CHANNEL, ''));
  }

  async function resume(lane: LaneKey, by: { reason: string; actor: Actor }): Promise<void> {
    await db.transaction(async (tx) => {
      const known = await lanes.findLane(tx, lane);
      if (known?.red == null) {
        throw new AppError('conflict', 'landing.not_paused', {
          message: `Landing on ${lane.baseBranch} of ${lane.repository} is not paused.`,
          hint: 'GET /v1/landing-queue shows every branch and whether it is red.',
        });
      }
      // What was said of this commit is overruled, until somebody says something of another.
      const hostChecks = { ...known.hostChecks };
      delete hostChecks[known.red.check];
      await tx.query(
        `update loom.landing_lanes set version = version + 1, red = null, checks = null,
           host_checks = $3::jsonb,
           -- With lanes older commits are looked at as well.
           green_sha = case when strategy = 'lanes' then main_sha else green_sha end
         where repository = $1 and base_branch = $2`,
        [lane.repository, lane.baseBranch, JSON.stringify(hostChecks)],
      );
      await store.tellAgain(tx, lane);
      const sha = known.mainSha ?? known.red.sha;
      await ledger.append(tx, landingResumed(lane, { sha, ...by }));
      tx.afterCommit(() => db.notify(LANDING_CHANNEL, ''));
    });
    await look(lane);
  }

  async function hasMoved({ repository, baseBranch }: LaneKey, mainSha: string | null) {
    if ((await deps.context.findRepository(repository)) === undefined) return false;
    const git = await deps.context.openMirror(repository);
    return (await git.resolve(`refs/heads/${baseBranch}`)) !== mainSha;
  }

  async function lookAtAll(): Promise<number> {
    let moved = 0;
    for (const { isIdle, mainSha, ...lane } of await lanes.lanesToLookAt(db)) {
      // Somebody may have gone past the queue: then the branch is tested as it is.
      if (isIdle && !(await hasMoved(lane, mainSha))) continue;
      const before = await lanes.findLane(db, lane);
      await look(lane);
      const after = await lanes.findLane(db, lane);
      if (after?.red != null && (await proposeRevert(deps, after))) moved += 1;
      if (JSON.stringify(before?.memory) !== JSON.stringify(after?.memory)) moved += 1;
    }
    return moved;
  }

  return {
    arrive,
    mayLand,
    leave,
    resume,
    setStrategy,
    async noteHostCheck({ check, sha, verdict, ...lane }) {
      if ((await lanes.findLane(db, lane)) === undefined) return;
      await db.transaction((tx) => lanes.noteHostCheck(tx, lane, { check, sha, verdict }));
      await look(lane);
    },
    show: () => readQueue(db),
    startLoop({ start } = {}) {
      const loop = startLoop({
        name: 'landing',
        everyMs: LOOK_EVERY_MS,
        clock,
        log,
        start,
        async work() {
          await lookAtAll();
          // They go on by themselves, and have the branch looked at when they end.
          void (await runner.begin());
          await lanes.dropOldBuilds(db);
          // Builds tell of their end themselves; nothing is looked at in a circle.
          return 0;
        },
        async runOnce() {
          const moved = await lookAtAll();
          const begun = await runner.begin();
          await Promise.all(begun);
          return moved + begun.length;
        },
        listen: (bell, signal) => db.listen(LANDING_CHANNEL, () => bell.ring(), signal),
      });
      return {
        name: loop.name,
        runOnce: () => loop.runOnce(),
        health: () => loop.health(),
        async [Symbol.asyncDispose]() {
          await runner.stop();
          await loop[Symbol.asyncDispose]();
        },
      };
    },
  };
}

function textOf(output: JsonObject | null, key: string): string | undefined {
  const value = output?.[key];
  return typeof value === 'string' ? value : undefined;
}
