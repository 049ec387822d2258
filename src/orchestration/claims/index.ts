/** Path claims with leases: two sessions never hold the same file. It never looks at code. */
export { covers, normalisePath } from './path.ts';
export {
  type ClaimDeps,
  createClaimService,
  expireSilentClaims,
  releaseClaims,
  renewClaims,
} from './service.ts';
