/** What `/loom …` in a comment does: asks the services there are, in the name of who wrote it. */
export { type CommandDeps, createCommandHandler } from './handle.ts';
export { createMergeGroupHandler } from './merge-group.ts';
