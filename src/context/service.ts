/** The verbs of the Context Layer; see index.ts for what it promises. */
import type { Compliance } from './compliance/compliance.ts';
import type { GitRepository } from '#git';
import type { Id, Page, PageRequest } from '#kernel';
import type { Actor } from '#ledger';
import type { RestrictionService } from './access/service.ts';
import type { ReadAccess } from './access/viewer.ts';
import type { LessonService } from './lessons/service.ts';
import type { GraphService, Reader } from './graph/index.ts';
import type { FolderOwnership } from './ownership.ts';
import type { RankingFits } from './ranking/fits/service.ts';
import type { NameService } from './naming/name-service.ts';
import type { CommentService } from './comments/index.ts';
import type { KnowledgeIngest } from './ingest/knowledge.ts';
import type { ContextPack, ContextRequest, PackItem, PackPreview, Repository } from './schema.ts';

export interface ImportProgress {
  phase: 'clone' | 'history' | 'documents' | 'graph' | 'done';
  done: number;
  total: number | null;
}

export interface SearchHit {
  kind: PackItem['kind'] | 'symbol';
  title: string;
  path: string | null;
  excerpt: string;
  /** Empty for a page of an outside system that belongs to none. */
  repository: string;
  revision: string;
  score: number;
  /** Where in the file it begins, from 1. */
  line?: number;
  /** Of pages and threads of outside systems: where they are, who answers for them, whether they hold. */
  source?: { system: string; object: string; url?: string };
  owner?: string | null;
  observedAt?: Date;
  freshness?: PackItem['freshness'];
}

export interface ContextService
  extends LessonService, NameService, RestrictionService, RankingFits {
  /** What is known of things, how they hang together, and by whose word. */
  readonly graph: GraphService;
  /** What regulation binds, and where. */
  readonly compliance: Compliance;
  /**
   * Who does the work where, by folder of up to `depth` parts, the largest first, beside who is declared
   * to own it.
   */
  ownershipMap(repository: string, reader: Reader, depth?: number): Promise<FolderOwnership[]>;
  /** Takes in what code hosts and trackers know. */
  readonly knowledge: KnowledgeIngest;
  /** What people said on changes and work items. */
  readonly comments: CommentService;
  /**
   * Mirrors a repository and reads its default branch. The same source again brings it up to date.
   * @throws AppError `context.not_a_repository`, `context.unreachable`.
   */
  importRepository(
    source: {
      /** Path or URL. */
      url: string;
      name?: string | undefined;
      host?: string | undefined;
      headers?: Record<string, string> | undefined;
    },
    actor: Actor,
    onProgress?: (progress: ImportProgress) => void,
  ): Promise<Repository>;
  /** Fetches and reads what is new; called on every push. Safe to call from several nodes at once. */
  refreshRepository(name: string, headers?: Record<string, string>): Promise<Repository>;
  listRepositories(page: PageRequest): Promise<Page<Repository>>;
  /** By name or id, or a name it went by before. */
  findRepository(nameOrId: string): Promise<Repository | undefined>;
  /** Hides it from lists and deletes its mirror; the ledger keeps what happened. */
  removeRepository(nameOrId: string, actor: Actor): Promise<void>;
  /** The mirror, with every branch of the host under `refs/heads/`. */
  openMirror(nameOrId: string): Promise<GitRepository>;
  /** People and teams that CODEOWNERS at `revision` names for the paths: path -> owners. */
  ownersOf(
    repository: string,
    revision: string,
    paths: readonly string[],
  ): Promise<Map<string, string[]>>;
  /**
   * What bears on a task, each item with source, age and reasons, in at most the tokens asked for. A
   * session is sent only what it was not told before, unless it asks for everything.
   */
  buildPack(request: ContextRequest, actor: Actor, correlationId?: string): Promise<ContextPack>;
  /** The same without keeping or telling it, with what was found and left out. */
  previewPack(request: ContextRequest, actor: Actor): Promise<PackPreview>;
  /**
   * Rules, lessons and companions of a file that is about to be edited, in at most 300 tokens; undefined
   * when there are none, or when the session heard them before.
   */
  briefPath(
    edit: { repository: string; path: string; sessionId: Id<'ses'> },
    actor: Actor,
    correlationId?: string,
  ): Promise<ContextPack | undefined>;
  /** Whether `briefPath` would find nothing new to say, at the cost of one short query. */
  isPathBriefed(edit: { repository: string; path: string; sessionId: Id<'ses'> }): Promise<boolean>;
  /** The session starts over with an empty memory: what it was told is news again. */
  forgetSession(sessionId: Id<'ses'>): Promise<void>;
  /** For the house itself; what a caller sees goes through `readPack`. */
  findPack(id: Id<'ctx'>): Promise<ContextPack | undefined>;
  /** As it was handed out, if the actor may know of everything in it. `body` is its JSON, byte for byte. */
  readPack(
    reference: Id<'ctx'> | { contentHash: string },
    actor: Actor,
  ): Promise<{ pack: ContextPack; body: string } | undefined>;
  /** Sets of readers of outside documents that a person is in: ACLs of the graph name them. */
  openReaderSets(personId: string): Promise<ReadonlySet<string>>;
  /** What the actor may read of a repository (by its id): the surfaces that show files ask here. */
  accessTo(repositoryId: string, actor: Actor): Promise<ReadAccess>;
  /** More of one item of a pack: the whole section, the file's outline, the record. */
  expand(
    packId: Id<'ctx'>,
    itemId: string,
    actor: Actor,
  ): Promise<{ item: PackItem; text: string }>;
  search(
    query: { text: string; repository?: string | undefined; limit?: number },
    actor: Actor,
  ): Promise<SearchHit[]>;
}
