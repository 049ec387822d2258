/** What escalations work with. */
import type { EscalationMessage } from '#connectors/contract';
import type { ContextService } from '#context';
import type { GovernanceService } from '#governance';
import type { Id } from '#kernel';
import type { PolicyService } from '#policy';
import type { ChangeKeeper } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';

/** An incident of the past with the changes that were part of what broke. */
export interface PastIncident {
  title: string;
  severity: string;
  at: Date;
  url: string | null;
  changeIds: readonly Id<'chg'>[];
}

export interface EscalationDeps extends OrchestrationDeps {
  context: Pick<ContextService, 'ownersOf'>;
  policy: PolicyService;
  governance: GovernanceService;
  changes: ChangeKeeper;
  /** Absent: nobody keeps incidents here, and packages say so. */
  findIncidents?: ((repository: string, since: Date) => Promise<PastIncident[]>) | undefined;
  /** Page of an assignment in the console. */
  inboxUrl?: ((assignmentId: string) => string) | undefined;
}

export type { EscalationMessage };
