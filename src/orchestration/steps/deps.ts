/** What the steps of a workflow work with. */
import type { ContextService } from '#context';
import type { GovernanceService } from '#governance';
import type { PolicyService } from '#policy';
import type { ChangeKeeper } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
import type { EscalationService } from '../escalation/index.ts';
import type { LandingQueue } from '../landing/index.ts';
import type { ClaimService } from '../service.ts';

export interface StepDeps extends OrchestrationDeps {
  context: ContextService;
  policy: PolicyService;
  governance: GovernanceService;
  changes: ChangeKeeper;
  /** Who lands next on a branch, and whether what would be there works. */
  landing: LandingQueue;
  /** Names the people who are asked; made from the rest where it is not given. */
  escalations?: EscalationService | undefined;
  /** Whether what a session pushed was its own to write; every change passes where it is not given. */
  gateMerge?: ClaimService['gateMerge'] | undefined;
  /** Where throw-away checkouts are made; they are removed after use. */
  folder: string;
  commandTimeoutMs: number;
}
