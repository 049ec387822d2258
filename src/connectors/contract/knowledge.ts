/**
 * What an outside system knows that belongs into the graph: read by cursor, page by page. Webhooks are
 * hints; this is the truth.
 */

interface Common {
  /** Id within the system, stable: `pull/12`, `review/555`. */
  object: string;
  repository: string;
  /** Grows with every change of the object, by the system's own clock. */
  updatedAt: Date;
  url?: string | undefined;
  /** Login; undefined where the account is gone. */
  author?: string | undefined;
}

export type KnowledgeItem = Common &
  (
    | {
        kind: 'change';
        number: number;
        title: string;
        text: string;
        state: 'open' | 'closed' | 'merged';
        branch: string;
        baseBranch: string;
        headSha: string;
        mergeSha?: string | undefined;
        labels: string[];
      }
    | {
        kind: 'review';
        changeNumber: number;
        verdict: 'approved' | 'changes-requested' | 'commented' | 'dismissed';
        text: string;
      }
    | {
        kind: 'review-comment';
        changeNumber: number;
        path: string;
        line?: number | undefined;
        text: string;
      }
    | {
        kind: 'work-item';
        number: number;
        title: string;
        text: string;
        state: 'open' | 'closed';
        labels: string[];
      }
    | { kind: 'deployment'; environment: string; sha: string }
  );

export interface KnowledgePage {
  items: KnowledgeItem[];
  /** Where the next page, or the next sweep, goes on. Opaque; kept once the items are. */
  cursor: string;
  hasMore: boolean;
}

export interface KnowledgeSource {
  readonly name: string;
  /**
   * What is read apart, each with a cursor of its own: spaces, projects, channels. Without it, the
   * repositories of the host of this name are.
   */
  listScopes?(): Promise<string[]>;
  /**
   * The next page of what changed since the cursor; null reads from the beginning.
   * @throws AppError `unavailable` when the system wants us to wait; the cursor then still holds.
   */
  sweep(repository: string, cursor: string | null): Promise<KnowledgePage>;
  /**
   * Every object there is, of the kinds that can vanish: what is missing here is gone. All of them, or
   * a throw: half a list would bury the other half.
   */
  listObjects(repository: string): Promise<{ prefixes: string[]; objects: string[] }>;
}
