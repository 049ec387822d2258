/** What the steps of a workflow work with. */
import type { ContextService } from '#context';
import type { GovernanceService } from '#governance';
import type { PolicyService } from '#policy';
import type { ChangeKeeper } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';

export interface StepDeps extends OrchestrationDeps {
  context: ContextService;
  policy: PolicyService;
  governance: GovernanceService;
  changes: ChangeKeeper;
  /** Where throw-away checkouts are made; they are removed after use. */
  folder: string;
  commandTimeoutMs: number;
}
