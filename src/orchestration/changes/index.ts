/**
 * Changes: news of hosts made into one record per change, whatever order it comes in. It judges
 * nothing: it asks policy, records with governance, and starts the run that carries the change.
 */
export { classifyAuthor } from './authorship.ts';
export type { DeploymentNews } from './deployments.ts';
export type { ChangeDeps } from './deps.ts';
export { changeRefs } from './events.ts';
export { createPushGate, type PushGate } from './gate-push.ts';
export { createMomentWatch, createReconsiderLoop } from './reconsider-loop.ts';
export { findHold, type Hold, holdChange, releaseChange } from './holds.ts';
export { type ChangeKeeper, createChangeService } from './service.ts';
export { type ChangeRow, findChange, toChange } from './store.ts';
export {
  selectAgentFindings,
  selectAgentReviews,
  selectDeployers,
  selectHostChecks,
} from './evidence-store.ts';
