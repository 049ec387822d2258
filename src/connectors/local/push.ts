/** What a delivery of the local forge says: one branch that moved, and what that means for changes. */
import { z } from 'zod';
import { SignalChange } from '#connectors/contract';

const Sha = z.string().regex(/^[0-9a-f]{40,64}$/);

const PushedChange = z.object({
  kind: z.enum(['opened', 'updated', 'closed']),
  /** Equal for everything that tells of the same fact, such as a merge and the later clean-up. */
  key: z.string().max(200),
  change: SignalChange,
  isMerged: z.boolean().default(false),
  mergeSha: Sha.optional(),
});
export type PushedChange = z.infer<typeof PushedChange>;

export const Push = z.object({
  id: z.string().min(1).max(100),
  repository: z.string(),
  branch: z.string(),
  before: Sha.nullable(),
  /** Null when the branch was deleted. */
  after: Sha.nullable(),
  isForced: z.boolean(),
  occurredAt: z.iso.datetime(),
  pusher: z.object({
    id: z.string().optional(),
    login: z.string().optional(),
    email: z.string().optional(),
  }),
  changes: z.array(PushedChange),
});
export type Push = z.infer<typeof Push>;
