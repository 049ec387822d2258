/** Checks of the host: kept as evidence, and told to the runs of changes at that commit. */
import type { Signal } from '#connectors/contract';
import type { Id, Tx } from '#kernel';
import { ORCHESTRATION } from '../deps.ts';
import type { ChangeDeps } from './deps.ts';
import { type HostCheck, keepHostCheck } from './evidence-store.ts';
import * as store from './store.ts';

type CheckSignal = Extract<Signal, { type: 'check.completed' }>;

/** Keeps the result and tells it as signal `check`; where it stands in the way, policy is asked again. */
export async function applyCheckSignal(deps: ChangeDeps, signal: CheckSignal): Promise<void> {
  const { headSha, name, conclusion, repository, source, occurredAt: at } = signal;
  const { before, isKept } = await deps.db.transaction((tx) =>
    keepHostCheck(tx, { repository, headSha, source, name, conclusion, at }),
  );
  const isNews = isKept && standsInTheWay(conclusion) !== standsInTheWay(before);
  const changes = await store.openChanges(deps.db, repository);
  for (const { run_id: runId, head_sha: sha } of changes) {
    if (runId === null || sha !== headSha) continue;
    await deps.db.transaction((tx) => tellRun(tx, deps, runId, signal, isNews));
  }
}

async function tellRun(
  tx: Tx,
  { workflow }: ChangeDeps,
  runId: Id<'run'>,
  signal: CheckSignal,
  isNews: boolean,
): Promise<void> {
  const { headSha, name, conclusion, url = null, dedupeKey, source } = signal;
  await workflow.signal(tx, {
    runId,
    name: 'check',
    body: { name, conclusion, headSha, url },
    dedupeKey,
    actor: { kind: 'connector', id: source },
  });
  // A check that passes beside others changes no verdict, so dozens of them ask for none.
  if (!isNews) return;
  await workflow.signal(tx, {
    runId,
    name: 'review',
    body: { decision: 'reconsider', reason: `the check ${name} ended` },
    dedupeKey: `check:${dedupeKey}`,
    actor: ORCHESTRATION,
  });
}

/** Whether a result keeps a change from shipping alone. Pure. */
export function standsInTheWay(conclusion: HostCheck['conclusion'] | null): boolean {
  return conclusion === 'failure' || conclusion === 'cancelled';
}
