/** From something that happened to one explicit graph with a reason for every step. It runs nothing. */
export { classify, type Candidate, fitsPattern, matches } from './classify.ts';
export { fingerprintOf, type MatchFacts } from './facts.ts';
export { createCompositionLoop } from './loop.ts';
export {
  type Composed,
  type CompositionDeps,
  type CompositionService,
  createCompositionService,
} from './service.ts';
export type { CompositionRow } from './store.ts';
export { createScheduleLoop, fireSchedules, syncSchedules } from './schedules.ts';
export { stepsOfVerdict, weaveGraph } from './weave.ts';
