/** What the changes of a repository are kept with. */
import type { CodeHost } from '#connectors/contract';
import type { ContextService } from '#context';
import type { GitRepository } from '#git';
import type { GovernanceService } from '#governance';
import type { PolicyService } from '#policy';
import type { OrchestrationDeps } from '../deps.ts';
import type { WorkflowGraph, WorkflowService } from '../service.ts';

export interface ChangeDeps extends OrchestrationDeps {
  context: ContextService;
  governance: GovernanceService;
  policy: PolicyService;
  workflow: WorkflowService;
  /** The connector that speaks for a host name; undefined for plain clones. */
  hostOf(name: string): CodeHost | undefined;
  /** The workflow a change of this repository runs through, read from its base commit. */
  loadWorkflow(source: {
    git: GitRepository;
    baseSha: string;
    repository: string;
  }): Promise<WorkflowGraph>;
}
