/**
 * The local forge: git repositories on this machine as a code host, with nothing else to install. It
 * serves git clients, guards main, tells of pushes and merges. It never judges a change.
 */
export {
  createLocalForge,
  type ForgeUser,
  type LocalForge,
  type LocalForgeDeps,
  type RepositoryAddress,
} from './forge.ts';
export type { LocalHost } from './host.ts';
export { ChangeReports } from './reports.ts';
export type { PushedBranch, Refusal } from './push-gate.ts';
export type { CreateRepositoryOptions } from './repository-folder.ts';
export { createLocalSource } from './source.ts';
