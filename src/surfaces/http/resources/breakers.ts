/** `/v1/breakers`: what circuit breakers stopped, what they hold back, what that saved. */
import { z } from 'zod';
import { BreakerTotals, BreakerTrip, FLEET_SCOPES, FleetBreaker } from '#orchestration';
import { idSchema } from '#kernel';
import { endableSession } from '../../own-session.ts';
import type { Services } from '../../services.ts';
import { found } from '../gate.ts';
import { type Route, route } from '../route.ts';
import { listQuery, page, repositoryName } from '../schemas.ts';

const params = z.strictObject({ id: idSchema('ses') });
const reason = z.string().trim().min(1).max(500);
const limit = z.int().positive().nullable();
const Budget = z.object({
  tokens: limit,
  costUsdMicros: limit,
  minutes: limit,
  calls: limit,
});
const SessionBreaker = z.object({
  stage: z.enum(['closed', 'turn-ended', 'session-ended']),
  /** Times it was only advised. */
  nudges: z.int(),
  trips: z.int(),
  spent: z.object({ tokens: z.int(), costUsdMicros: z.int(), calls: z.int() }),
  /** What applies to it; null is no limit. */
  budget: Budget,
});
const SHOWN = 50;

export function breakerRoutes(services: Services): Route[] {
  const { breakers, sessions } = services;
  return [
    route({
      method: 'get',
      path: '/v1/breakers',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'Show circuit breakers',
      description:
        'What was stopped, newest first; agents, repositories, providers and subjects that are held back now; and totals. Savings are estimates, each with its method.',
      query: listQuery({
        repository: repositoryName.optional(),
        days: z.coerce.number().int().min(1).max(365).default(30),
      }),
      answer: page(BreakerTrip).extend({ fleet: z.array(FleetBreaker), totals: BreakerTotals }),
      async handle({ query: { days, ...query } }) {
        const [trips, fleet, totals] = await Promise.all([
          breakers.listTrips(query),
          breakers.listFleet(),
          breakers.totals(days),
        ]);
        return { ...trips, fleet, totals };
      },
    }),
    route({
      method: 'post',
      path: '/v1/breakers/close',
      access: 'runs:control',
      tag: 'sessions',
      summary: 'Close a breaker of many sessions',
      description:
        'Lets sessions of an agent, in a repository or of a provider start again, or a subject be changed again. People only, and not with a token that an agent is run with. Recorded.',
      body: z.strictObject({
        scope: z.enum(FLEET_SCOPES),
        key: z.string().min(1).max(300),
        reason,
      }),
      bodyExample: { scope: 'repository', key: 'acme/shop', reason: 'The registry is back' },
      answer: FleetBreaker,
      handle: ({ body: { scope, key, reason: why }, principal }) =>
        breakers.closeFleet({ scope, key }, why, principal),
    }),
    route({
      method: 'get',
      path: '/v1/sessions/{id}/breaker',
      access: 'sessions:read',
      tag: 'sessions',
      summary: 'Show the breaker of a session',
      description: 'Its stage, what it has spent, what applies to it, and what stopped it.',
      params,
      answer: SessionBreaker.extend({ items: z.array(BreakerTrip) }),
      async handle({ params: { id } }) {
        found(await sessions.find(id), 'session', id);
        const [breaker, trips] = await Promise.all([
          breakers.ofSession(id),
          breakers.listTrips({ sessionId: id, limit: SHOWN }),
        ]);
        return { ...breaker, items: trips.items };
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/{id}/breaker/reset',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Lift the breaker of a session',
      description:
        'Lets a session that was stopped go on, with all its chances: one of the caller, or of anybody where the caller is an admin. People only, and not with a token that an agent is run with; recorded with the reason.',
      params,
      body: z.strictObject({ reason }),
      bodyExample: { reason: 'The registry is back' },
      answer: SessionBreaker,
      async handle({ params: { id }, body, principal }) {
        await endableSession(services, principal, id);
        return breakers.lift(id, body.reason, principal);
      },
    }),
    route({
      method: 'post',
      path: '/v1/sessions/{id}/breaker/budget',
      access: 'sessions:write',
      tag: 'sessions',
      summary: 'Limit a session',
      description:
        'Sets what a session may use, in place of the settings. What is left out stays; null takes a limit of the session away.',
      params,
      body: Budget.partial().strict(),
      bodyExample: { tokens: 500_000, minutes: 60 },
      answer: SessionBreaker,
      async handle({ params: { id }, body, principal }) {
        await endableSession(services, principal, id);
        return breakers.setBudget(id, body, principal);
      },
    }),
  ];
}
