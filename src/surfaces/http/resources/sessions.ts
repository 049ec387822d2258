/** `/v1/sessions`: runs of agents. */
import { z } from 'zod';
import * as orchestration from '#orchestration';
import { idSchema } from '#kernel';
import { SessionUsage } from '#observability';
import { endableSession, ownSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { takeNotes } from '../../session-notes.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import {
  Change,
  ChoiceAnswer,
  Claim,
  listQuery,
  page,
  repositoryName,
  Session,
} from '../schemas.ts';

const params = z.strictObject({ id: idSchema('ses') });
const path = z.string().min(1).max(1_000);
const SHOWN = 100;

export function sessionRoutes(services: Services): Route[] {
  const { sessions, claims, changes, negotiation } = services;
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
        operatorId: z.string().max(100).optional(),
        agent: z.string().max(100).optional(),
        parentId: idSchema('ses').optional(),
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
        'Registers a run of an agent, or finds it again by agent and external id. The hook command does this by itself. A work item that another live session holds is refused.',
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
        role: z.string().max(100).optional(),
        budget: z
          .strictObject({
            tokens: z.int().positive().nullable().optional(),
            usdMicros: z.int().positive().nullable().optional(),
            minutes: z.int().positive().nullable().optional(),
          })
          .optional(),
      }),
      bodyExample: { agent: 'codex', externalId: '0198f2c4', repository: 'acme/shop' },
      status: 201,
      answer: Session,
      handle: ({ body, principal }) => sessions.start(body, principal),
    }),
    route({
      method: 'get',
      path: '/v1/sessions/{id}/usage',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'Show what telemetry told of a session',
      description:
        'Tokens by class, cost, calls and failures by source and model, as the agent reported them. Sources are views of one spend: take one of them, never their sum.',
      params,
      answer: z.object({ items: z.array(SessionUsage) }),
      async handle({ params: { id } }) {
        const { agent, externalId, operatorId } = found(await sessions.find(id), 'session', id);
        return {
          items: await services.telemetry.usageOf({ agent, externalId, personId: operatorId }),
        };
      },
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
      method: 'post',
      path: '/v1/sessions/{id}/hand-over',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Hand over to another session',
      description:
        'Moves leases of a session to another, all of them with its work item or the named ones, and a note. The leases are at no moment free.',
      params,
      body: z.strictObject({
        to: idSchema('ses'),
        paths: z.array(path).max(200).optional(),
        targets: z.array(path).max(200).optional(),
        note: z.string().max(4_000).default(''),
      }),
      bodyExample: { to: 'ses_019abc00000070008000000000000000', note: 'tests are still red' },
      answer: ChoiceAnswer,
      async handle({ params: { id }, body, principal }) {
        await endableSession(services, principal, id);
        found(await sessions.find(body.to), 'session', body.to);
        return negotiation.handOver({ ...body, sessionId: id });
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/{id}/notes',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Take the notes of a session',
      description:
        'What a session is to hear and has not heard: given once. Hooks do this by themselves.',
      params,
      body: z.strictObject({}),
      bodyExample: {},
      answer: z.object({
        notes: z.array(
          z.object({
            kind: z.string(),
            fromSessionId: idSchema('ses').nullable(),
            text: z.string(),
          }),
        ),
      }),
      async handle({ params: { id }, principal }) {
        await ownSession(services, principal, id);
        return { notes: await takeNotes(services, id) };
      },
    }),
  ];
}
