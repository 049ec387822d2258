/** What the changes of a repository are kept with. */
import type { CodeHost } from '#connectors/contract';
import type { ContextService } from '#context';
import type { GitRepository } from '#git';
import type { GovernanceService } from '#governance';
import type { PolicyService } from '#policy';
import type { Id, Tx } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import type { WorkflowGraph, WorkflowService } from '../service.ts';

export interface ChangeDeps extends OrchestrationDeps {
  context: ContextService;
  governance: GovernanceService;
  policy: PolicyService;
  workflow: WorkflowService;
  /** The connector that speaks for a host name; undefined for plain clones. */
  hostOf(name: string): CodeHost | undefined;
  /** Keeps, with the change, what a session pushed of files that somebody else was given since. */
  recordPush?:
    | ((
        tx: Tx,
        push: {
          sessionId: Id<'ses'>;
          repository: string;
          headSha: string;
          /** What stopped at it and is not mended stays stopped at the new head. */
          previousHeadSha: string | null;
          paths: readonly string[];
        },
      ) => Promise<void>)
    | undefined;
  /** The workflow a change of this repository runs through, read from its base commit. */
  loadWorkflow(source: {
    git: GitRepository;
    baseSha: string;
    repository: string;
  }): Promise<WorkflowGraph>;
}
