/** Agents at work in devboxes of ours: starting, reading, stopping, judging and correcting them. */
export type { AgentDeps, Wired, WireRequest } from './deps.ts';
export { AGENT_NAMES, AgentName, FAILURES } from './schema.ts';
export { createAgentStep } from './step.ts';
export { createAutofixStep } from './autofix.ts';
export { createOpenChangeStep } from './open-change.ts';
export { createGateStep, type GateDeps } from './gate.ts';
