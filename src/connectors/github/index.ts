/**
 * The GitHub App: deliveries become signals, verdicts become check runs and merges. It calls GitHub as
 * an installation of the App and never as a person, and it keeps nothing.
 */
export { createGitHubHost, type GitHubHostOptions } from './host.ts';
export { createGitHubKnowledge, type GitHubKnowledgeOptions } from './knowledge.ts';
export { knowledgeOfDelivery } from './knowledge-hints.ts';
export { createGitHubSource, type GitHubSourceOptions } from './source.ts';
