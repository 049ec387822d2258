/** Which events a caller may see: an auditor all of them, others those about things they may read. */
import type { Action, GovernanceService, Principal } from '#governance';
import type { LedgerEvent } from '#ledger';

/** What one must be allowed to read to see events of these types; other types are for auditors. */
export const READ_BY_NOUN: Record<string, Action> = {
  change: 'changes:read',
  decision: 'changes:read',
  approval: 'changes:read',
  session: 'sessions:read',
  claim: 'sessions:read',
  breaker: 'sessions:read',
  delivery: 'sessions:read',
  collision: 'changes:read',
  agent: 'sessions:read',
  devbox: 'sessions:read',
  evaluation: 'runs:read',
  landing: 'changes:read',
  culprit: 'changes:read',
  revert: 'changes:read',
  runs: 'runs:read',
  command: 'changes:read',
  comment: 'work:read',
  connection: 'connections:read',
  'work-item': 'work:read',
  run: 'runs:read',
  step: 'runs:read',
  deployment: 'deployments:read',
  incident: 'deployments:read',
  repository: 'repositories:read',
  pack: 'context:read',
  'context-pack': 'context:read',
  lesson: 'context:read',
  ranking: 'context:read',
  policy: 'policy:read',
  workflow: 'runs:read',
  schedule: 'runs:read',
  check: 'changes:read',
  escalation: 'changes:read',
  watch: 'changes:read',
  risk: 'changes:read',
  override: 'changes:read',
  autonomy: 'policy:read',
  'webhook-subscription': 'connections:read',
};

/**
 * Types that only auditors see: who may do what, who tried to, who is away, the plumbing behind it,
 * and what may name things of a source that is hidden from the reader.
 */
export const FOR_AUDITORS: ReadonlySet<string> = new Set([
  'absence',
  'authorization',
  'contradiction',
  'graph',
  'login-code',
  'outbox',
  'pass',
  'payload',
  'person',
  'signal',
  'source',
  'token',
]);

/** Decides per event; made once per caller. */
export function visibleTo(
  governance: GovernanceService,
  principal: Principal,
): (event: Pick<LedgerEvent, 'type' | 'refs'>) => boolean {
  const isAuditor = governance.isAllowed(principal, 'audit:read', { kind: 'event', id: '*' });
  return (event) => {
    if (isAuditor) return true;
    const action = READ_BY_NOUN[event.type.split('.')[0] ?? ''];
    if (action === undefined) return false;
    const { repository } = event.refs;
    return governance.isAllowed(principal, action, { kind: 'event', id: event.type, repository });
  };
}
