/** The verbs of observability; see index.ts for what it promises. */
import type { GitRepository } from '#git';
import type { Id, Page, PageRequest } from '#kernel';
import type { Actor } from '#ledger';
import type { Deployment, Incident, Trace, WhyAnswer } from './schema.ts';

export interface ObservabilityService {
  /** Records a state of a deployment; equal keys are one deployment. Finds the changes it carries. */
  recordDeployment(
    deployment: {
      repository: string;
      environment: string;
      sha: string;
      status: Deployment['status'];
      externalKey: string;
      url?: string | undefined;
      occurredAt?: Date | undefined;
      /** To find which merged commits are new in the environment. */
      git: GitRepository | null;
      /** Merged changes of the repository by merge commit. */
      changesByMergeSha: ReadonlyMap<string, { id: Id<'chg'>; correlationId: string }>;
    },
    actor: Actor,
  ): Promise<Deployment>;
  listDeployments(
    filter: { repository?: string | undefined; environment?: string | undefined } & PageRequest,
  ): Promise<Page<Deployment>>;
  recordIncident(
    incident: {
      title: string;
      severity: Incident['severity'];
      state: Incident['state'];
      externalKey: string;
      repository?: string | undefined;
      deploymentId?: Id<'dep'> | undefined;
      url?: string | undefined;
      occurredAt?: Date | undefined;
    },
    actor: Actor,
  ): Promise<Incident>;
  listIncidents(
    filter: { state?: Incident['state'] | undefined } & PageRequest,
  ): Promise<Page<Incident>>;
  /**
   * Everything connected with an id, a commit (also abbreviated), `owner/name#12` or
   * `owner/name:branch`, both ways. @throws AppError `observability.unknown_reference`.
   */
  trace(reference: string): Promise<Trace>;
  /** From a line of code back to the signal it came from. */
  why(request: {
    repository: string;
    git: GitRepository;
    path: string;
    line: number;
    revision?: string | undefined;
  }): Promise<WhyAnswer>;
}
