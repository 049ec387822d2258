/** The work item a run is for: the one it is about, or one that is opened for what happened. */
import type { Id, Tx } from '#kernel';
import { ORCHESTRATION, type OrchestrationDeps } from '../deps.ts';
import { findByExternalKey, findWorkItem, insertWorkItem, workItemCreated } from '../work/index.ts';
import type { Occasion } from './facts.ts';

const SOURCE = 'loom';

export async function openWorkItemFor(
  tx: Tx,
  { ledger, newId }: Pick<OrchestrationDeps, 'ledger' | 'newId'>,
  occasion: Occasion,
): Promise<{ id: Id<'wrk'>; correlationId: string }> {
  if (occasion.workItemId !== null) {
    const known = await findWorkItem(tx, occasion.workItemId);
    return { id: occasion.workItemId, correlationId: known?.correlation_id ?? occasion.workItemId };
  }
  const id = newId('wrk');
  // One of its own each time: the same check may fail again next year.
  const externalKey = `${occasion.subject}#${id}`;
  const row =
    (await insertWorkItem(tx, {
      id,
      repository: occasion.facts.repository,
      title: occasion.title,
      body: JSON.stringify(occasion.input, null, 2),
      labels: [],
      state: 'open',
      source: SOURCE,
      external_key: externalKey,
      requesters: [],
    })) ?? (await findByExternalKey(tx, externalKey, SOURCE));
  if (row === undefined) return { id, correlationId: id };
  await ledger.append(tx, workItemCreated(row, { actor: ORCHESTRATION, cause: occasion.cause }));
  // Its workflow was chosen already; it is looked at again once somebody changes it.
  await tx.query('update loom.work_items set considered_at = updated_at where id = $1', [id]);
  return { id: row.id, correlationId: row.correlation_id };
}
