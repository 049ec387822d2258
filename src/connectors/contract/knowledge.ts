/**
 * What an outside system knows that belongs into the graph: read by cursor, page by page. Webhooks are
 * hints; this is the truth.
 */

interface Common {
  /** Id within the system, stable: `pull/12`, `review/555`. */
  object: string;
  /** The repository; of documents and threads the scope they were read from: a space, a channel. */
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
    /** Apart from the change, because a webhook tells of the change and not of its files. */
    | {
        kind: 'changed-files';
        changeNumber: number;
        files: { path: string; additions: number; deletions: number }[];
      }
    /** What somebody said on a change or work item. */
    | { kind: 'comment'; on: 'change' | 'work-item'; number: number; text: string }
    | { kind: 'deployment'; environment: string; sha: string }
    | KnownDocument
    | KnownThread
  );

/** What only some may know of: teams here by their names, and people by their identities. */
export interface Readers {
  teams: readonly string[];
  /** `email:ada@example.org`, `slack:U123`; letter case does not count. */
  identities: readonly string[];
}

interface Told {
  title: string;
  /** Markdown. */
  text: string;
  /** Repository it belongs to, where the settings say so; without one it is of all. */
  belongsTo?: string | undefined;
  /** Undefined: whoever may read context here. Nobody at all where both lists are empty. */
  readers?: Readers | undefined;
}

/** A page, with its headings as Markdown has them. */
export interface KnownDocument extends Told {
  kind: 'document';
  /** Where it stands at its source; folders and names tell decisions and runbooks: `Shop/ADRs/12 Queue.md`. */
  path: string;
  revision: string;
  /** Who answers for it, as people call them. */
  owner?: string | undefined;
  /** What the full list says of it, see `ObjectList.marks`. */
  mark?: string | undefined;
}

/** A discussion: kept only where it is linked with a change, work item, incident or decision. */
export interface KnownThread extends Told {
  kind: 'thread';
  /** Reactions to its first message. */
  reactions: number;
  replies: number;
}

/** Every object there is of the kinds that can vanish. */
export interface ObjectList {
  /** Starts of the ids that the list is about. */
  prefixes: string[];
  objects: string[];
  /** By object: a text that changes whenever it is worth reading again, such as with its readers. */
  marks?: ReadonlyMap<string, string> | undefined;
}

export interface KnowledgePage {
  items: KnowledgeItem[];
  /** Where the next page, or the next sweep, goes on. Opaque; kept once the items are. */
  cursor: string;
  hasMore: boolean;
  progress?: SweepProgress | undefined;
}

/** How far a first reading is, for people who wait for it. */
export interface SweepProgress {
  /** Part of the system being read: `pulls`. */
  stream: string;
  /** Where there is a quicker and a slower way. */
  via?: 'graphql' | 'rest' | undefined;
  /** Why not the quicker way, or what is left out; a sentence. */
  why?: string | undefined;
  /** Objects in this part, where the system says. */
  total?: number | undefined;
}

export interface KnowledgeSource {
  readonly name: string;
  /** How often the full list is worth its calls; once a day unless given. */
  readonly listEveryMs?: number;
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
  listObjects(repository: string): Promise<ObjectList>;
  /**
   * Asked before what the list leaves out is taken for gone, by systems whose lists are not the last word.
   */
  isGone?(repository: string, object: string): Promise<boolean>;
  /**
   * One object that the list names and we do not have as it is: it was opened to us, or came back. Undefined
   * where it is gone meanwhile.
   */
  readObject?(repository: string, object: string): Promise<KnowledgeItem | undefined>;
}
