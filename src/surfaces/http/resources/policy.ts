/** `/v1/policy`: the rules in force, their versions, and trying and publishing other ones. */
import { z } from 'zod';
import type { Principal } from '#governance';
import type { GitRepository } from '#git';
import { AppError, idSchema, isId } from '#kernel';
import { classifyAuthor } from '#orchestration';
import {
  type Leader,
  MAX_BACKTEST_CHANGES,
  policyFileSchema,
  RiskExplanation as Explained,
} from '#policy';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { named } from '../named.ts';
import { ndjson } from '../ndjson.ts';
import { BacktestLine } from '../reports.ts';
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

const PolicyRemark = named(
  'PolicyRemark',
  z.object({
    file: z.string(),
    line: z.int(),
    rule: z.string(),
    kind: z.enum(['never-fires', 'shadowed', 'no-effect', 'no-paths']),
    message: z.string(),
  }),
);

const PolicySummary = named(
  'PolicySummary',
  z.object({
    version: z.string(),
    source: z.string(),
    refused: z.object({ source: z.string(), problems: z.array(PolicyProblem) }).nullable(),
    rules: z.array(
      z.object({
        id: z.string(),
        line: z.int(),
        because: z.string(),
        kind: z.string(),
        words: z.string(),
      }),
    ),
  }),
);

const OrganisationPolicy = named(
  'OrganisationPolicy',
  z.object({
    version: z.int(),
    text: z.string(),
    authorId: z.string(),
    authorName: z.string(),
    reason: z.string(),
    state: z.enum(['proposed', 'active', 'replaced', 'withdrawn']),
    judgedBy: z.int().nullable(),
    proposedAt: z.date(),
    activeAt: z.date().nullable(),
    approvals: z.array(
      z.object({ personId: z.string(), personName: z.string(), givenAt: z.string() }),
    ),
  }),
);

const Verdict = z.object({
  lane: z.string(),
  outcome: z.string(),
  score: z.number(),
  rules: z.array(z.unknown()),
  factors: z.array(z.unknown()),
  missing: z.array(z.unknown()),
});

const RiskExplanation = named('RiskExplanation', Explained);

const policyText = z.string().max(1_100_000);
const versionParams = z.strictObject({ version: z.coerce.number().int().min(1) });
const DAY_MS = 86_400_000;
const DRAFT = 'version: 1\nrules: []\n';

