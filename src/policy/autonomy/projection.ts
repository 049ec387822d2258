/**
 * Follows the ledger for harm: incidents and rollbacks of deployments that carry changes of ours.
 * Reverts are seen where they land.
 */
import type { Tx } from '#kernel';
import type { Ledger, LedgerEvent, Projection } from '#ledger';
import {
  noteOutcomeDeployment,
  selectOutcome,
  selectOutcomesOfDeployment,
} from './outcome-store.ts';
import { noteHarm } from './outcomes.ts';

export function createAutonomyProjection({ ledger }: { ledger: Ledger }): Projection {
  async function apply(tx: Tx, events: readonly LedgerEvent[]): Promise<void> {
    for (const { type, refs, recordedAt: at } of events) {
      const { change, deployment, incident } = refs;
      if (deployment === undefined) continue;
      if (type === 'change.deployed' && change !== undefined) {
        await noteOutcomeDeployment(tx, change, deployment);
      } else if (type === 'change.deployment-rolled-back' && change !== undefined) {
        await noteOutcomeDeployment(tx, change, deployment);
        const rollback = { cause: 'rollback', ref: deployment, at } as const;
        const outcome = await selectOutcome(tx, change);
        if (outcome !== undefined) await noteHarm(tx, { ledger }, outcome, rollback);
      } else if (type.startsWith('incident.') && incident !== undefined) {
        const harm = { cause: 'incident', ref: incident, at } as const;
        for (const outcome of await selectOutcomesOfDeployment(tx, deployment))
          await noteHarm(tx, { ledger }, outcome, harm);
      }
    }
  }
  return {
    name: 'autonomy',
    types: [
      'change.deployed',
      'change.deployment-rolled-back',
      'incident.detected',
      'incident.updated',
    ],
    apply,
  };
}
