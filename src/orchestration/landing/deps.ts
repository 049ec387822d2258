/** What the queue of landings works with. */
import type { CodeHost } from '#connectors/contract';
import type { ContextService } from '#context';
import type { GitRepository } from '#git';
import type { ChangeKeeper } from '../changes/index.ts';
import type { OrchestrationDeps } from '../deps.ts';
import type { WorkflowService } from '../service.ts';
import type { Check } from './lane.ts';

/** How one check did on one tree. */
export type TestOutcome =
  | { outcome: 'passed' }
  | { outcome: 'failed'; command: string; output: string }
  | { outcome: 'stopped' };

export interface LandingQueueDeps extends OrchestrationDeps {
  context: Pick<ContextService, 'findRepository' | 'openMirror'>;
  changes: Pick<ChangeKeeper, 'openMirror'>;
  workflow: Pick<WorkflowService, 'signal'>;
  /** Runs one check in a checkout of this commit that is thrown away. */
  test(
    git: GitRepository,
    of: { sha: string; baseSha: string; check: Check },
    signal: AbortSignal,
  ): Promise<TestOutcome>;
  hostOf(name: string): CodeHost | undefined;
  /** Unique among the living nodes. */
  node: string;
  /** Builds at once, over all nodes. */
  slots: number;
  leaseMs: number;
  /** Where people hear that a branch is red: `slack:#dev`; undefined is the log alone. */
  channel?: string | undefined;
}

/** Nodes listen here; there may be somebody to test or to land. */
export const LANDING_CHANNEL = 'loom_landing';
