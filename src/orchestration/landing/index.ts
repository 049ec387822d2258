/** Landing on a branch: who is next, and whether what would be there works. It merges nothing itself. */
export type { LandingQueueDeps, TestOutcome } from './deps.ts';
export { land, leaveQueue } from './land.ts';
export { type Check, LANDING_STRATEGIES, type LandingStrategy, type LaneKey } from './lane.ts';
export { createLandingQueue, type LandingQueue } from './queue.ts';
export { LandingLane } from './read-queue.ts';
export { joinHeads } from './trees.ts';
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
