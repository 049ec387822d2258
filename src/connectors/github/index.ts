/**
 * The GitHub App: deliveries become signals, verdicts become check runs and merges. It calls GitHub as
 * an installation of the App and never as a person, and it keeps nothing.
 */
export { createGitHubClient, type GitHubClient } from './client.ts';
export { EVENTS, PERMISSIONS, testConnection } from './connection.ts';
export { createGitHubHost, type GitHubHostOptions, toClientOptions } from './host.ts';
export { createGitHubKnowledge, type GitHubKnowledgeOptions } from './knowledge.ts';
export { knowledgeOfDelivery } from './knowledge-hints.ts';
export { createGitHubMirror } from './mirror.ts';
export {
  appManifest,
  exchangeManifestCode,
  type GitHubAppSecrets,
  manifestFormUrl,
  readAppSecrets,
} from './manifest.ts';
export { createGitHubSource, type GitHubSourceOptions } from './source.ts';
export { createGitHubSweep } from './sweep.ts';
