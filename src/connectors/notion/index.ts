/** Notion: pages that are shared with an integration. */
export { createNotionClient } from './client.ts';
export { createNotionKnowledge, NOTION } from './knowledge.ts';
