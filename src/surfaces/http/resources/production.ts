/** `/v1/deployments`, `/v1/incidents`, `/v1/trace`, `/v1/why`: what became of a change, and where a line came from. */
import { z } from 'zod';
import * as observability from '#observability';
import { idSchema } from '#kernel';
import { reportDeployment } from '../../report-deployment.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import {
  commitSha,
  Deployment,
  Incident,
  listQuery,
  page,
  repositoryName,
  Trace,
  WhyAnswer,
} from '../schemas.ts';

const externalKey = z
  .string()
  .min(1)
  .max(300)
  .meta({ description: 'Your key for it; equal keys are one.', example: 'deploy-4711' });
const occurredAt = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .optional();

export function productionRoutes(services: Services): Route[] {
  const { context } = services;
  return [
    route({
      method: 'get',
      path: '/v1/deployments',
      access: 'deployments:read',
      tag: 'production',
      summary: 'List deployments',
      description: 'Code in environments, the last first.',
      query: listQuery({
        repository: repositoryName.optional(),
        environment: z.string().max(200).optional(),
      }),
      answer: page(Deployment),
      handle: ({ query }) => services.observability.listDeployments(query),
    }),
    route({
      method: 'post',
      path: '/v1/deployments',
      access: 'deployments:write',
      tag: 'production',
      summary: 'Report a deployment',
      description:
        'Call it when a deployment starts and again when it ends, with the same key. Finds the changes it carries and tells their runs.',
      body: z.strictObject({
        repository: repositoryName,
        environment: z.string().min(1).max(200),
        sha: commitSha,
        status: observability.Deployment.shape.status,
        externalKey,
        url: z.url().max(2_000).optional(),
        occurredAt,
      }),
      bodyExample: {
        repository: 'acme/shop',
        environment: 'production',
        sha: '4f2c0a9d1b7e3c5a8f6d2e1b0c9a8b7d6e5f4a3b',
        status: 'succeeded',
        externalKey: 'deploy-4711',
      },
      status: 201,
      answer: Deployment,
      handle: ({ body, actor }) => reportDeployment(services, body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/incidents',
      access: 'deployments:read',
      tag: 'production',
      summary: 'List incidents',
      description: 'Harm in production, the last first.',
      query: listQuery({ state: observability.Incident.shape.state.optional() }),
      answer: page(Incident),
      handle: ({ query }) => services.observability.listIncidents(query),
    }),
    route({
      method: 'post',
      path: '/v1/incidents',
      access: 'incidents:write',
      tag: 'production',
      summary: 'Report an incident',
      description: 'Call it when it opens and again when it is resolved, with the same key.',
      body: z.strictObject({
        title: z.string().trim().min(1).max(500),
        severity: observability.Incident.shape.severity,
        state: observability.Incident.shape.state.default('open'),
        externalKey,
        repository: repositoryName.optional(),
        deploymentId: idSchema('dep').optional(),
        url: z.url().max(2_000).optional(),
        occurredAt,
      }),
      bodyExample: {
        title: 'Checkout answers 500',
        severity: 'high',
        externalKey: 'pager-812',
        repository: 'acme/shop',
      },
      status: 201,
      answer: Incident,
      handle: ({ body, actor }) => services.observability.recordIncident(body, actor),
    }),
    route({
      method: 'get',
      path: '/v1/trace',
      access: 'changes:read',
      tag: 'production',
      summary: 'Trace a thing both ways',
      description:
        'Everything connected with an id, a commit, `owner/name#12` or `owner/name:branch`.',
      query: z.strictObject({
        ref: z.string().min(1).max(300).meta({
          description: 'What to start from.',
          example: 'chg_019abc00000070008000000000000000',
        }),
      }),
      answer: Trace,
      handle: ({ query: { ref } }) => services.observability.trace(ref),
    }),
    route({
      method: 'get',
      path: '/v1/why',
      access: 'changes:read',
      tag: 'production',
      summary: 'Why is this line here',
      description: 'From a line of code back to its commit, change, session and signal.',
      query: z.strictObject({
        repository: repositoryName,
        path: z
          .string()
          .min(1)
          .max(1_000)
          .meta({ description: 'File.', example: 'src/orders/validate.ts' }),
        line: z.coerce.number().int().min(1).meta({ description: 'Line, from 1.', example: 12 }),
        revision: z
          .string()
          .max(300)
          .optional()
          .meta({ description: 'Commit or branch; the default branch unless given.' }),
      }),
      answer: WhyAnswer,
      async handle({ query: { repository, ...place } }) {
        const { name } = found(await context.findRepository(repository), 'repository', repository);
        return services.observability.why({
          ...place,
          repository: name,
          git: await context.openMirror(name),
        });
      },
    }),
  ];
}
