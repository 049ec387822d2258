/** The ten slots of an escalation package, as they are stored, shown and sent. */
import { z } from 'zod';
import { idSchema } from '#kernel';

/** Above the fold: one line per slot, within the words of the whole package. */
const line = z.string().min(1);

export const EscalationPackage = z.object({
  version: z.literal(1),
  changeId: idSchema('chg'),
  repository: z.string(),
  title: z.string(),
  headSha: z.string(),
  baseSha: z.string(),
  decisionId: idSchema('dec'),
  policyVersion: z.string(),
  slots: z.object({
    /** 1. What is asked, until when, and what a yes unlocks. */
    decision: z.object({ text: line, deadline: z.iso.datetime(), unlocks: z.string() }),
    /** 2. Why this person, and who is asked if nobody answers. */
    whyYou: z.object({
      text: line,
      personId: idSchema('usr'),
      personName: z.string(),
      reasons: z.array(z.string()).min(1).max(3),
      standsInFor: z.string().nullable(),
      next: z.string().nullable(),
    }),
    /** 3. The rules that ask for it, in the leader's words. */
    rules: z.object({
      text: line,
      rules: z.array(
        z.object({ id: z.string(), file: z.string(), line: z.int(), words: z.string() }),
      ),
    }),
    /** 4. Risk and its four largest factors. */
    risk: z.object({
      text: line,
      /** 0 to 100 within this repository. */
      percentile: z.number(),
      factors: z
        .array(z.object({ name: z.string(), points: z.number(), explanation: z.string() }))
        .max(4),
    }),
    /** 5. What it reaches: data for a drawing. */
    blastRadius: z.object({
      text: line,
      tiers: z.array(z.string()),
      services: z.array(z.string()),
      downstream: z.array(z.string()),
      data: z.array(z.object({ name: z.string(), standard: z.string().nullable() })),
      reversibility: z.object({
        level: z.enum(['easy', 'with-care', 'hard']),
        because: z.string(),
      }),
    }),
    /** 6. The hunks that tell most. */
    hunks: z.object({
      text: line,
      hunks: z
        .array(
          z.object({
            path: z.string(),
            /** Lines of the new file; 0 and 0 for a file without any. */
            startLine: z.int(),
            endLine: z.int(),
            added: z.int(),
            deleted: z.int(),
            why: z.string(),
          }),
        )
        .max(5),
      /** Hunks of the change in all; null where the patch was too long to count them. */
      total: z.int().nullable(),
    }),
    /** 7. Tests, findings, and what went wrong here before. */
    evidence: z.object({
      text: line,
      checks: z.enum(['passed', 'failed', 'unknown']),
      tests: z.array(z.string()),
      findings: z.array(z.string()),
      incidents: z.array(
        z.object({
          title: z.string(),
          severity: z.string(),
          at: z.iso.datetime(),
          url: z.string().nullable(),
        }),
      ),
    }),
    /** 8. Where it came from. */
    provenance: z.object({
      text: line,
      human: z.string().nullable(),
      agent: z.string().nullable(),
      sessionId: idSchema('ses').nullable(),
      workItemId: idSchema('wrk').nullable(),
      workItem: z.string().nullable(),
      contextPackId: idSchema('ctx').nullable(),
    }),
    /** 9. The way back. */
    rollback: z.object({ text: line, command: z.string(), canary: z.string() }),
    /** 10. What can be done. */
    actions: z.object({
      text: line,
      actions: z.array(z.enum(['approve', 'approve-with-watch', 'send-back', 'hand-over'])).min(1),
    }),
  }),
  /** Words above the fold, labels included. */
  words: z.int().max(220),
});
export type EscalationPackage = z.infer<typeof EscalationPackage>;
export type EscalationSlots = EscalationPackage['slots'];
