/** Path claims with leases: two sessions never hold the same file. It never looks at code. */
export { covers, holdersOf, normalisePath } from './path.ts';
export {
  type ClaimDeps,
  createClaimService,
  expireSilentClaims,
  releaseClaims,
  RENEW_BELOW,
  renewClaims,
} from './service.ts';
