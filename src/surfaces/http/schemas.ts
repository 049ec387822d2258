/** Schemas of answers as the API document names them, and pieces that several resources share. */
import { z } from 'zod';
import * as context from '#context';
import * as governance from '#governance';
import * as insights from '#insights';
import { Json, JsonObject, MAX_PAGE_SIZE } from '#kernel';
import * as ledger from '#ledger';
import * as observability from '#observability';
import * as orchestration from '#orchestration';
import * as policy from '#policy';
import * as services from '../services.ts';
import { named } from './named.ts';

const JSON_TYPES = ['string', 'number', 'boolean', 'null', 'array', 'object'];
// Recursive schemas cannot be written out; the document says in words what they are.
z.globalRegistry.add(Json, { description: 'Any JSON value.', type: [...JSON_TYPES] });
z.globalRegistry.add(JsonObject, { description: 'Any JSON object.', type: 'object' });
for (const nullable of [ledger.LedgerEvent.shape.data, orchestration.Step.shape.output]) {
  z.globalRegistry.add(nullable, { description: 'Any JSON object.', type: ['object', 'null'] });
}

export const Repository = named('Repository', context.Repository);
export const ContextPack = named('ContextPack', context.ContextPack);
export const PackItem = named('PackItem', context.PackItem);
export const PackPreview = named('PackPreview', context.PackPreview);
export const Comment = named('Comment', context.Comment);
export const Lesson = named('Lesson', context.Lesson);
export const Board = named('Board', insights.Board);
export const Change = named('Change', orchestration.Change);
export const Session = named('Session', orchestration.Session);
export const Claim = named('Claim', orchestration.Claim);
export const Collision = named('Collision', orchestration.Collision);
export const WorkItem = named('WorkItem', orchestration.WorkItem);
export const Run = named('Run', orchestration.Run);
export const RunWithSteps = named('RunWithSteps', orchestration.RunWithSteps);
export const Assignment = named('Assignment', orchestration.Assignment);
export const Watch = named('Watch', orchestration.Watch);
export const EscalationPackage = named('EscalationPackage', policy.EscalationPackage);
export const Audit = named('Audit', policy.Audit);
export const AutonomyCurb = named('AutonomyCurb', policy.AutonomyCurb);
export const AutonomyRecord = named('AutonomyRecord', policy.AutonomyRecord);
export const AutonomyThreshold = named('AutonomyThreshold', policy.AutonomyThreshold);
export const RealisedBound = named('RealisedBound', policy.RealisedBound);
export const Decision = named('Decision', policy.Decision);
export const LedgerEvent = named('LedgerEvent', ledger.LedgerEvent);
export const Person = named('Person', governance.Person);
export const Token = named('Token', governance.Token);
export const Absence = named('Absence', governance.Absence);
export const Override = named('Override', governance.Override);
export const Approval = named('Approval', governance.Approval);
export const Deployment = named('Deployment', observability.Deployment);
export const Incident = named('Incident', observability.Incident);
export const Trace = named('Trace', observability.Trace);
export const WhyAnswer = named('WhyAnswer', observability.WhyAnswer);
export const ProtectionReport = named('ProtectionReport', services.ProtectionReport);
export const Connection = named('Connection', orchestration.Connection);
export const SystemStatus = named('SystemStatus', services.SystemStatus);
export const ForgeRepository = named('ForgeRepository', services.ForgeRepository);

export const SearchHit = named(
  'SearchHit',
  z.object({
    kind: z.enum([...context.PackItem.shape.kind.options, 'symbol']),
    title: z.string(),
    path: z.string().nullable(),
    /** Where in the file it begins, from 1: of symbols. */
    line: z.int().optional(),
    excerpt: z.string(),
    /** Empty for a page of an outside system that belongs to none. */
    repository: z.string(),
    revision: z.string(),
    score: z.number(),
    /** Of pages and threads of outside systems. */
    source: z
      .object({ system: z.string(), object: z.string(), url: z.string().optional() })
      .optional(),
    owner: z.string().nullable().optional(),
    observedAt: z.date().optional(),
    freshness: context.PackItem.shape.freshness.optional(),
  }),
);

export const FileChange = named(
  'FileChange',
  z.object({
    status: z.enum(['added', 'modified', 'deleted', 'renamed', 'copied', 'type-changed']),
    path: z.string(),
    oldPath: z.string().optional(),
    addedLines: z.int().nullable(),
    deletedLines: z.int().nullable(),
    isSubmodule: z.boolean(),
  }),
);

export const ClaimAnswer = named(
  'ClaimAnswer',
  z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('granted'), claims: z.array(Claim) }),
    z.object({
      outcome: z.literal('denied'),
      message: z.string(),
      conflicts: z.array(
        z.object({
          path: z.string(),
          heldBy: z.object({
            sessionId: orchestration.Session.shape.id,
            claimId: orchestration.Claim.shape.id,
            target: z.string(),
            agent: z.string(),
            operator: z.string().nullable(),
            intent: z.string(),
            branch: z.string().nullable(),
            since: z.date(),
            until: z.date(),
          }),
        }),
      ),
      choices: z.array(z.string()),
    }),
  ]),
);

export const ClaimWait = named('ClaimWait', orchestration.ClaimWait);
export const ChoiceAnswer = named(
  'ChoiceAnswer',
  z.object({
    choice: z.enum(orchestration.CHOICES),
    message: z.string(),
    withSessionId: orchestration.Session.shape.id.nullable(),
    workItemId: orchestration.WorkItem.shape.id.nullable(),
    claims: z.array(Claim),
  }),
);
export const GateAnswer = named(
  'GateAnswer',
  z.discriminatedUnion('outcome', [
    z.object({ outcome: z.literal('open') }),
    z.object({
      outcome: z.literal('fenced'),
      message: z.string(),
      writes: z.array(
        z.object({
          path: z.string(),
          fence: z.int(),
          holderSessionId: orchestration.Session.shape.id,
          holderFence: z.int(),
        }),
      ),
    }),
  ]),
);
export const HandOut = named(
  'HandOut',
  z.object({
    item: WorkItem.nullable(),
    reason: z.string().nullable(),
    skipped: z.array(
      z.object({ id: orchestration.WorkItem.shape.id, title: z.string(), reason: z.string() }),
    ),
  }),
);

/** One page of a list. */
export function page<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable().meta({
      description: 'Pass it as `cursor` to read on; null on the last page.',
    }),
  });
}

/** Query of a list: a page, and nothing that is not known. */
export function listQuery<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject({
    limit: z.coerce.number().int().min(1).max(MAX_PAGE_SIZE).default(50).meta({
      description: 'Items on a page.',
      example: 50,
    }),
    cursor: z.string().max(500).optional().meta({
      description: '`nextCursor` of the page before.',
    }),
    ...shape,
  });
}

export const repositoryName = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'Name or id of a repository.', example: 'acme/shop' });

export const commitSha = z
  .string()
  .regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'is not a full commit id')
  .meta({ description: 'Full commit id.', example: '4f2c0a9d1b7e3c5a8f6d2e1b0c9a8b7d6e5f4a3b' });

/** Names a resource by anything its service resolves. */
export function pathId(description: string, example: string) {
  return z.strictObject({ id: z.string().min(1).max(300).meta({ description, example }) });
}
