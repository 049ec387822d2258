/**
 * Governance: who may do what, and who consented to what. One `authorize` for every door; nobody in
 * the custody of a change approves it. It never judges code.
 */
export {
  Absence,
  type Assignment,
  Action,
  ACTIONS,
  Approval,
  Override,
  Person,
  type Principal,
  Role,
  ROLES,
  Token,
} from './schema.ts';
export type { OverrideTerms } from './overrides.ts';
export { type NewPass, passPrincipal } from './passes.ts';
export { sharedIdentities } from './custody.ts';
export { rolesDocument } from './roles-document.ts';
export {
  createGovernanceService,
  type GovernanceDeps,
  type GovernanceService,
  type Resource,
} from './service.ts';
