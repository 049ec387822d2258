/** Agents at work in devboxes of ours: starting them, reading them, stopping them. It judges no work. */
export type { AgentDeps } from './deps.ts';
export { AGENT_NAMES, AgentName, FAILURES } from './schema.ts';
export { createAgentStep } from './step.ts';
