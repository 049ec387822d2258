/** The graph: entities and edges with their sources and two axes of time. It reads no source itself. */
export * as graphAnswers from './answers.ts';
export { stateFacts, withdrawStatements, eraseSource, type GraphChange } from './assert.ts';
export {
  createGraphService,
  type EntityPage,
  type GraphDeps,
  type GraphService,
} from './graph-service.ts';
export { type Contradiction, contradictionKey } from './curation.ts';
export { graphHash } from './hash.ts';
export type { EntitySummary, Relation, SourceWord } from './read.ts';
export {
  EDGE_KINDS,
  type EdgeKind,
  EntityKind,
  ENTITY_KINDS,
  type EntityRef,
  type NewFact,
  type Perspective,
  type Reader,
  type Statement,
} from './schema.ts';
