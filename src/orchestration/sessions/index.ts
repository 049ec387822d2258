/** Agent sessions: who is at work, on what, and whether it still lives. It never runs an agent. */
export { createSessionLoop } from './loop.ts';
export {
  createSessionService,
  isEdit,
  type SessionDeps,
  type SessionEnder,
  sessionsInTrailers,
  type SessionSweeper,
} from './service.ts';
export { findByBranch, findSessions, type SessionRow, toSession } from './store.ts';
