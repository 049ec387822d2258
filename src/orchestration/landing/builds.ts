/**
 * Tests the trees the queue wants: on any node, as many at once as there are places over all nodes. A
 * build that is not wanted any more is stopped; one of a node that died is taken up by another.
 */
import type { LandingQueueDeps } from './deps.ts';
import { landingTested } from './events.ts';
import type { LaneBuild, LaneKey } from './lane.ts';
import * as lanes from './lane-store.ts';
import { openLaneMirror } from './look.ts';
import { joinHeads } from './trees.ts';

const MAX_OUTPUT = 16_000;

export interface BuildRunner {
  /** Begins what there is room for; gives the ends of what it began. */
  begin(): Promise<Promise<void>[]>;
  stop(): Promise<void>;
}

export function createBuildRunner(
  deps: LandingQueueDeps,
  onEnd: (lane: LaneKey) => Promise<void>,
): BuildRunner {
  const { db, ledger, node, leaseMs, slots } = deps;
  const log = deps.log.child({ room: 'landing' });
  const stopping = new AbortController();
  const atWork = new Set<Promise<void>>();

  async function run(build: LaneBuild & LaneKey): Promise<void> {
    const wanted = new AbortController();
    const signal = AbortSignal.any([wanted.signal, stopping.signal]);
    const renewing = setInterval(() => {
      lanes.renewBuild(db, { id: build.id, node, leaseMs }).then(
        (isWanted) => isWanted || wanted.abort(),
        (error: unknown) => log.warn({ err: error }, 'a build could not renew its lease'),
      );
    }, leaseMs / 3);
    try {
      const result = await test(build, signal);
      await db.transaction(async (tx) => {
        const { outcome } = result;
        const state = outcome === 'stopped' ? 'queued' : outcome;
        const words = outcome === 'failed' ? result : undefined;
        const { command, output } = words ?? {};
        const cut = output?.trim().slice(-MAX_OUTPUT);
        if (!(await lanes.endBuild(tx, { id: build.id, node, state, command, output: cut })))
          return;
        if (outcome === 'stopped') return;
        await lanes.touchLane(tx, build);
        const facts = { outcome, command: command ?? null };
        await ledger.append(tx, landingTested(build, build, facts));
      });
    } finally {
      clearInterval(renewing);
    }
    if (!stopping.signal.aborted) await onEnd(build);
  }

  async function test(build: LaneBuild & LaneKey, signal: AbortSignal) {
    const { repository, baseBranch, baseSha, heads, checks } = build;
    const needed = [...heads, baseSha].map((headSha) => ({ headSha }));
    const git = await openLaneMirror(deps, { repository, baseBranch }, needed);
    const joined = git === undefined ? undefined : await joinHeads(git, baseSha, heads);
    if (git === undefined || joined === undefined || 'conflicts' in joined) {
      return { outcome: 'stopped' } as const;
    }
    for (const check of checks) {
      const tested = await deps.test(git, { sha: joined.sha, baseSha, check }, signal);
      if (tested.outcome !== 'passed') return tested;
    }
    return { outcome: 'passed' } as const;
  }

  return {
    async begin() {
      const begun: Promise<void>[] = [];
      while (!stopping.signal.aborted && atWork.size < slots) {
        const build = await db.transaction((tx) =>
          lanes.claimBuild(tx, { node, leaseMs, limit: slots }),
        );
        if (build === undefined) break;
        const work: Promise<void> = run(build)
          .catch((error: unknown) => {
            // Its lease ends, and it is taken up again.
            log.error({ err: error, build: build.id }, 'a build of the landing queue broke off');
          })
          .finally(() => atWork.delete(work));
        atWork.add(work);
        begun.push(work);
      }
      return begun;
    },
    async stop() {
      stopping.abort();
      await Promise.all(atWork);
    },
  };
}
