/**
 * The connections to outside systems as people see and steer them: set up or not, paused, healthy, and
 * what came of them. It knows no system: what a connection is able to do is handed in.
 */
export { createConnectionLoop } from './loop.ts';
export { Connection } from './schema.ts';
export {
  type ConnectionDeps,
  type ConnectionPart,
  type ConnectionService,
  type ConnectionTally,
  createConnectionService,
} from './service.ts';
export { createSweepLoop } from './sweep-loop.ts';
