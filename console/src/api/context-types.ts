/** What the Context Layer answers: the graph, lessons, previews and ownership, as the API sends them. */
import type {
  Answers,
  GraphEntity,
  GraphEntityPage,
  GraphLandscape,
  Lesson,
  OwnershipMap,
  PackItem,
  RankingFit,
} from './schema.ts';
export type { Lesson, PackPreview, RankingFit, SearchHit, StaleKnowledge } from './schema.ts';

export type Freshness = PackItem['freshness'];
export type Entity = GraphEntity;
export type EntityPage = GraphEntityPage;
export type SourceWord = EntityPage['sources'][number];
export type Relation = EntityPage['relations'][number];
export type Disagreement = EntityPage['disagreements'][number];
export type Contradiction = Answers['GET /v1/graph/contradictions']['items'][number];
export type BearingControl = Answers['GET /v1/graph/entities/{id}/controls']['items'][number];
export type ControlReach = Answers['GET /v1/graph/controls/{id}/reach'];
export type KnownPerson = Answers['GET /v1/graph/people']['items'][number];
export type Landscape = GraphLandscape;
export type LandscapeNode = Landscape['nodes'][number];
export type FolderOwnership = OwnershipMap['folders'][number];
export type LessonState = Lesson['state'];
/** An attempt to fit the ranking to the organisation's own changes measures several questions. */
export type FitMeasure = RankingFit['measures'][number];
