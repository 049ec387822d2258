/** Confluence: pages of chosen spaces, Cloud or Data Center. */
export { createConfluenceClient } from './client.ts';
export { CONFLUENCE, createConfluenceKnowledge } from './knowledge.ts';
