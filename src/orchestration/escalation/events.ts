/** The events of escalations: asked, seen, handed on, answered. */
import type { Actor, NewEvent } from '#ledger';
import type { AssignmentRow } from './store.ts';

export type EscalationEvent =
  | 'escalation.assigned'
  | 'escalation.acknowledged'
  | 'escalation.handed-over'
  | 'escalation.decided'
  | 'escalation.closed'
  | 'escalation.reissued'
  | 'escalation.stranded';

export function escalationEvent(
  type: EscalationEvent,
  row: Pick<
    AssignmentRow,
    'id' | 'changeId' | 'repository' | 'headSha' | 'decisionId' | 'personId' | 'slot' | 'via'
  > & { packageSha256: string; standsInFor: string | null; correlationId: string },
  actor: Actor,
  data: Readonly<Record<string, unknown>> = {},
): NewEvent {
  const { id, slot, via, packageSha256, standsInFor } = row;
  return {
    type,
    subject: row.changeId,
    actor,
    correlationId: row.correlationId,
    refs: {
      change: row.changeId,
      repository: row.repository,
      commit: row.headSha,
      decision: row.decisionId,
      person: row.personId,
    },
    data: { escalation: id, slot, via, packageSha256, standsInFor, ...data },
  };
}
