/** What the graph is made of: entities, facts, and statements of sources that hold them. */
import { z } from 'zod';
import { JsonObject } from '#kernel';

export const ENTITY_KINDS = [
  'repository',
  'file',
  'symbol',
  'component',
  'api',
  'resource',
  'system',
  'domain',
  'package',
  'team',
  'person',
  'change',
  'work-item',
  'decision',
  'section',
  'rule',
  'document',
  'incident',
  'slo',
  'control',
  'thread',
  'deployment',
  'session',
] as const;
export const EntityKind = z.enum(ENTITY_KINDS);
export type EntityKind = z.infer<typeof EntityKind>;

export const EDGE_KINDS = [
  /** The subject exists, by the word of a source; its own properties are on the assertion. */
  'is',
  'contains',
  'imports',
  'references',
  'defines',
  'touched',
  'co_changed',
  'implements',
  'authored',
  'reviewed',
  'owns_declared',
  'owns_observed',
  'member_of',
  'depends_on',
  'provides_api',
  'consumes_api',
  'constrains',
  'supersedes',
  'contradicts',
  'mentions',
  'caused',
  'fixed_by',
  'affected',
  'discussed_in',
  'deployed',
  /** Two identities are one person; and the human word that they are not. */
  'same_as',
  'distinct_from',
] as const;
export const EdgeKind = z.enum(EDGE_KINDS);
export type EdgeKind = z.infer<typeof EdgeKind>;

/** Edges by which an entity exists; their properties are its title, path, status and the like. */
export const EXISTENCE: readonly EdgeKind[] = ['is', 'contains', 'defines'];

export const EntityRef = z.object({ kind: EntityKind, key: z.string().min(1).max(1_500) });
export type EntityRef = z.infer<typeof EntityRef>;

export const Evidence = z.object({
  path: z.string().optional(),
  startLine: z.int().positive().optional(),
  endLine: z.int().positive().optional(),
  url: z.string().optional(),
  /** A few words of what was read. */
  quote: z.string().max(300).optional(),
  /** Of what is counted in history: how many changes show it, of how many, and the newest of them. */
  history: z
    .object({
      changes: z.int().positive(),
      of: z.int().positive(),
      lastAt: z.string(),
      lastCommit: z.string(),
    })
    .optional(),
});
export type Evidence = z.infer<typeof Evidence>;

export const METHODS = ['declared', 'parsed', 'derived', 'model'] as const;
export const Method = z.enum(METHODS);
export type Method = z.infer<typeof Method>;

/** One thing a source says: an edge, how it was read, and how sure that is. */
export const Fact = z.object({
  kind: EdgeKind,
  from: EntityRef,
  to: EntityRef,
  slot: z.string().max(1_000).default(''),
  method: Method.default('parsed'),
  /** 0 to 1. */
  confidence: z.number().min(0).max(1).default(1),
  evidence: Evidence.optional(),
  properties: JsonObject.default({}),
});
export type Fact = z.infer<typeof Fact>;
export type NewFact = Omit<z.input<typeof Fact>, 'properties'> & {
  properties?: JsonObject | undefined;
};

/**
 * All that one object of a source says at one revision. What its former revision said and this one
 * does not is over; nothing else ever ends a fact. No facts: the object is gone.
 */
export interface Statement {
  /** `git`, `github`, `human`. */
  system: string;
  /** Id of the object within its system. */
  object: string;
  /** What is withdrawn together, such as the repository. */
  scope: string;
  /** Who may know: `repository:acme/shop`, `organisation`. */
  acl: string;
  revision: string;
  /** Order within the object, by the source's own count. */
  ordinal: number;
  /** When it began to hold, by the source's word. */
  statedAt: Date;
  extractor: string;
  extractorVersion: number;
  facts: readonly NewFact[];
}

/** From where one looks: what one may read, when it was true, when we knew. */
export interface Perspective {
  acls: readonly string[];
  /** Sources of readable ACLs that are kept from the reader all the same. */
  hiddenSources: readonly number[];
  validAt: Date;
  knownAt: Date;
}

/** Who looks: asked for each ACL in use, once per question. */
export interface Reader {
  mayRead(acl: string): boolean;
  /** What is kept from the reader inside of what may be read. */
  closed?: readonly ClosedSource[] | undefined;
}

export interface AsOf {
  /** When it was true; now unless given. */
  validAt?: Date | undefined;
  /** When we knew; now unless given. */
  knownAt?: Date | undefined;
}

/** Things of a source, by the start of their path or name; `*` is every system, null every scope. */
export interface ClosedSource {
  system: string;
  scope: string | null;
  prefix: string;
}
