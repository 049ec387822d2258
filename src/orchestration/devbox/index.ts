/** Devboxes: isolated work trees for agents, from a warm pool. It starts no agent and judges nothing. */
export { type Box, isThere, LOOMSTACK, runInBox } from './box.ts';
export { DEVBOX_FILE, type DevboxFile, parseDevboxFile, readDevboxPlan } from './file.ts';
export {
  createDevboxService,
  type Devbox,
  type DevboxDeps,
  type DevboxService,
  type DevboxView,
  workRef,
} from './service.ts';
