/** Landing on a branch: who is next, and whether what would be there works. It merges nothing itself. */
export { land, LANDING, type LandingDeps, leaveQueue, type TestOutcome } from './land.ts';
export {
  type Build,
  type ChangeId,
  type Decision,
  DEFAULT_SETTINGS,
  emptyMemory,
  type QueueMemory,
  type QueueView,
  schedule,
  type SchedulerSettings,
  type Waiting,
} from './scheduler.ts';
