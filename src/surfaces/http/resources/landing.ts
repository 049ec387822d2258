/** `/v1/landing-queue`: what waits to land on which branch, what is tested, and whether it is red. */
import { z } from 'zod';
import { LANDING_STRATEGIES, LandingLane } from '#orchestration';
import type { Services } from '../../services.ts';
import { type Route, route } from '../route.ts';
import { repositoryName } from '../schemas.ts';

export function landingRoutes({ landing }: Services): Route[] {
  return [
    route({
      method: 'get',
      path: '/v1/landing-queue',
      access: 'runs:read',
      tag: 'changes',
      summary: 'Show the landing queue',
      description:
        'Every branch that changes land on: what waits in which group, the trees under test (those with `assumed` changes are tested ahead of time), what ended last, and where the branch is red, why nothing lands, the commit that did it and the revert that is proposed.',
      query: z.strictObject({ repository: repositoryName.optional() }),
      answer: z.object({ lanes: z.array(LandingLane) }),
      async handle({ query: { repository } }) {
        const lanes = await landing.show();
        return {
          lanes: lanes.filter((lane) => repository === undefined || lane.repository === repository),
        };
      },
    }),
    route({
      method: 'post',
      path: '/v1/landing-queue/resume',
      access: 'runs:control',
      tag: 'changes',
      summary: 'Let landing go on',
      description:
        'Landing on a red branch waits until the branch is green. This has it go on before, with a reason for the record.',
      body: z.strictObject({
        repository: repositoryName,
        baseBranch: z.string().min(1).max(200),
        reason: z.string().trim().min(1).max(500),
      }),
      bodyExample: { repository: 'acme/shop', baseBranch: 'main', reason: 'the test is wrong' },
      answer: z.object({ lanes: z.array(LandingLane) }),
      async handle({ body: { reason, ...lane }, actor }) {
        await landing.resume(lane, { reason, actor });
        return { lanes: await landing.show() };
      },
    }),
    route({
      method: 'post',
      path: '/v1/landing-queue/strategy',
      access: 'policy:publish',
      tag: 'changes',
      summary: 'Set how a branch is landed on',
      description:
        '`serial`, which every branch begins with: the very tree that will be on the branch is tested. `lanes`: changes without a package in common do not wait for each other, and the branch itself is tested behind them (docs/workflows.md).',
      body: z.strictObject({
        repository: repositoryName,
        baseBranch: z.string().min(1).max(200),
        strategy: z.enum(LANDING_STRATEGIES),
        reason: z.string().trim().min(1).max(500),
      }),
      bodyExample: {
        repository: 'acme/shop',
        baseBranch: 'main',
        strategy: 'lanes',
        reason: 'packages rarely touch each other',
      },
      answer: z.object({ lanes: z.array(LandingLane) }),
      async handle({ body: { strategy, reason, ...lane }, actor }) {
        await landing.setStrategy(lane, { strategy, reason, actor });
        return { lanes: await landing.show() };
      },
    }),
  ];
}
