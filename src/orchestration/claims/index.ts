/**
 * Claims with leases: two sessions never hold the same file, definition, resource or issue. It never
 * looks at code.
 */
export { acquireIn, findInTheWay, toWanted } from './acquire.ts';
export type { ClaimDeps } from './deps.ts';
export { claimNegotiated } from './events.ts';
export { createClassOfPath, EXCLUSIVE_CLASSES } from './exclusive-classes.ts';
export { lockPair, moveClaims } from './hand-over.ts';
export { covers, holdersOf, normalisePath } from './path.ts';
export {
  answerWaits,
  expireSilentClaims,
  releaseById,
  releaseClaims,
  releaseIssue,
} from './release.ts';
export {
  createClaimService,
  type PushGate,
  readTargets,
  RENEW_BELOW,
  renewClaims,
} from './service.ts';
export { findHeld, type HeldRow, type HolderSession, lockSession } from './store.ts';
export { describeTarget, issueTarget, parseTarget, scopeOf, type Target } from './target.ts';
export { endWaitsOf, insertWaits } from './wait-store.ts';
