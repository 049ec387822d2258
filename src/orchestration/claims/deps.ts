/** What claims are built from. */
import type { OrchestrationDeps } from '../deps.ts';
import type { ClassOfPath } from './exclusive-classes.ts';

export interface ClaimDeps extends OrchestrationDeps {
  leaseMs: number;
  /** The class of files no two sessions may share, if the target is in one. */
  classOf: ClassOfPath;
  /** Whether an edit keeps everybody else out of its file, or only says who else is in it. */
  editStrength: 'exclusive' | 'shared';
}
