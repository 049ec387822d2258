/**
 * GitLab: webhooks become signals, verdicts become commit statuses and merges. It calls GitLab with one
 * access token and keeps nothing.
 */
export { createGitLabClient, type GitLabClient } from './client.ts';
export { createGitLabHost, testGitLab } from './host.ts';
export { createGitLabSource } from './source.ts';
export { createGitLabSweep } from './sweep.ts';
