/** The verbs of the Context Layer; see index.ts for what it promises. */
import type { GitRepository } from '#git';
import type { Id, Page, PageRequest } from '#kernel';
import type { Actor } from '#ledger';
import type { ContextPack, ContextRequest, PackItem, Repository } from './schema.ts';

export interface ImportProgress {
  phase: 'clone' | 'history' | 'documents' | 'done';
  done: number;
  total: number | null;
}

export interface SearchHit {
  kind: PackItem['kind'];
  title: string;
  path: string | null;
  excerpt: string;
  repository: string;
  revision: string;
  score: number;
}

export interface ContextService {
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
  /** By name or id. */
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
  buildPack(request: ContextRequest, actor: Actor, correlationId?: string): Promise<ContextPack>;
  findPack(id: Id<'ctx'>): Promise<ContextPack | undefined>;
  /** More of one item of a pack: the whole section, the file's outline, the record. */
  expand(packId: Id<'ctx'>, itemId: string): Promise<{ item: PackItem; text: string }>;
  search(query: {
    text: string;
    repository?: string | undefined;
    limit?: number;
  }): Promise<SearchHit[]>;
  /** Keeps a lesson for later packs. */
  recordLesson(
    lesson: {
      repository: string;
      text: string;
      paths?: string[] | undefined;
      sessionId?: Id<'ses'> | undefined;
    },
    actor: Actor,
  ): Promise<{ id: string }>;
}
