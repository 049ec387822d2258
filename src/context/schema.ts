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
  importedAt: z.date().nullable(),
  createdAt: z.date(),
});
export type Repository = z.infer<typeof Repository>;

export const PackItem = z.object({
  /** Stable within the pack; pass it to `expand`. */
  id: z.string(),
  kind: z.enum([
    'file',
    'companion',
    'decision',
    'document',
    'rule',
    'owner',
    'person',
    'lesson',
    'warning',
  ]),
  title: z.string(),
  path: z.string().optional(),
  /** Text of the item as handed out. Text from outside is quoted as data. */
  excerpt: z.string().default(''),
  /** Why it is here, in one phrase. */
  reason: z.string(),
  source: z.object({
    system: z.string(),
    /** What was read: a path, a commit, a record. */
    object: z.string(),
    revision: z.string(),
    lines: z.string().optional(),
    url: z.string().optional(),
  }),
  changedAt: z.date().nullable(),
  freshness: z.enum(['current', 'unverified', 'stale', 'superseded', 'contradicted']),
  score: z.number(),
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
  items: z.array(PackItem),
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
});
export type ContextRequest = z.output<typeof ContextRequest>;
