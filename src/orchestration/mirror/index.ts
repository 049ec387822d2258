/** The mirror: tells trackers how the work items they hold fare, once and without answering itself. */
export { mirrorHandler, mirrorProjection, type MirrorDeps } from './mirror.ts';
