/** What agents do in devboxes, read only: for people who look. Any node answers, whichever has the disk. */
export { createWorkshop, type Workshop } from './service.ts';
export { AgentRunView, DevboxEntry } from './schema.ts';
