/** `/v1/claims`: what sessions hold, who waits for it, and the ways on when two want the same. */
import { z } from 'zod';
import * as orchestration from '#orchestration';
import { idSchema } from '#kernel';
import { mayEndSession, ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import {
  ChoiceAnswer,
  Claim,
  ClaimAnswer,
  ClaimWait,
  GateAnswer,
  listQuery,
  page,
  repositoryName,
} from '../schemas.ts';

const text = z.string().min(1).max(1_000);
const things = {
  paths: z.array(text).max(200).optional().meta({ description: 'Exactly as git names them.' }),
  targets: z.array(text).max(200).optional().meta({
    description:
      'Paths, patterns (`src/**/*.sql`), definitions (`src/pay.ts#refund`), resources (`port:3000`, `database:shop`, `environment:staging`, `migration:0061`, `named:release`) or issues (`issue:acme/shop#12`).',
  }),
};
const about = { sessionId: idSchema('ses'), repository: repositoryName, ...things };
const example = { sessionId: 'ses_019abc00000070008000000000000000', repository: 'acme/shop' };

export function claimRoutes(services: Services): Route[] {
  const { claims, negotiation } = services;
  return [
    route({
      method: 'get',
      path: '/v1/claims',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List claims',
      description: 'What sessions hold or held, the last granted first.',
      query: listQuery({
        state: orchestration.Claim.shape.state.optional(),
        kind: orchestration.Claim.shape.kind.optional(),
        repository: repositoryName.optional(),
        sessionId: idSchema('ses').optional(),
        operatorId: z.string().max(100).optional(),
      }),
      answer: page(Claim),
      handle: ({ query }) => claims.list(query),
    }),
    route({
      method: 'post',
      path: '/v1/claims',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Claim paths and more',
      description:
        'All or nothing. A denial is an answer, not an error: it names the holder and what can be done.',
      body: z.strictObject({
        ...about,
        strength: orchestration.Claim.shape.strength.default('exclusive'),
        intent: z.string().max(500).default(''),
      }),
      bodyExample: { ...example, paths: ['src/orders/validate.ts'] },
      answer: ClaimAnswer,
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return claims.acquire(body);
      },
    }),
    route({
      method: 'post',
      path: '/v1/claims/check',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'Ask before claiming',
      description: 'What a claim would be answered; grants nothing.',
      body: z.strictObject(about),
      bodyExample: { ...example, paths: ['src/orders/'] },
      answer: ClaimAnswer,
      handle: ({ body }) => claims.check(body),
    }),
    route({
      method: 'post',
      path: '/v1/claims/release',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Release claims',
      description: 'Gives back what is named of what a session holds, or all of it.',
      body: z.strictObject({
        sessionId: idSchema('ses'),
        ...things,
        reason: z.string().min(1).max(500).default('released by request'),
      }),
      bodyExample: { sessionId: example.sessionId },
      answer: z.object({ released: z.int() }),
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return { released: await claims.release(body) };
      },
    }),
    route({
      method: 'post',
      path: '/v1/claims/intent',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Declare an intent',
      description:
        'What a session is about and which files it will probably touch. It keeps nobody out; a later one takes its place.',
      body: z.strictObject({
        sessionId: idSchema('ses'),
        repository: repositoryName,
        intent: z.string().min(1).max(500),
        predicted: z
          .array(z.strictObject({ path: text, score: z.number().min(0).max(1) }))
          .max(100)
          .optional(),
      }),
      bodyExample: { ...example, intent: 'round refunds to cents' },
      answer: Claim,
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return claims.declareIntent(body);
      },
    }),
    route({
      method: 'get',
      path: '/v1/claims/waits',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List who waits',
      description: 'Sessions that wait for something another one holds, the longest first.',
      query: listQuery({
        repository: repositoryName.optional(),
        sessionId: idSchema('ses').optional(),
      }),
      answer: page(ClaimWait),
      handle: ({ query }) => claims.listWaits(query),
    }),
    route({
      method: 'post',
      path: '/v1/claims/choices',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Choose how to go on after a denial',
      description:
        'Go on elsewhere, rebase onto the holder, split a task off for it, wait, ask for a hand-over, or stop in favour of the earlier session. Each is recorded with its effect.',
      body: z.strictObject({
        ...about,
        choice: z.enum(orchestration.CHOICES),
        note: z.string().max(4_000).default(''),
        withSessionId: idSchema('ses').optional(),
      }),
      bodyExample: { ...example, choice: 'wait', paths: ['src/orders/validate.ts'] },
      answer: ChoiceAnswer,
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return negotiation.choose(body, (session) => mayEndSession(services, principal, session));
      },
    }),
    route({
      method: 'post',
      path: '/v1/claims/gate',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Ask whether work may pass',
      description:
        'Whether what a session wrote may be committed or pushed: not where another was given it since. A commit that passes also narrows the claims of the session to what it changed.',
      body: z.strictObject({
        sessionId: idSchema('ses'),
        repository: repositoryName,
        gate: z.enum(['commit', 'push']),
        paths: z.array(text).max(5_000),
        dirty: z.array(text).max(5_000).optional().meta({
          description: 'Files changed in the work tree that are not part of the commit.',
        }),
        headSha: z.string().max(64).optional(),
      }),
      bodyExample: { ...example, gate: 'commit', paths: ['src/orders/validate.ts'] },
      answer: GateAnswer,
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return claims.gate(body);
      },
    }),
  ];
}
