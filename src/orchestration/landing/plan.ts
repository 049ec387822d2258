/**
 * One look at a branch: what is known goes in, what to decide and to test comes out. It asks git for
 * trees and nothing else; the caller writes down what it says.
 *
 * On a serial branch the order of landing is one, and what is tested is the exact tree the branch will have;
 * with lanes it is one that differs nowhere near the change (reach.ts). Changes behind are tested ahead of
 * time on those near them that are before.
 */
import { createHash } from 'node:crypto';
import type { Id } from '#kernel';
import { bisect } from './bisect.ts';
import type { Check, Landing, Lane, LaneBuild, Red, WantedBuild } from './lane.ts';
import {
  type Build,
  DEFAULT_SETTINGS,
  type QueueMemory,
  type QueueView,
  schedule,
} from './scheduler.ts';
import { createReach, guardedCommit, type Reach } from './reach.ts';
import type { Targets } from './targets.ts';
import type { Joined } from './trees.ts';

type ChangeId = Id<'chg'>;

export interface LaneView {
  lane: Lane;
  /** Those that have not landed, in order of arrival. */
  landings: readonly Landing[];
  builds: readonly LaneBuild[];
  mainSha: string;
  slots: number;
  flakeRate: number;
  faultRate: number;
  now: Date;
  /** Heads merged onto a commit of the branch. */
  join(baseSha: string, heads: readonly string[]): Promise<Joined>;
  /** What each landing may break; on a branch with lanes only. */
  targets: ReadonlyMap<ChangeId, Targets>;
  /** What the differences of two trees may break. */
  differ(a: string, b: string): Promise<Targets>;
  isAncestor(ancestor: string, descendant: string): Promise<boolean>;
  /** Commits of the branch after the first and up to the second, in the order they landed. */
  between(greenSha: string | null, redSha: string): Promise<string[]>;
}

export interface LanePlan {
  memory: QueueMemory<ChangeId>;
  clear: { changeId: ChangeId; tree: string; order: number; isFlaky: boolean }[];
  /** With what their authors need to see why. */
  reject: { changeId: ChangeId; note: string }[];
  /** Most urgent first; what is not named is not wanted any more. */
  builds: WantedBuild[];
  /** Trees that passed in a change's own run, so that nobody tests them again. */
  known: WantedBuild[];
  greenSha: string | null;
  checks: Check[] | null;
  red: Red | null;
}

const MAX_GROUPS_DECIDED = 500;

export async function planLane(view: LaneView): Promise<LanePlan> {
  return new Planner(view).plan();
}

/** Equal keys come to the same result: the tree, and what has to pass on it. */
export function keyOfBuild(tree: string, checks: readonly Check[]): string {
  const text = JSON.stringify([tree, checks.map((check) => JSON.stringify(check)).sort()]);
  return createHash('sha256').update(text).digest('hex');
}

/** Each once, in order. */
export function uniqueChecks(checks: readonly Check[]): Check[] {
  return [...new Map(checks.map((check) => [JSON.stringify(check), check])).values()];
}

/** What an author needs to see the failure with their own eyes: the tree, and the command. */
function reproduce(of: {
  baseBranch: string;
  headSha: string;
  onto: readonly string[];
  command: string | null;
  output: string;
}): string {
  const merges = of.onto.map((sha) => `git merge --no-edit ${sha}`);
  const steps = ['git fetch origin', `git checkout ${of.headSha}`, ...merges, of.command ?? 'true'];
  return [
    `It fails on the ${of.baseBranch} it would make. To see it:`,
    steps.join(' && '),
    of.output.trim().slice(-4_000),
  ].join('\n');
}

const isSame = (tested: string, _id: ChangeId, tree: string) => tested === tree;

class Planner {
  readonly #view: LaneView;
  readonly #byId: ReadonlyMap<ChangeId, Landing>;
  readonly #builds: ReadonlyMap<string, LaneBuild>;
  readonly #reach: Reach;
  readonly #joined = new Map<string, Joined>();
  /** Bases and heads whose tree was asked for and is not known yet. */
  readonly #missing = new Map<string, { baseSha: string; heads: readonly string[] }>();
  /** Commits, and whether the newest green one of the branch holds them; those nobody has looked at. */
  readonly #green = new Map<string, boolean>();
  readonly #missingGreen = new Set<string>();
  /** Cleared or being landed, in the order they land. */
  #inFlight: Landing[];
  #waiting: Landing[];

