/** `/v1/policy`: the rules in force, and checking a rule file before it is committed. */
import { z } from 'zod';
import { AppError, idSchema } from '#kernel';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { type Route, route } from '../route.ts';
import { Decision, repositoryName } from '../schemas.ts';

const PolicyProblem = named(
  'PolicyProblem',
  z.object({
    line: z.int(),
    column: z.int(),
    path: z.string(),
    message: z.string(),
    suggestion: z.string().nullable(),
  }),
);

const PolicySummary = named(
  'PolicySummary',
  z.object({
    version: z.string(),
    source: z.string(),
    refused: z.object({ source: z.string(), problems: z.array(PolicyProblem) }).nullable(),
    rules: z.array(
      z.object({ id: z.string(), line: z.int(), because: z.string(), kind: z.string() }),
    ),
  }),
);

export function policyRoutes({ policy, context }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/policy',
      access: 'policy:read',
      tag: 'policy',
      summary: 'Show the policy in force',
      description:
        'Rules of a repository, read from its protected branch; also a newer file that was refused, and why.',
      query: z.strictObject({ repository: repositoryName }),
      answer: PolicySummary,
      async handle({ query: { repository } }) {
        const known = found(await context.findRepository(repository), 'repository', repository);
        if (known.headSha === null) {
          throw new AppError('conflict', 'http.empty_repository', {
            message: `${known.name} has no commits yet.`,
            hint: 'Push a first commit to its default branch.',
          });
        }
        return policy.activePolicy(known.name, await context.openMirror(known.name), known.headSha);
      },
    }),
    route({
      method: 'get',
      path: '/v1/decisions/{id}',
      access: 'changes:read',
      tag: 'policy',
      summary: 'Show a decision',
      description: 'One verdict with the rules that decided, their words, and the factors.',
      params: z.strictObject({ id: idSchema('dec') }),
      answer: Decision,
      handle: async ({ params: { id } }) => found(await policy.findDecision(id), 'decision', id),
    }),
    route({
      method: 'post',
      path: '/v1/policy/validate',
      access: 'policy:read',
      tag: 'policy',
      summary: 'Check a policy file',
      description: 'Problems with line, column and a suggestion; stores nothing.',
      body: z.strictObject({ text: z.string().max(1_000_000) }),
      bodyExample: { text: 'version: 1\nrules: []\n' },
      answer: z.object({ problems: z.array(PolicyProblem), version: z.string().nullable() }),
      handle: async ({ body }) => policy.validate(body.text),
    }),
  ];
}
