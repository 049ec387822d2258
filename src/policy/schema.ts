/** What the Policy Engine stores and answers. */
import { z } from 'zod';
import { idSchema } from '#kernel';

/** From the mildest to the strictest; the order is part of the meaning. */
export const LANES = ['ship', 'ship-and-watch', 'one-reviewer', 'two-person', 'hold'] as const;
export const Lane = z.enum(LANES);
export type Lane = z.infer<typeof Lane>;

export const DecidingRule = z.object({
  id: z.string(),
  /** Where a leader wrote it; line 0 for rules built in, which no file can remove. */
  file: z.string(),
  line: z.int().nonnegative(),
  /** The leader's words. */
  because: z.string(),
  kind: z.enum(['grant', 'requirement', 'hold', 'default']),
  reviewers: z.int().nonnegative(),
  /** `team:payments`, `role:security`, `person:ada@example.com`, `owners`; empty means any approver. */
  from: z.array(z.string()),
  isMet: z.boolean(),
});
export type DecidingRule = z.infer<typeof DecidingRule>;

export const RiskFactor = z.object({
  name: z.string(),
  value: z.union([z.number(), z.string(), z.boolean()]),
  /** All points of a verdict sum to its score. */
  points: z.number(),
  explanation: z.string(),
});
export type RiskFactor = z.infer<typeof RiskFactor>;

export const Decision = z.object({
  id: idSchema('dec'),
  changeId: idSchema('chg'),
  repository: z.string(),
  baseSha: z.string(),
  headSha: z.string(),
  /** SHA-256 of the policy in force, first 16 hex digits. */
  policyVersion: z.string(),
  /** Which file at which protected commit; `built-in` where the repository has none. */
  policySource: z.string(),
  lane: Lane,
  outcome: z.enum(['ship', 'escalate', 'block']),
  rules: z.array(DecidingRule),
  /** 0 to 100. */
  score: z.number(),
  factors: z.array(RiskFactor),
  /** What would let it ship, and who can give it. Empty when it ships. */
  missing: z.array(z.object({ rule: z.string(), what: z.string(), who: z.array(z.string()) })),
  facts: z.record(z.string(), z.unknown()),
  decidedAt: z.date(),
});
export type Decision = z.infer<typeof Decision>;

/** A consent that counts: governance has already checked who gave it. */
export interface ApprovalFact {
  person: string;
  roles: readonly string[];
  teams: readonly string[];
  /** `email:…`, `github:…`: how owners files and `person:` rules name the giver. */
  identities?: readonly string[] | undefined;
  headSha: string;
  /** The version it was given under; under another one it does not count. */
  policyVersion?: string | undefined;
  /** Needed where a policy lets approvals expire; without it such an approval does not count. */
  givenAt?: Date | undefined;
}
