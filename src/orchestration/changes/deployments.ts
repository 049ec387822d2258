/** What a deployment means for the changes it carries. */
import type { Id, JsonObject } from '#kernel';
import type { Actor } from '#ledger';
import type { ChangeService } from '../service.ts';
import type { ChangeDeps } from './deps.ts';
import { changeShipped } from './events.ts';
import { noteDeployers } from './evidence-store.ts';
import { freshMirror } from './gather.ts';
import * as store from './store.ts';
import { tellRunsOfWorkItem } from './tell-work.ts';

/** Changes looked at per report; older ones that nobody ever deployed are left alone. */
const MAX_CHANGES = 1_000;
const PRODUCTION = /^(prod|live\b)/i;

export type DeploymentNews = Parameters<ChangeService['recordDeploymentSignal']>[0];

/** Whether an environment of this name is where users are. Pure. */
export function isProduction(environment: string): boolean {
  return PRODUCTION.test(environment);
}

/**
 * Signals `deployed` to the run of every merged change the deployed commit contains; a change that
 * reached production is shipped. Gives the changes it carries. The same report twice changes nothing.
 */
export async function recordDeployment(
  deps: ChangeDeps,
  news: DeploymentNews,
  by: { actor: Actor; cause?: Id<'evt'> | undefined },
): Promise<Id<'chg'>[]> {
  const at = news.occurredAt ?? deps.clock.now();
  if (isProduction(news.environment)) {
    await noteDeployers(deps.db, news.repository, deployersOf(news, by.actor), at);
  }
  const candidates = await store.unshippedChanges(deps.db, news.repository, MAX_CHANGES);
  if (candidates.length === 0) return [];
  const git = await freshMirror(deps, news.repository, news.sha);
  const isKnown = git !== undefined && (await git.resolve(news.sha)) !== undefined;
  const carried: Id<'chg'>[] = [];
  // Oldest first: the thread that waited longest closes first.
  for (const { id, merge_sha: mergeSha } of candidates.toReversed()) {
    if (mergeSha === null) continue;
    const isContained =
      mergeSha === news.sha ||
      (isKnown &&
        (await git.resolve(mergeSha)) !== undefined &&
        (await git.isAncestor(mergeSha, news.sha)));
    if (isContained && (await tellChange(deps, id, news, by))) carried.push(id);
  }
  return carried;
}

/** Who set a deployment off: whom its source names, and the person that reports it. Pure. */
export function deployersOf(news: Pick<DeploymentNews, 'deployers'>, actor: Actor): string[] {
  const reporter = actor.kind === 'agent' ? actor.onBehalfOf : actor.id;
  const isPerson = actor.kind !== 'connector' && reporter?.startsWith('usr_') === true;
  return [...(news.deployers ?? []), ...(isPerson ? [`person:${reporter}`] : [])];
}

async function tellChange(
  deps: ChangeDeps,
  id: Id<'chg'>,
  news: DeploymentNews,
  { actor, cause }: { actor: Actor; cause?: Id<'evt'> | undefined },
): Promise<boolean> {
  const { db, ledger, workflow } = deps;
  const { environment, sha, status, externalKey, deploymentId } = news;
  return db.transaction(async (tx) => {
    const row = await store.findChange(tx, id, { forUpdate: true });
    if (row === undefined || row.state !== 'merged') return false;
    const body: JsonObject = {
      environment,
      sha,
      status,
      externalKey,
      isProduction: isProduction(environment),
      ...(deploymentId === undefined ? {} : { deployment: deploymentId }),
    };
    const dedupeKey = `deployed:${externalKey}:${status}`;
    const signal = { name: 'deployed' as const, body, dedupeKey, actor };
    if (row.run_id !== null) await workflow.signal(tx, { runId: row.run_id, ...signal });
    await tellRunsOfWorkItem(tx, deps, { workItemId: row.work_item_id, ...signal });
    // It has shipped already, and somebody still watches it.
    if (row.shipped_at !== null) return false;
    if (status === 'succeeded' && isProduction(environment)) {
      const at = news.occurredAt ?? deps.clock.now();
      const shipped = await store.updateChange(tx, id, { shipped_at: at });
      const refs = deploymentId === undefined ? {} : { deployment: deploymentId };
      const about = { actor, cause, occurredAt: at, refs };
      await ledger.append(tx, changeShipped(shipped, { environment, sha, externalKey }, about));
    }
    return true;
  });
}
