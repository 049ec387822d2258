/** Deployments, incidents and the answers to "where did this come from, and what became of it". */
import { z } from 'zod';
import { idSchema } from '#kernel';
import { LedgerEvent } from '#ledger';

export const Deployment = z.object({
  id: idSchema('dep'),
  repository: z.string(),
  environment: z.string(),
  sha: z.string(),
  status: z.enum(['started', 'succeeded', 'failed', 'rolled-back']),
  externalKey: z.string(),
  url: z.string().nullable(),
  /** Changes it carried to this environment for the first time. */
  changeIds: z.array(idSchema('chg')),
  startedAt: z.date(),
  finishedAt: z.date().nullable(),
});
export type Deployment = z.infer<typeof Deployment>;

export const Incident = z.object({
  id: idSchema('inc'),
  title: z.string(),
  severity: z.enum(['low', 'medium', 'high', 'critical']),
  state: z.enum(['open', 'resolved']),
  repository: z.string().nullable(),
  /** The deployment that caused it, where known. */
  deploymentId: idSchema('dep').nullable(),
  externalKey: z.string(),
  url: z.string().nullable(),
  detectedAt: z.date(),
  resolvedAt: z.date().nullable(),
});
export type Incident = z.infer<typeof Incident>;

export const TraceNode = z.object({
  /** An id, a commit sha, or `sha:path:line`. */
  ref: z.string(),
  kind: z.enum([
    'signal',
    'workItem',
    'session',
    'claim',
    'pack',
    'change',
    'commit',
    'mergeCommit',
    'decision',
    'approval',
    'run',
    'step',
    'deployment',
    'incident',
    'repository',
    'person',
  ]),
  title: z.string(),
  at: z.date(),
});
export type TraceNode = z.infer<typeof TraceNode>;

export const Trace = z.object({
  /** What was asked for, resolved. */
  ref: z.string(),
  correlationIds: z.array(z.string()),
  /** In the order of the one flow: signal, work item, session, … outcome. */
  nodes: z.array(TraceNode),
  edges: z.array(
    z.object({ from: z.string(), to: z.string(), relation: z.string(), eventId: z.string() }),
  ),
  events: z.array(LedgerEvent),
  /** True when limits cut it; narrow the question then. */
  isTruncated: z.boolean(),
});
export type Trace = z.infer<typeof Trace>;

export const WhyAnswer = z.object({
  repository: z.string(),
  path: z.string(),
  line: z.int(),
  text: z.string(),
  commit: z.object({ sha: z.string(), subject: z.string(), author: z.string(), at: z.date() }),
  /** Null when the line came in before LoomStack or around it. */
  trace: Trace.nullable(),
});
export type WhyAnswer = z.infer<typeof WhyAnswer>;
