/**
 * Context Layer: what the organisation knows, and the small cited pack a session gets of it. It never
 * judges a change and never hands out a line without saying where it is from.
 */
export { type ContextDeps, createContextService } from './context-service.ts';
export { createLessonProjection } from './lessons/projection.ts';
export { Lesson, LESSON_STATES } from './lessons/schema.ts';
export type { DataClass } from './ingest/controls.ts';
export type { FindOpenWork, OpenWork } from './pack/open-work.ts';
export { ContextPack, ContextRequest, PackItem, PackPreview, Repository } from './schema.ts';
export { countTokens } from './tokens.ts';
export {
  CODE_OWNER_PLACES,
  type CodeOwnerRule,
  ownersOfPath,
  parseCodeOwners,
} from './code-owners.ts';
export {
  type Contradiction,
  contradictionKey,
  EDGE_KINDS,
  type EdgeKind,
  ENTITY_KINDS,
  EntityKind,
  type EntityRef,
  type EntitySummary,
  graphAnswers,
  type GraphService,
  type Reader,
} from './graph/index.ts';
export { Comment, type CommentRow, type ToldComment } from './comments/index.ts';
export { isRobot } from './people.ts';
export { answerQueries, type BacktestAnswer, parseQueries } from './ranking/backtest.ts';
export { backtestOwnChanges, type ContextFigures } from './ranking/own-backtest.ts';
export { asLine, asQuote, neutralise } from './quoting.ts';
export { type CodeReader, createCodeReader, languageOf } from './code/index.ts';
export { createRankingFitLoop } from './ranking/fits/loop.ts';
export { FIT_STATES, RankingFit } from './ranking/fits/schema.ts';
export { classifyFile, type FileClass } from './file-class.ts';
export { readPurpose, readReferences, readScopes } from './ranking/messages.ts';
export { countTerms, splitIdentifier, toTerms, WHOLE_MARK } from './ranking/terms.ts';
export type { ContextService, ImportProgress, SearchHit } from './service.ts';
