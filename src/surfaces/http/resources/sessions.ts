/** `/v1/sessions` and `/v1/claims`: runs of agents, and the paths they hold. */
import { z } from 'zod';
import * as orchestration from '#orchestration';
import { idSchema } from '#kernel';
import { endableSession, ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import {
  Change,
  Claim,
  ClaimAnswer,
  listQuery,
  page,
  repositoryName,
  Session,
} from '../schemas.ts';

const params = z.strictObject({ id: idSchema('ses') });
const path = z.string().min(1).max(1_000);
const SHOWN = 100;

export function sessionRoutes(services: Services): Route[] {
  const { sessions, claims, changes } = services;
  return [
    route({
      method: 'get',
      path: '/v1/sessions',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List sessions',
      description: 'Runs of coding agents, the last started first.',
      query: listQuery({
        state: orchestration.Session.shape.state.optional(),
        repository: repositoryName.optional(),
      }),
      answer: page(Session),
      handle: ({ query }) => sessions.list(query),
    }),
    route({
      method: 'post',
      path: '/v1/sessions',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Register a session',
      description:
        'Registers a run of an agent, or finds it again by agent and external id. The hook command does this by itself.',
      body: z.strictObject({
        agent: z.string().min(1).max(100),
        externalId: z.string().min(1).max(200),
        model: z.string().max(200).optional(),
        repository: repositoryName.optional(),
        branch: z.string().max(500).optional(),
        baseSha: z.string().max(64).optional(),
        cwd: z.string().max(2_000).optional(),
        intent: z.string().max(500).optional(),
        workItemId: idSchema('wrk').optional(),
        parentId: idSchema('ses').optional(),
      }),
      bodyExample: { agent: 'codex', externalId: '0198f2c4', repository: 'acme/shop' },
      status: 201,
      answer: Session,
      handle: ({ body, principal }) => sessions.start(body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/sessions/{id}',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'Show a session',
      description: 'A session with the paths it holds and the changes it made.',
      params,
      answer: Session.extend({ claims: z.array(Claim), changes: z.array(Change) }),
      async handle({ params: { id } }) {
        const session = found(await sessions.find(id), 'session', id);
        const [held, made] = await Promise.all([
          claims.list({ sessionId: id, limit: SHOWN }),
          changes.list({ sessionId: id, limit: SHOWN }),
        ]);
        return { ...session, claims: held.items, changes: made.items };
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/{id}/end',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'End a session',
      description:
        'Ends a session and releases what it holds: one of the caller, or of anybody where the caller is an admin.',
      params,
      body: z.strictObject({ reason: z.string().min(1).max(500).default('ended by request') }),
      bodyExample: { reason: 'the agent was stopped' },
      answer: Session,
      async handle({ params: { id }, body, principal }) {
        await endableSession(services, principal, id);
        await sessions.end(id, body.reason);
        return found(await sessions.find(id), 'session', id);
      },
    }),
    route({
      method: 'get',
      path: '/v1/claims',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'List claims',
      description: 'Paths that sessions hold or held, the last granted first.',
      query: listQuery({
        state: orchestration.Claim.shape.state.optional(),
        repository: repositoryName.optional(),
        sessionId: idSchema('ses').optional(),
      }),
      answer: page(Claim),
      handle: ({ query }) => claims.list(query),
    }),
    route({
      method: 'post',
      path: '/v1/claims',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Claim paths',
      description:
        'All or nothing. A denial is an answer, not an error: it names the holder and what can be done.',
      body: z.strictObject({
        sessionId: idSchema('ses'),
        repository: repositoryName,
        paths: z.array(path).min(1).max(200),
        strength: orchestration.Claim.shape.strength.default('exclusive'),
        intent: z.string().max(500).default(''),
      }),
      bodyExample: {
        sessionId: 'ses_019abc00000070008000000000000000',
        repository: 'acme/shop',
        paths: ['src/orders/validate.ts'],
      },
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
      body: z.strictObject({
        sessionId: idSchema('ses'),
        repository: repositoryName,
        paths: z.array(path).min(1).max(200),
      }),
      bodyExample: {
        sessionId: 'ses_019abc00000070008000000000000000',
        repository: 'acme/shop',
        paths: ['src/orders/'],
      },
      answer: ClaimAnswer,
      handle: ({ body }) => claims.check(body),
    }),
    route({
      method: 'post',
      path: '/v1/claims/release',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Release paths',
      description: 'Gives back the named paths of a session, or all of them.',
      body: z.strictObject({
        sessionId: idSchema('ses'),
        paths: z.array(path).max(200).optional(),
        reason: z.string().min(1).max(500).default('released by request'),
      }),
      bodyExample: { sessionId: 'ses_019abc00000070008000000000000000' },
      answer: z.object({ released: z.int() }),
      async handle({ body, principal }) {
        await ownSession(services, principal, body.sessionId);
        return { released: await claims.release(body) };
      },
    }),
  ];
}
