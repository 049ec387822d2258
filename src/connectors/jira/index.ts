/** Jira (Cloud and Data Center): issues as work items, both ways. */
export { createJiraClient, type JiraClient } from './client.ts';
export { createJiraMirror } from './mirror.ts';
export { JIRA, type JiraPlaces } from './signals.ts';
export { createJiraSource } from './source.ts';
export { createJiraSweep } from './sweep.ts';
