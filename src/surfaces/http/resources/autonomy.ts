/** `/v1/autonomy` and `/v1/overrides`: what ships alone and how it went, and verdicts put aside. */
import { z } from 'zod';
import { idSchema } from '#kernel';
import { answerAudit } from '../../answer-audit.ts';
import { restoreAutonomy } from '../../restore-autonomy.ts';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import {
  Audit,
  AutonomyCurb,
  AutonomyRecord,
  AutonomyThreshold,
  commitSha,
  listQuery,
  Override,
  page,
  RealisedBound,
  repositoryName,
} from '../schemas.ts';

/** The policy says who may; this only keeps those out who may decide nothing at all. */
const DECIDERS = ['changes:approve', 'policy:publish', 'runs:control'] as const;

export function autonomyRoutes(services: Services): Route[] {
  const { policy, overrides } = services;
  return [
    route({
      method: 'get',
      path: '/v1/autonomy',
      access: 'insights:read',
      tag: 'policy',
      summary: 'Show autonomy',
      description:
        'Halvings after harm, budgets drawn on today, what each agent shipped alone by repository and folder and what came of it, the declared bound beside what really slipped, where the thresholds of each kind of change and tier stand, and the sample that a person looks at afterwards.',
      query: z.strictObject({
        repository: repositoryName.optional(),
        agent: z.string().min(1).max(200).optional(),
      }),
      answer: z.object({
        windowDays: z.int(),
        curbs: z.array(AutonomyCurb),
        budgets: z.array(
          z.object({
            repository: z.string(),
            budget: z.string().meta({ example: 'autonomy.tier1 service:checkout' }),
            used: z.int(),
          }),
        ),
        records: z.array(AutonomyRecord),
        bounds: z.array(RealisedBound),
        thresholds: z.array(AutonomyThreshold),
        audits: z.array(Audit),
      }),
      handle: ({ query }) => policy.readAutonomy(query),
    }),
    route({
      method: 'post',
      path: '/v1/autonomy/restorations',
      access: DECIDERS,
      tag: 'policy',
      summary: 'Restore autonomy early',
      description:
        'Ends a halving before its time. Only the owner of the service may, with a reason; for all of a repository, its leadership.',
      body: z.strictObject({
        curb: z.int().positive(),
        reason: z.string().trim().min(10).max(2_000),
      }),
      bodyExample: { curb: 7, reason: 'The cause was a broken fixture, mended in #812.' },
      answer: AutonomyCurb,
      handle: ({ body, principal }) => restoreAutonomy(services, body, principal),
    }),
    route({
      method: 'post',
      path: '/v1/autonomy/audits/{changeId}',
      access: DECIDERS,
      tag: 'policy',
      summary: 'Answer an audit',
      description:
        'What a person found who looked at a change that had shipped alone and was drawn for it. Nobody with a hand in the change may; a risky one counts as harm that slipped.',
      params: z.strictObject({ changeId: idSchema('chg') }),
      body: z.strictObject({
        finding: z.enum(['fine', 'risky']),
        reason: z.string().trim().min(10).max(2_000),
      }),
      bodyExample: { finding: 'fine', reason: 'Only words of the guide changed; read all of it.' },
      answer: Audit,
      handle: ({ params: { changeId }, body, principal }) =>
        answerAudit(services, changeId, body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/overrides',
      access: 'changes:read',
      tag: 'policy',
      summary: 'List overrides',
      description: 'Verdicts that were put aside, or asked to be, the newest first.',
      query: listQuery({ changeId: idSchema('chg').optional() }),
      answer: page(Override),
      handle: ({ query }) => overrides.list(query),
    }),
    route({
      method: 'post',
      path: '/v1/overrides',
      access: DECIDERS,
      tag: 'policy',
      summary: 'Ask to put a verdict aside',
      description:
        'Break-glass for one commit: by those the policy names, with a reason, a ticket and a second person where it asks for them. What is built in never gives way. The queue tests it as any other change, unless `isEmergency` is said and recorded.',
      body: z.strictObject({
        changeId: idSchema('chg'),
        headSha: commitSha,
        reason: z.string().trim().min(1).max(4_000),
        ticket: z.string().trim().min(1).max(200).optional(),
        isEmergency: z.boolean().optional(),
      }),
      bodyExample: {
        changeId: 'chg_019abc00000070008000000000000000',
        headSha: '4f2c0a9d1b7e3c5a8f6d2e1b0c9a8b7d6e5f4a3b',
        reason: 'Checkout is down; this restores the old tax table.',
        ticket: 'INC-12',
      },
      status: 201,
      answer: Override,
      handle: ({ body: { changeId, ...request }, principal }) =>
        overrides.request(changeId, request, principal),
    }),
    route({
      method: 'post',
      path: '/v1/overrides/{id}/confirmations',
      access: DECIDERS,
      tag: 'policy',
      summary: 'Agree to an override',
      description: 'The second person; from then on it holds for as long as the policy says.',
      params: z.strictObject({ id: idSchema('ovr') }),
      body: z.strictObject({}),
      bodyExample: {},
      answer: Override,
      handle: ({ params: { id }, principal }) => overrides.confirm(id, principal),
    }),
  ];
}
