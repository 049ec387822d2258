/**
 * Asks policy again where its answer may have changed by itself: a freeze began or ended, or another
 * version of the organisation's policy took force, or the work item got other labels or another priority. Pushes, approvals and moves of the base are news of
 * their own.
 */
import { AppError, type BackgroundLoop, type Id, MAX_PAGE_SIZE, startLoop } from '#kernel';
import { ORCHESTRATION } from '../deps.ts';
import type { ChangeDeps } from './deps.ts';
import * as store from './store.ts';

export function createReconsiderLoop(
  deps: Pick<ChangeDeps, 'db' | 'clock' | 'log' | 'context' | 'policy' | 'workflow'> & {
    everyMs?: number;
  },
): BackgroundLoop {
  const { clock, log, everyMs = 30_000 } = deps;
  const watch = createMomentWatch(deps);
  return startLoop({
    name: 'reconsider',
    everyMs,
    clock,
    log,
    work: async () => {
      await watch();
      // What was found is told; looking again at once would find nothing new.
      return 0;
    },
  });
}

/** One look at every repository; gives how many runs were told. */
export function createMomentWatch(
  deps: Pick<ChangeDeps, 'db' | 'clock' | 'log' | 'context' | 'policy' | 'workflow'>,
): () => Promise<number> {
  const { db, clock, log, context, policy, workflow } = deps;
  /** Last seen by repository and branch. Forgotten with the process: a run told twice only looks twice. */
  const seen = new Map<string, string>();
  /** Labels and priority of the work of each waiting change, as of the last look. */
  let seenWork = new Map<string, string>();

  /** Work that was marked otherwise since the last look may be under other rules now. */
  async function lookAtWork(): Promise<number> {
    const works = await store.workOfWaiting(db);
    let told = 0;
    for (const { runId, mark } of works) {
      const before = seenWork.get(runId);
      if (before === undefined || before === mark) continue;
      await db.transaction((tx) =>
        workflow.signal(tx, {
          runId,
          name: 'review',
          body: {
            decision: 'reconsider',
            reason: 'its work item has other labels or another priority',
          },
          dedupeKey: `work:${mark}:${clock.now().toISOString().slice(0, 16)}`,
          actor: ORCHESTRATION,
        }),
      );
      told += 1;
    }
    seenWork = new Map(works.map(({ runId, mark }) => [runId, mark]));
    return told;
  }

  async function look(repository: string): Promise<number> {
    const waiting = (await store.openChanges(db, repository)).filter(
      (change): change is typeof change & { run_id: Id<'run'> } => change.run_id !== null,
    );
    if (waiting.length === 0) return 0;
    const git = await context.openMirror(repository);
    let told = 0;
    for (const branch of new Set(waiting.map(({ base_branch: base }) => base))) {
      const baseSha = await git.resolve(`refs/heads/${branch}`);
      if (baseSha === undefined) continue;
      const moment = await policy.moment(repository, git, baseSha);
      const key = `${repository}\n${branch}`;
      if (seen.get(key) === moment) continue;
      // The same moment may come again, such as next weekend; within an hour it is the same one.
      const dedupeKey = `moment:${moment}:${clock.now().toISOString().slice(0, 13)}`;
      for (const { run_id: runId, base_branch: base } of waiting) {
        if (base !== branch) continue;
        await db.transaction((tx) =>
          workflow.signal(tx, {
            runId,
            name: 'review',
            body: { decision: 'reconsider', reason: 'the policy or a freeze changed' },
            dedupeKey,
            actor: ORCHESTRATION,
          }),
        );
        told += 1;
      }
      seen.set(key, moment);
    }
    return told;
  }

  return async () => {
    let told = await lookAtWork();
    let cursor: string | undefined;
    do {
      const page = await context.listRepositories({ limit: MAX_PAGE_SIZE, cursor });
      for (const { name, state } of page.items) {
        if (state !== 'ready') continue;
        // One repository that cannot be read keeps no other from being looked at.
        told += await look(name).catch((error: unknown) => {
          if (!(error instanceof AppError)) throw error;
          log.info(
            { err: error, repository: name },
            'verdicts of a repository not looked at again',
          );
          return 0;
        });
      }
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    return told;
  };
}
