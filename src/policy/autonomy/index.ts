/**
 * Autonomy control: what shipped alone and what became of it, what an incident halves, and who restores
 * it. It grants nothing: grants are the leader's file alone.
 */
export { createAutonomyProjection } from './projection.ts';
export { AutonomyCurb, AutonomyRecord } from './schema.ts';
export { type AutonomyService, createAutonomyService, type Landing } from './service.ts';
export { selectHalved } from './store.ts';
