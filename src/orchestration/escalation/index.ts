/**
 * Escalations: one named person for every seat a verdict leaves open, told once what they need, with a
 * clock that hands over to the next. It never decides whether a consent counts: governance does.
 */
export type { EscalationDeps, PastIncident } from './deps.ts';
export { createEscalationLoop } from './loop.ts';
export { Assignment, INBOX_DECISIONS, Watch } from './schema.ts';
export {
  createEscalationService,
  type EscalationService,
  type InboxAnswer,
  type ShownAssignment,
} from './service.ts';
export { createOverrideService, type OverrideService } from './overrides.ts';
export type { ReturnedNote } from './return-note.ts';