export function policyRoutes(services: Services): Route[] {
  const { policy, context } = services;

  async function openBase(
    repository: string,
  ): Promise<{ name: string; git: GitRepository; baseSha: string }> {
    const known = found(await context.findRepository(repository), 'repository', repository);
    if (known.headSha === null) {
      throw new AppError('conflict', 'http.empty_repository', {
        message: `${known.name} has no commits yet.`,
        hint: 'Push a first commit to its default branch.',
      });
    }
    const git = await context.openMirror(known.name);
    return { name: known.name, git, baseSha: known.headSha };
  }

  return [
    route({
      method: 'get',
      path: '/v1/policy',
      access: 'policy:read',
      tag: 'policy',
      summary: 'Show the policy in force',
      description:
        'Rules by which changes of a repository are judged, as read from its protected branch; also a newer file that was refused, and why.',
      query: z.strictObject({ repository: repositoryName }),
      answer: PolicySummary,
      async handle({ query: { repository } }) {
        const { name, git, baseSha } = await openBase(repository);
        return policy.activePolicy(name, git, baseSha);
      },
    }),
    route({
      method: 'get',
      path: '/v1/policy/schema',
      access: 'signed-in',
      tag: 'policy',
      summary: 'Give the schema of policy files',
      description:
        'JSON Schema of `.loom/policy.yaml`, by which the studio completes; `loom policy schema` writes the same for other editors.',
      answer: z.record(z.string(), z.unknown()),
      handle: async () => policyFileSchema(),
    }),
    route({
      method: 'get',
      path: '/v1/policy/versions',
      access: 'policy:read',
      tag: 'policy',
      summary: 'List policy versions of a repository',
      description: 'Every version by which a change was judged, the newest first; at most 200.',
      query: z.strictObject({ repository: repositoryName }),
      answer: z.object({
        items: z.array(
          z.object({
            version: z.string(),
            text: z.string(),
            sourceCommit: z.string(),
            acceptedAt: z.date(),
            isActive: z.boolean(),
          }),
        ),
      }),
      async handle({ query: { repository } }) {
        const known = found(await context.findRepository(repository), 'repository', repository);
        return { items: await policy.listVersions(known.name) };
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
      method: 'get',
      path: '/v1/decisions/{id}/explanation',
      access: 'changes:read',
      tag: 'policy',
      summary: 'Explain the risk of a decision',
      description:
        'Every factor with its points, its curve and where the change stands on it; how values are ranked within the repository; and what was declared of earlier changes against what was found, by bins.',
      params: z.strictObject({ id: idSchema('dec') }),
      answer: RiskExplanation,
      handle: async ({ params: { id } }) => found(await policy.explain(id), 'decision', id),
    }),
    route({
      method: 'get',
      path: '/v1/decisions/{id}/replay',
      access: 'changes:read',
      tag: 'policy',
      summary: 'Make a decision again',
      description:
        'Judges the recorded facts by the recorded policy and says whether the verdict is the same, byte for byte.',
      params: z.strictObject({ id: idSchema('dec') }),
      answer: z.object({ isIdentical: z.boolean(), recorded: Verdict, replayed: Verdict }),
      handle: ({ params: { id } }) => policy.replay(id),
    }),
    route({
      method: 'post',
      path: '/v1/policy/validate',
      access: 'policy:read',
      tag: 'policy',
      summary: 'Check a policy file',
      description:
        'Problems with line, column and a suggestion, and remarks on what loads and looks like a mistake. With a repository the text is read with its catalog, below the organisation’s policy. Stores nothing.',
      body: z.strictObject({ text: policyText, repository: repositoryName.optional() }),
      bodyExample: { text: DRAFT },
      answer: z.object({
        problems: z.array(PolicyProblem),
        remarks: z.array(PolicyRemark),
        version: z.string().nullable(),
      }),
      handle: async ({ body: { text, repository } }) =>
        policy.validate(text, repository === undefined ? undefined : await openBase(repository)),
    }),
    route({
      method: 'post',
      path: '/v1/policy/backtest',
      access: 'policy:read',
      tag: 'policy',
      summary: 'Put an edited policy over what landed',
      description:
        'Lines of JSON: `{"type":"progress",…}` while it works, then one `{"type":"report",…}` (or `{"type":"problem",…}`): which changes move lane, whom it would ask, what would have shipped alone and was reverted later, which rules never spoke. Stores nothing.',
      body: z.strictObject({
        text: policyText,
        repository: repositoryName,
        layer: z.enum(['repository', 'organisation']).default('repository'),
        sinceDays: z.int().min(1).max(3_650).default(90),
        limit: z.int().min(1).max(MAX_BACKTEST_CHANGES).default(MAX_BACKTEST_CHANGES),
      }),
      bodyExample: { text: DRAFT, repository: 'acme/shop' },
      answer: BacktestLine,
      contentType: 'application/x-ndjson',
      async handle({ body, context: request }) {
        const { name, git, baseSha } = await openBase(body.repository);
        const since = new Date(services.clock.now().getTime() - body.sinceDays * DAY_MS);
        const { text, layer, limit } = body;
        return ndjson(request, async (send) => {
          const report = await policy.backtest({
            repository: name,
            git,
            baseSha,
            text,
            layer,
            since,
            limit,
            authorKindOf: (commit) => classifyAuthor([commit], { hasSession: false }),
            ownersOf: (paths) => context.ownersOf(name, baseSha, paths),
            onProgress: (progress) => send({ type: 'progress', ...progress }),
          });
          send({ type: 'report', report });
        });
      },
    }),
    ...organisationRoutes(services),
  ];
}

function organisationRoutes(services: Services): Route[] {
  const { policy, governance } = services;

  async function findLeader(id: string): Promise<Leader | undefined> {
    const person = isId('usr', id) ? await governance.findPerson(id) : undefined;
    // Whoever may not publish any more does not carry a version either.
    return person?.roles.includes('admin') === true ? person : undefined;
  }

  return [
    route({
      method: 'get',
      path: '/v1/policy/organisation/versions',
      access: 'policy:read',
      tag: 'policy',
      summary: 'List versions of the organisation’s policy',
      description: 'With author, reason and who agreed; the newest first, at most 200.',
      answer: z.object({ items: z.array(OrganisationPolicy) }),
      handle: async () => ({ items: await policy.listOrganisationPolicies() }),
    }),
    route({
      method: 'post',
      path: '/v1/policy/organisation/versions',
      access: 'policy:publish',
      tag: 'policy',
      summary: 'Publish a version of the organisation’s policy',
      description:
        'Takes force at once where nothing was in force or the old rules ask for nobody else; else `state` is `proposed` until another leader agrees.',
      body: z.strictObject({ text: policyText, reason: z.string().max(2_000) }),
      bodyExample: { text: DRAFT, reason: 'Start with one reviewer everywhere.' },
      status: 201,
      answer: OrganisationPolicy,
      handle: ({ body, principal, actor }) =>
        policy.proposeOrganisationPolicy(body, leaderOf(principal), actor),
    }),
    route({
      method: 'post',
      path: '/v1/policy/organisation/versions/{version}/endorse',
      access: 'policy:publish',
      tag: 'policy',
      summary: 'Agree to a proposed version',
      description: 'It takes force when those who agreed are those the old version asks for.',
      params: versionParams,
      answer: OrganisationPolicy,
      handle: ({ params, principal, actor }) =>
        policy.endorseOrganisationPolicy(params.version, leaderOf(principal), actor, findLeader),
    }),
    route({
      method: 'post',
      path: '/v1/policy/organisation/versions/{version}/withdraw',
      access: 'policy:publish',
      tag: 'policy',
      summary: 'Take a proposed version back',
      description: 'It stays on record as withdrawn.',
      params: versionParams,
      answer: OrganisationPolicy,
      handle: ({ params, actor }) => policy.withdrawOrganisationPolicy(params.version, actor),
    }),
  ];
}

function leaderOf({ id, name, roles, teams, identities, tokenMadeBy }: Principal): Leader {
  return { id, name, roles, teams, identities, tokenMadeBy };
}
