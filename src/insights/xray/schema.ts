/** The X-ray: what a repository's own history says, each figure with the commits behind it. */
import { z } from 'zod';

/** Commits behind a figure, newest first, at most 50; `XrayReport.commits` describes them. */
const Shas = z.array(z.string());

export const XrayReport = z.object({
  repository: z.string(),
  since: z.date(),
  until: z.date(),
  generatedAt: z.date(),
  /** Null for an empty repository. */
  headSha: z.string().nullable(),
  totals: z.object({
    /** Commits by people and agents, merges not counted. */
    commits: z.int(),
    /** First-parent commits of the default branch: what landed, as one unit each. */
    changes: z.int(),
    authors: z.int(),
    files: z.int(),
    addedLines: z.int(),
    deletedLines: z.int(),
  }),
  changesOverTime: z.array(
    z.object({
      /** Monday, UTC. */
      week: z.date(),
      changes: z.int(),
      addedLines: z.int(),
      deletedLines: z.int(),
      aiChanges: z.int(),
    }),
  ),
  hotFiles: z.array(
    z.object({
      path: z.string(),
      changes: z.int(),
      authors: z.int(),
      addedLines: z.int(),
      deletedLines: z.int(),
      commits: Shas,
    }),
  ),
  ownership: z.object({
    /** Mean share of the busiest author over files changed at least three times. 0 to 1. */
    concentration: z.number(),
    /** Share of those files that only one person changed. 0 to 1. */
    singleOwnerShare: z.number(),
    files: z.array(
      z.object({ path: z.string(), topAuthor: z.string(), share: z.number(), commits: Shas }),
    ),
  }),
  overlaps: z.array(
    z.object({
      a: z.string(),
      b: z.string(),
      paths: z.array(z.string()),
      /** Decided by a real merge of the two branches. */
      hasConflict: z.boolean(),
      conflictPaths: z.array(z.string()),
    }),
  ),
  waits: z.object({
    /** False where history keeps no merge commits; then the git host must be asked. */
    isKnown: z.boolean(),
    /** From the last commit of a branch to its merge. */
    medianHours: z.number().nullable(),
    p90Hours: z.number().nullable(),
    sample: z.int(),
    commits: Shas,
  }),
  churn: z.object({
    /** Lines added by changes whose 14 days have passed. */
    bornLines: z.int(),
    /** Those of them changed or deleted again within 14 days. */
    churnedLines: z.int(),
    share: z.number().nullable(),
    commits: Shas,
  }),
  aiAuthored: z.object({
    /** Share of commits that say an agent took part; agents that leave no trailer are not seen. */
    share: z.number(),
    changes: z.int(),
    byAgent: z.array(z.object({ agent: z.string(), changes: z.int() })),
    commits: Shas,
  }),
  sizes: z.array(z.object({ bucket: z.string(), changes: z.int(), commits: Shas })),
  risk: z.object({
    buckets: z.array(z.object({ bucket: z.string(), changes: z.int(), commits: Shas })),
    /** What would have shipped alone, had the bound been the only rule. */
    underBound: z.object({
      /** Share of defective changes that may ship alone. 0 to 1. */
      bound: z.number(),
      /** False where no policy file declares one; then it is 0.05. */
      isDeclared: z.boolean(),
      /** Code changes that the learned model judged, each by what was known when it landed. */
      judged: z.int(),
      changes: z.int(),
      /** Of the judged ones. Null where none was. */
      share: z.number().nullable(),
      /** Judged changes whose defect was found since, and those of them within the bound. */
      defects: z.int(),
      slipped: z.int(),
      commits: Shas,
    }),
    explanation: z.string(),
  }),
  commits: z.record(
    z.string(),
    z.object({
      subject: z.string(),
      author: z.string(),
      at: z.date(),
      addedLines: z.int(),
      deletedLines: z.int(),
      files: z.int(),
      risk: z.number().nullable(),
    }),
  ),
  /** What could not be read or was left out, and why. */
  problems: z.array(z.string()),
});
export type XrayReport = z.infer<typeof XrayReport>;
