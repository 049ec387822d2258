/**
 * One look at a branch: what is known goes in, what to decide and to test comes out. It asks git for
 * trees and nothing else; the caller writes down what it says.
 *
 * The order of landing is one for the whole branch, and what is tested is the exact tree the branch
 * will have; changes behind are tested ahead of time on those before them.
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

class Planner {
  readonly #view: LaneView;
  readonly #byId: ReadonlyMap<ChangeId, Landing>;
  readonly #builds: ReadonlyMap<string, LaneBuild>;
  readonly #joined = new Map<string, Joined>();
  /** Bases and heads whose tree was asked for and is not known yet. */
  readonly #missing = new Map<string, { baseSha: string; heads: readonly string[] }>();
  /** Cleared or being landed, in the order they land. */
  #inFlight: Landing[];
  #waiting: Landing[];

  constructor(view: LaneView) {
    this.#view = view;
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
    const { lane, mainSha } = this.#view;
    const main = await this.#judgeMain();
    const result: LanePlan = {
      memory: lane.memory,
      clear: [],
      reject: [],
      builds: [],
      known: [],
      greenSha: main.state === 'green' ? mainSha : lane.greenSha,
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
    await this.#settle(result, { mayReject: main.wanted === undefined });
    return result;
  }

  /** Decides as long as there is something to decide, then names the builds. */
  async #settle(result: LanePlan, { mayReject }: { mayReject: boolean }): Promise<void> {
    let memory = result.memory;
    for (let turn = 0; turn < MAX_GROUPS_DECIDED; turn += 1) {
      const decision = schedule(memory, this.#queue(), DEFAULT_SETTINGS);
      if (this.#missing.size > 0) {
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
        result.builds.push(...decision.builds.flatMap((build) => this.#wantedOf(build) ?? []));
        break;
      }
    }
    result.memory = memory;
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
        touchesEverything: false,
      })),
      near: () => true,
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

  async #findMissing(): Promise<void> {
    for (const [name, { baseSha, heads }] of this.#missing) {
      this.#joined.set(name, await this.#view.join(baseSha, heads));
    }
    this.#missing.clear();
  }

  #buildOf(build: Build<ChangeId>): LaneBuild | undefined {
    const joined = this.#treeOf(this.#view.mainSha, this.#headsOf(build));
    if (joined === undefined || 'conflicts' in joined) return undefined;
    const key = keyOfBuild(joined.tree, this.#checksOf(build.changes));
    return this.#builds.get(`${key}~${build.attempt}`);
  }

  #verdict(build: Build<ChangeId>): 'pass' | 'fail' | undefined {
    const joined = this.#treeOf(this.#view.mainSha, this.#headsOf(build));
    if (joined === undefined) return undefined;
    if ('conflicts' in joined) return 'fail';
    const known = this.#buildOf(build);
    if (known?.state === 'passed') return 'pass';
    if (known?.state === 'failed') return 'fail';
    return this.#hasPassedAlready(joined.tree, build.changes) ? 'pass' : undefined;
  }

  /** What the runs of the changes said of this very tree counts. */
  #hasPassedAlready(tree: string, changes: readonly ChangeId[]): boolean {
    const passed = new Set(
      changes.flatMap((id) =>
        this.#byId
          .get(id)!
          .checks.filter((check) => check.tree === tree)
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

  #clear(result: LanePlan, group: readonly ChangeId[], isFlaky: boolean): void {
    const build = { changes: group, assumed: [], attempt: 0 };
    const wanted = this.#wantedOf(build)!;
    if (this.#buildOf(build) === undefined) result.known.push(wanted);
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
      const onto = [mainSha, ...this.#inFlight.map(({ headSha }) => headSha)];
      const { headSha } = this.#byId.get(changeId)!;
      const { command, output } = failed ?? { command: null, output: '' };
      const note = reproduce({ baseBranch: lane.baseBranch, headSha, onto, command, output });
      result.reject.push({ changeId, note });
    }
    this.#waiting = this.#waiting.filter(({ changeId }) => !group.includes(changeId));
  }

  /** The branch as it is, held to what landed on it last. */
  async #judgeMain(): Promise<{
    state: 'green' | 'red' | 'unknown';
    wanted?: WantedBuild;
    failed?: LaneBuild;
  }> {
    const { lane, mainSha } = this.#view;
    if (lane.checks === null || lane.checks.length === 0) return { state: 'unknown' };
    const of = await this.#buildsOfCommit(mainSha, lane.checks);
    if (of.some(({ state }) => state === 'passed')) return { state: 'green' };
    const failed = of.filter(({ state }) => state === 'failed');
    // A flake is no reason to stop everybody: red is what failed twice.
    if (failed.length > 1) return { state: 'red', failed: failed.at(-1)! };
    // What is about to land has passed on top of it: the branch is known as soon as that is there.
    if (failed.length === 0 && this.#inFlight.length > 0) return { state: 'unknown' };
    const wanted = await this.#commitBuild('main', mainSha, lane.checks, failed.length);
    return { state: 'unknown', wanted };
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

  async #redOf(main: { state: string; failed?: LaneBuild }): Promise<Red | null> {
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
      sha: mainSha,
      since: now.toISOString(),
      output: (main.failed?.output ?? '').slice(-4_000),
      suspects: await this.#view.between(lane.greenSha, mainSha),
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
