/** What the Context Layer stores and serves. */
import { z } from 'zod';
import { idSchema } from '#kernel';

export const Repository = z.object({
  id: idSchema('repo'),
  /** `owner/name` on a host; a local path gives `local/<folder name>`. */
  name: z.string(),
  /** Which connector speaks for it: `local`, `github`; `git` is a plain clone nobody speaks for. */
  host: z.string(),
  url: z.string(),
  defaultBranch: z.string(),
  /** Tip of the default branch at the last import; null while it is empty. */
  headSha: z.string().nullable(),
  commitCount: z.int().nonnegative(),
  fileCount: z.int().nonnegative(),
  state: z.enum(['importing', 'ready', 'empty', 'failed']),
  /** Things that could not be read, safe to show; the rest was imported. */
  problems: z.array(z.string()),
  /** What was left out on purpose, by reason, with a few examples. */
  skipped: z.array(z.object({ reason: z.string(), count: z.int(), examples: z.array(z.string()) })),
  /** Names it went by before, newest first; they lead to it until another repository takes one. */
  formerNames: z.array(z.string()),
  /** Set while its host does not let us in: nothing is written to it. */
  accessLost: z.object({ at: z.date(), why: z.string() }).nullable(),
  importedAt: z.date().nullable(),
  createdAt: z.date(),
});
export type Repository = z.infer<typeof Repository>;

export const PACK_ITEM_KINDS = [
  'rule',
  'control',
  'decision',
  'lesson',
  'file',
  'companion',
  'owner',
  'person',
  'collision',
  'change',
  'incident',
  'document',
  'warning',
] as const;

/** One reason an item is in a pack: which signal, and what it saw. */
export const Evidence = z.object({ signal: z.string(), evidence: z.string() });
export type Evidence = z.infer<typeof Evidence>;

export const PackItem = z.object({
  /** Pass it to `expand`. The same thing keeps its id in all packs of a session. */
  id: z.string(),
  kind: z.enum(PACK_ITEM_KINDS),
  title: z.string(),
  path: z.string().optional(),
  /** What was handed out of it. Text from outside is quoted as data. */
  text: z.string(),
  source: z.object({
    system: z.string(),
    /** What was read: a path, a commit, a record. */
    object: z.string(),
    revision: z.string(),
    lines: z.string().optional(),
    /** Where a person can look at it, for sources that have a page. */
    url: z.string().optional(),
  }),
  /** When the source last changed. */
  observedAt: z.date().nullable(),
  ageDays: z.int().nonnegative().nullable(),
  freshness: z.enum(['current', 'unverified', 'stale', 'superseded', 'contradicted']),
  why: z.array(Evidence),
  /** 0 to 1, within its kind. */
  score: z.number(),
  /** Size of the item in the text of the pack. */
  tokens: z.int().nonnegative(),
  isUntrusted: z.boolean(),
});
export type PackItem = z.infer<typeof PackItem>;

export const ContextPack = z.object({
  id: idSchema('ctx'),
  repository: z.string(),
  /** Commit the pack was made at. */
  revision: z.string().nullable(),
  sessionId: idSchema('ses').nullable(),
  workItemId: idSchema('wrk').nullable(),
  title: z.string(),
  /** The pack of the same session that this one only adds to; null when it stands alone. */
  addsTo: idSchema('ctx').nullable(),
  items: z.array(PackItem),
  /** Ids of items that were told before in the session and still hold. */
  unchanged: z.array(z.string()),
  /** What was looked for and not found: said, not hidden. */
  unknowns: z.array(z.string()),
  budgetTokens: z.int(),
  tokens: z.int(),
  /** The text an agent reads. */
  text: z.string(),
  /** SHA-256 of `text`: what exactly the agent knew. */
  contentHash: z.string(),
  createdAt: z.date(),
});
export type ContextPack = z.infer<typeof ContextPack>;

export const ContextRequest = z.object({
  repository: z.string(),
  title: z.string().min(1).max(2_000),
  text: z.string().max(50_000).default(''),
  /** Files already known to matter. */
  paths: z.array(z.string().max(1_000)).max(200).default([]),
  budgetTokens: z.int().min(300).max(8_000).default(4_000),
  sessionId: idSchema('ses').optional(),
  workItemId: idSchema('wrk').optional(),
  /** Most bytes of UTF-8, for agents that cut long texts off. */
  maxBytes: z.int().min(1_000).optional(),
  /** Everything again, also what the session was told before. */
  full: z.boolean().optional(),
});
export type ContextRequest = z.output<typeof ContextRequest>;

/** What a session would be told, and what was found and left out; nothing of it is kept. */
export const PackPreview = z.object({
  pack: ContextPack.omit({ id: true }),
  leftOut: z.array(
    PackItem.pick({ kind: true, title: true, path: true, freshness: true, why: true, score: true }),
  ),
});
export type PackPreview = z.infer<typeof PackPreview>;
