/** What the Context Layer answers: the graph, lessons, previews and ownership, as the API sends them. */
import type { ContextPack, PackItem } from './types.ts';

export type Freshness = PackItem['freshness'];

export interface Entity {
  /** `kind:key`. */
  id: string;
  kind: string;
  key: string;
  title: string;
  freshness: Freshness;
  properties: Record<string, unknown>;
  confirmedAt: string | null;
}

export interface SourceWord {
  system: string;
  object: string;
  revision: string;
  confirmedAt: string;
  extractor: string;
  extractorVersion: number;
  method: 'declared' | 'parsed' | 'derived' | 'model';
  confidence: number;
  evidence: {
    path?: string;
    startLine?: number;
    endLine?: number;
    url?: string;
    quote?: string;
  } | null;
  properties: Record<string, unknown>;
  validFrom: string;
  validTo: string | null;
  seenFrom: string;
  seenTo: string | null;
}

export interface Relation {
  kind: string;
  direction: 'out' | 'in';
  slot: string;
  other: Entity;
  freshness: Freshness;
  sources: SourceWord[];
}

export interface Disagreement {
  about: string;
  sides: { says: string; system: string; object: string; confirmedAt: string }[];
}

export interface EntityPage {
  entity: Entity;
  sources: SourceWord[];
  relations: Relation[];
  hasMoreRelations: boolean;
  disagreements: Disagreement[];
}

export interface Contradiction {
  a: Entity;
  b: Entity;
  sources: SourceWord[];
}

export interface KnownPerson {
  id: string;
  name: string;
  identities: { id: string; name: string }[];
  evidence: { a: string; b: string; because: string; confidence: number; source: string }[];
}

export interface LandscapeNode extends Entity {
  system: string | null;
  domain: string | null;
  owner: string | null;
}

export interface Landscape {
  nodes: LandscapeNode[];
  edges: { kind: string; from: string; to: string; confidence: number }[];
  isTruncated: boolean;
}

export interface StaleKnowledge {
  entity: Entity;
  because: string[];
}

export interface FolderOwnership {
  /** Without a slash at its end; empty for the top itself. */
  folder: string;
  component: string | null;
  files: number;
  changes: number;
  busFactor: number;
  declared: string[];
  /** Best first, at most eight. */
  people: { id: string; name: string; share: number; lastAt: string; isActive: boolean }[];
}

export interface PackPreview {
  pack: Omit<ContextPack, 'id'>;
  leftOut: Pick<PackItem, 'kind' | 'title' | 'path' | 'freshness' | 'why' | 'score'>[];
}

export interface SearchHit {
  kind: string;
  title: string;
  path: string | null;
  excerpt: string;
  /** Empty for a page of an outside system that belongs to none. */
  repository: string;
  revision: string;
  score: number;
  /** Of pages and threads of outside systems. */
  source?: { system: string; object: string; url?: string };
  owner?: string | null;
  observedAt?: string;
  freshness?: PackItem['freshness'];
}

export type LessonState = 'candidate' | 'approved' | 'rejected' | 'retired';

export interface Lesson {
  id: string;
  repository: string;
  text: string;
  paths: string[];
  state: LessonState;
  origin: 'session' | 'person' | 'review' | 'revert';
  sessionId: string | null;
  actorId: string;
  evidence: { kind: string; ref: string; text: string }[];
  sightings: number;
  decidedBy: string | null;
  decidedAt: string | null;
  decisionReason: string;
  createdAt: string;
  use: {
    sessions: number;
    accepted: number;
    rejected: number;
    reworked: number;
    lastUsedAt: string | null;
  };
}

/** An attempt to fit the ranking to the organisation's own changes. */
export interface RankingFit {
  version: number;
  state: 'running' | 'in-force' | 'not-better' | 'replaced' | 'withdrawn' | 'failed';
  startedAt: string;
  finishedAt: string | null;
  startedBy: string;
  progress: { done: number; total: number };
  repositories: { repository: string; revision: string; questions: number }[];
  measures: FitMeasure[];
  reason: string | null;
}

export interface FitMeasure {
  question: 'files' | 'companions' | 'documents' | 'people';
  figure: string;
  fitted: number;
  judged: number;
  before: { main: number; meanReciprocalRank: number } | null;
  after: { main: number; meanReciprocalRank: number } | null;
  leastGain: number | null;
  isTaken: boolean;
  reason: string;
}
