/** Documents as the rest of the room reads them; what reads them is in ingest/documents. */
export type {
  Decision,
  DecisionStatus,
  DocumentForm,
  ReadDocument,
  Section,
} from './ingest/documents/document.ts';
export { mentionedPaths } from './ingest/documents/mentions.ts';
export { documentKind, readDocument } from './ingest/documents/read-document.ts';
export { splitSections } from './ingest/documents/sections.ts';
