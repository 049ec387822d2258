/** Linear: issues as work items, both ways, and issues that are given to LoomStack as an agent. */
export { createLinearClient, type LinearClient } from './client.ts';
export { createLinearMirror } from './mirror.ts';
export { LINEAR, type LinearPlaces } from './signals.ts';
export { createLinearSource, signLinear } from './source.ts';
export { createLinearSweep } from './sweep.ts';
