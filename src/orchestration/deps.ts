/** What every service of this room is built from. */
import type { Clock, Db, Logger, NewId } from '#kernel';
import type { Actor, Ledger } from '#ledger';

export interface OrchestrationDeps {
  db: Db;
  ledger: Ledger;
  clock: Clock;
  newId: NewId;
  log: Logger;
}

/** The actor of what this room does by itself. */
export const ORCHESTRATION: Actor = { kind: 'system', id: 'orchestration' };

/** How an agent session appears in the ledger: for itself, on behalf of its operator. */
export function sessionActor(session: { id: string; operatorId: string | null }): Actor {
  return session.operatorId === null
    ? { kind: 'agent', id: session.id }
    : { kind: 'agent', id: session.id, onBehalfOf: session.operatorId };
}

/** The operator as an event names a person; steps of ours run agents too and are none. */
export function personRef(operatorId: string | null): { person?: string } {
  return operatorId?.startsWith('usr_') === true ? { person: operatorId } : {};
}