  constructor(view: LaneView) {
    this.#view = view;
    this.#reach = createReach(view);
    this.#byId = new Map(view.landings.map((landing) => [landing.changeId, landing]));
    this.#builds = new Map(view.builds.map((build) => [`${build.key}~${build.attempt}`, build]));
    const isInFlight = ({ state }: Landing) => state === 'cleared' || state === 'landing';
    this.#inFlight = view.landings
      .filter(isInFlight)
      .sort((a, b) => (a.clearedOrder ?? 0) - (b.clearedOrder ?? 0));
    this.#waiting = view.landings.filter(
      (landing) => landing.state === 'queued' || landing.state === 'testing',
    );
  }

  async plan(): Promise<LanePlan> {
    const { lane } = this.#view;
    const main = await this.#judgeMain();
    const result: LanePlan = {
      memory: lane.memory,
      clear: [],
      reject: [],
      builds: [],
      known: [],
      greenSha: main.state === 'green' ? main.sha : lane.greenSha,
      checks: lane.checks,
      red: await this.#redOf(main),
    };
    if (main.wanted !== undefined) result.builds.push(main.wanted);
    if (result.red !== null) {
      await this.#seekCulprit(result);
      // A revert that was proposed may land; nothing else does, and nobody is blamed for a red base.
      const { revert } = result.red;
      this.#waiting = this.#waiting.filter(
        ({ branch }) => revert?.state === 'proposed' && branch === revert.branch,
      );
      if (this.#waiting.length === 0) return result;
    }
    const hasLanes = lane.strategy === 'lanes' && lane.greenSha !== null;
    await this.#settle(result, { mayReject: main.wanted === undefined || hasLanes });
    return result;
  }

  /** Decides as long as there is something to decide, then names the builds. */
  async #settle(result: LanePlan, { mayReject }: { mayReject: boolean }): Promise<void> {
    let memory = result.memory;
    for (let turn = 0; turn < MAX_GROUPS_DECIDED; turn += 1) {
      const decision = schedule(memory, this.#queue(), DEFAULT_SETTINGS);
      if (this.#isMissing()) {
        await this.#findMissing();
        continue;
      }
      // Whether the branch itself is at fault is found out first.
      if (decision.eject.length > 0 && !mayReject) break;
      const wasRetried = memory.retried.includes(JSON.stringify(decision.land));
      memory = decision.memory;
      if (decision.land.length > 0) this.#clear(result, decision.land, wasRetried);
      else if (decision.eject.length > 0) this.#reject(result, decision.eject);
      else if (decision.retry.length === 0) {
        result.builds.push(
          ...decision.builds.flatMap((build) => this.#atWorkOrWanted(build) ?? []),
        );
        break;
      }
    }
    result.memory = memory;
  }

  /**
   * Whether a failure is held against the changes under test. With lanes what they were tested on top of may
   * be at fault, and the branch is nearly always being tested: it counts once a commit that holds all of it
   * has passed.
   */
  #countsAgainst(failed: LaneBuild, changes: readonly ChangeId[]): boolean {
    const { strategy, greenSha } = this.#view.lane;
    if (strategy === 'serial' || greenSha === null) return true;
    const own = new Set(changes.map((id) => this.#byId.get(id)!.headSha));
    const below = [failed.baseSha, ...failed.heads.filter((head) => !own.has(head))];
    for (const sha of below) if (!this.#green.has(sha)) this.#missingGreen.add(sha);
    return below.every((sha) => this.#green.get(sha) === true);
  }

  #queue(): QueueView<ChangeId> {
    const { slots, flakeRate, faultRate, now } = this.#view;
    return {
      slots,
      flakeRate,
      conflictRate: 0.02,
      waiting: this.#waiting.map(({ changeId, queuedAt }) => ({
        id: changeId,
        waitedMinutes: (now.getTime() - queuedAt.getTime()) / 60_000,
        failureChance: faultRate,
        touchesEverything: this.#reach.touchesEverything(changeId),
      })),
      near: (a, b) => this.#reach.near(a, b),
      verdict: (build) => this.#verdict(build),
      isRunning: (build) => this.#buildOf(build)?.state === 'running',
    };
  }

  #headsOf({ changes, assumed }: Pick<Build<ChangeId>, 'changes' | 'assumed'>): string[] {
    const ahead = this.#inFlight.map(({ headSha }) => headSha);
    return [...ahead, ...[...assumed, ...changes].map((id) => this.#byId.get(id)!.headSha)];
  }

  #checksOf(changes: readonly ChangeId[]): Check[] {
    return uniqueChecks(
      changes.flatMap((id) => this.#byId.get(id)!.checks.map(({ options }) => options)),
    );
  }

  #treeOf(baseSha: string, heads: readonly string[]): Joined | undefined {
    const name = [baseSha, ...heads].join(' ');
    const known = this.#joined.get(name);
    if (known === undefined) this.#missing.set(name, { baseSha, heads });
    return known;
  }

  #isMissing(): boolean {
    return this.#missing.size > 0 || this.#missingGreen.size > 0 || this.#reach.hasMissing();
  }

  async #findMissing(): Promise<void> {
    for (const [name, { baseSha, heads }] of this.#missing) {
      this.#joined.set(name, await this.#view.join(baseSha, heads));
    }
    this.#missing.clear();
    const { greenSha } = this.#view.lane;
    for (const sha of this.#missingGreen) {
      this.#green.set(sha, greenSha !== null && (await this.#view.isAncestor(sha, greenSha)));
    }
    this.#missingGreen.clear();
    await this.#reach.findMissing();
  }

  #buildOf(build: Build<ChangeId>): LaneBuild | undefined {
    const joined = this.#treeOf(this.#view.mainSha, this.#headsOf(build));
    if (joined === undefined || 'conflicts' in joined) return undefined;
    const { changes, attempt } = build;
    const checks = this.#checksOf(changes);
    const exact = this.#builds.get(`${keyOfBuild(joined.tree, checks)}~${attempt}`);
    return exact ?? this.#builds.values().find((known) => this.#tellsOf(known, build, joined.tree));
  }

  /** Whether a build of another tree tells of this one: the same changes and checks, and nothing near them. */
  #tellsOf(known: LaneBuild, { changes, attempt }: Build<ChangeId>, tree: string): boolean {
    return (
      known.kind === 'landing' &&
      known.attempt === attempt &&
      known.changes.length === changes.length &&
      changes.every((id) => known.changes.includes(id)) &&
      known.key === keyOfBuild(known.tree, this.#checksOf(changes)) &&
      this.#reach.holds(known.tree, tree, changes) === true
    );
  }

  #verdict(build: Build<ChangeId>): 'pass' | 'fail' | undefined {
    const joined = this.#treeOf(this.#view.mainSha, this.#headsOf(build));
    if (joined === undefined) return undefined;
    if ('conflicts' in joined) return 'fail';
    const known = this.#buildOf(build);
    if (known?.state === 'passed') return 'pass';
    if (known?.state === 'failed') {
      return this.#countsAgainst(known, build.changes) ? 'fail' : undefined;
    }
    const holds = (tested: string, id: ChangeId) =>
      this.#reach.holds(tested, joined.tree, [id]) === true;
    return this.#hasPassedAlready(joined.tree, build.changes, holds) ? 'pass' : undefined;
  }

  /** What the runs of the changes said of this very tree counts, or of one that is as good. */
  #hasPassedAlready(
    tree: string,
    changes: readonly ChangeId[],
    isAsGood: (tested: string, id: ChangeId, tree: string) => boolean,
  ): boolean {
    const passed = new Set(
      changes.flatMap((id) =>
        this.#byId
          .get(id)!
          .checks.filter((check) => check.tree !== null && isAsGood(check.tree, id, tree))
          .map(({ options }) => JSON.stringify(options)),
      ),
    );
    return this.#checksOf(changes).every((check) => passed.has(JSON.stringify(check)));
  }

  #wantedOf(build: Build<ChangeId>, kind: LaneBuild['kind'] = 'landing'): WantedBuild | undefined {
    const { mainSha } = this.#view;
    const heads = this.#headsOf(build);
    const joined = this.#treeOf(mainSha, heads);
    if (joined === undefined || 'conflicts' in joined) return undefined;
    const checks = this.#checksOf(build.changes);
    return {
      kind,
      key: keyOfBuild(joined.tree, checks),
      attempt: build.attempt,
      baseSha: mainSha,
      heads,
      changes: [...build.changes],
      assumed: [...build.assumed],
      tree: joined.tree,
      checks,
    };
  }

  /** What runs already on a tree that differs nowhere near goes on. */
  #atWorkOrWanted(build: Build<ChangeId>): WantedBuild | undefined {
    const known = this.#buildOf(build);
    // A failure that is not held against anybody yet is no reason to test the same again.
    if (known?.state === 'failed') return undefined;
    return known ?? this.#wantedOf(build);
  }

  #clear(result: LanePlan, group: readonly ChangeId[], isFlaky: boolean): void {
    const build = { changes: group, assumed: [], attempt: 0 };
    const wanted = this.#wantedOf(build)!;
    const isNew = this.#buildOf(build) === undefined;
    if (isNew && this.#hasPassedAlready(wanted.tree, group, isSame)) result.known.push(wanted);
    result.checks = wanted.checks.length > 0 ? wanted.checks : result.checks;
    const last = Math.max(0, ...this.#inFlight.map(({ clearedOrder }) => clearedOrder ?? 0));
    for (const [place, changeId] of group.entries()) {
      const order = last + place + 1;
      result.clear.push({ changeId, tree: wanted.tree, order, isFlaky });
      const landing = this.#byId.get(changeId)!;
      this.#inFlight.push({ ...landing, state: 'cleared', clearedOrder: order });
    }
    this.#waiting = this.#waiting.filter(({ changeId }) => !group.includes(changeId));
  }

  #reject(result: LanePlan, group: readonly ChangeId[]): void {
    const { mainSha, lane } = this.#view;
    for (const changeId of group) {
      const build = { changes: [changeId], assumed: [], attempt: 0 };
      const joined = this.#treeOf(mainSha, this.#headsOf(build));
      if (joined !== undefined && 'conflicts' in joined) {
        const shown = joined.conflicts.slice(0, 10).join(', ');
        const note = `Conflicts with ${lane.baseBranch} in ${shown}: rebase and push.`;
        result.reject.push({ changeId, note });
        continue;
      }
      const failed = this.#buildOf({ ...build, attempt: 1 }) ?? this.#buildOf(build);
      const { headSha } = this.#byId.get(changeId)!;
      const {
        command,
        output,
        baseSha,
        heads: tested,
      } = failed ?? { command: null, output: '', baseSha: mainSha, heads: this.#headsOf(build) };
      const onto = [baseSha, ...tested.filter((sha) => sha !== headSha)];
      const note = reproduce({ baseBranch: lane.baseBranch, headSha, onto, command, output });
      result.reject.push({ changeId, note });
    }
    this.#waiting = this.#waiting.filter(({ changeId }) => !group.includes(changeId));
  }

  /** The branch as it is, held to what landed on it last. */
  async #judgeMain(): Promise<{
    state: 'green' | 'red' | 'unknown';
    /** The commit that was judged; with lanes it may be a little behind. */
    sha: string;
    wanted?: WantedBuild;
    failed?: LaneBuild;
  }> {
    const { lane, mainSha } = this.#view;
    if (lane.checks === null || lane.checks.length === 0) return { state: 'unknown', sha: mainSha };
    const hasLanes = lane.strategy === 'lanes';
    const sha = hasLanes && lane.red === null ? await this.#guarded(lane.checks) : mainSha;
    const of = await this.#buildsOfCommit(sha, lane.checks);
    if (of.some(({ state }) => state === 'passed')) return { state: 'green', sha };
    const failed = of.filter(({ state }) => state === 'failed');
    // A flake is no reason to stop everybody: red is what failed twice.
    if (failed.length > 1) return { state: 'red', sha, failed: failed.at(-1)! };
    // What is about to land has passed on top of it: the branch is known as soon as that is there. With
    // lanes it has passed on something else.
    if (failed.length === 0 && this.#inFlight.length > 0 && !hasLanes) {
      return { state: 'unknown', sha };
    }
    const wanted = await this.#commitBuild('main', sha, lane.checks, failed.length);
    return { state: 'unknown', sha, wanted };
  }

  async #guarded(checks: readonly Check[]): Promise<string> {
    const { lane, mainSha, builds, between } = this.#view;
    const sha = guardedCommit(mainSha, builds);
    if (sha === mainSha) return mainSha;
    // It was mended, or overruled, since.
    if (lane.greenSha !== null && (await between(lane.greenSha, sha)).length === 0) return mainSha;
    const ofNewest = await this.#buildsOfCommit(mainSha, checks);
    return ofNewest.some(({ state }) => state === 'passed') ? mainSha : sha;
  }

  async #buildsOfCommit(sha: string, checks: readonly Check[]): Promise<LaneBuild[]> {
    const joined = await this.#view.join(sha, []);
    if ('conflicts' in joined) return [];
    const key = keyOfBuild(joined.tree, checks);
    return [0, 1].flatMap((attempt) => this.#builds.get(`${key}~${attempt}`) ?? []);
  }

  async #commitBuild(
    kind: 'main' | 'bisect',
    sha: string,
    checks: Check[],
    attempt: number,
  ): Promise<WantedBuild> {
    const joined = await this.#view.join(sha, []);
    if ('conflicts' in joined) throw new Error('a commit does not conflict with itself');
    const { tree } = joined;
    const key = keyOfBuild(tree, checks);
    return { kind, key, attempt, baseSha: sha, heads: [], changes: [], assumed: [], tree, checks };
  }

  async #redOf(main: { state: string; sha: string; failed?: LaneBuild }): Promise<Red | null> {
    const { lane, mainSha, now } = this.#view;
    const before = lane.red;
    if (before?.source === 'host') {
      return lane.hostChecks[before.check]?.[mainSha] === 'pass' ? null : before;
    }
    const host = Object.entries(lane.hostChecks).find(([, by]) => by[mainSha] === 'fail');
    if (before === null && host !== undefined) {
      const [check, by] = host;
      const suspects = await this.#view.between(null, mainSha);
      const green = suspects.findLastIndex((sha) => by[sha] === 'pass');
      return {
        source: 'host',
        check,
        sha: mainSha,
        since: now.toISOString(),
        output: '',
        // Without a commit that passed, only the newest can be named.
        suspects: green < 0 ? [] : suspects.slice(green + 1),
      };
    }
    if (main.state === 'green') return null;
    if (before !== null || main.state !== 'red') return before;
    return {
      source: 'build',
      check: main.failed?.command ?? 'check',
      sha: main.sha,
      since: now.toISOString(),
      output: (main.failed?.output ?? '').slice(-4_000),
      suspects: await this.#view.between(lane.greenSha, main.sha),
    };
  }

  async #seekCulprit(result: LanePlan): Promise<void> {
    const { lane } = this.#view;
    const red = result.red!;
    if (red.culprit !== undefined) return;
    const verdicts = new Map<string, 'pass' | 'fail'>();
    for (const sha of red.suspects) {
      const host = red.source === 'host' ? lane.hostChecks[red.check]?.[sha] : undefined;
      const own = red.source === 'build' ? await this.#buildsOfCommit(sha, lane.checks ?? []) : [];
      if (own.some(({ state }) => state === 'passed')) verdicts.set(sha, 'pass');
      else if (own.some(({ state }) => state === 'failed')) verdicts.set(sha, 'fail');
      else if (host !== undefined) verdicts.set(sha, host);
    }
    const next = bisect(red.suspects, (sha) => verdicts.get(sha));
    if (next === undefined) return;
    if ('culprit' in next) result.red = { ...red, culprit: next.culprit };
    else if (red.source === 'build') {
      result.builds.push(await this.#commitBuild('bisect', next.ask, lane.checks ?? [], 0));
    }
  }
}
