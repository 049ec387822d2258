/**
 * Autonomy control: what shipped alone and what became of it, what an incident halves, who restores it,
 * and whether the declared bound is kept. It grants nothing: grants are the leader's file alone.
 */
export { createAutonomyProjection } from './projection.ts';
export { Audit, AutonomyCurb, AutonomyRecord, RealisedBound } from './schema.ts';
export { type AuditAnswer, unknownAudit } from './outcomes.ts';
export { type AutonomyService, createAutonomyService, type Landing } from './service.ts';
export { selectHalved } from './curb-store.ts';
export { AutonomyThreshold, limitsFor } from './thresholds.ts';
