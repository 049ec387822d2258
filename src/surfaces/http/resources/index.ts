/** Every route under /v1, resource by resource. */
import type { Services } from '../../services.ts';
import type { Route } from '../route.ts';
import { absenceRoutes } from './absences.ts';
import { accountRoutes } from './account.ts';
import { agentRoutes } from './agents.ts';
import { autonomyRoutes } from './autonomy.ts';
import { auditRoutes } from './audit.ts';
import { breakerRoutes } from './breakers.ts';
import { changeRoutes } from './changes.ts';
import { claimRoutes } from './claims.ts';
import { collisionRoutes } from './collisions.ts';
import { connectionRoutes } from './connections.ts';
import { contextRoutes } from './context.ts';
import { devboxRoutes } from './devboxes.ts';
import { forgeRoutes } from './forge.ts';
import { githubAppRoutes } from './github-app.ts';
import { inboxRoutes } from './inbox.ts';
import { landingRoutes } from './landing.ts';
import { lessonRoutes } from './lessons.ts';
import { graphRoutes } from './graph.ts';
import { boardRoutes } from './board.ts';
import { overviewRoutes } from './overview.ts';
import { peopleRoutes } from './people.ts';
import { policyRoutes } from './policy.ts';
import { productionRoutes } from './production.ts';
import { rankingFitRoutes } from './ranking-fits.ts';
import { repositoryRoutes } from './repositories.ts';
import { runRoutes } from './runs.ts';
import { sessionRoutes } from './sessions.ts';
import { sourceRestrictionRoutes } from './source-restrictions.ts';
import { subscriptionRoutes } from './webhook-subscriptions.ts';
import { streamRoutes } from './stream.ts';
import { systemRoutes } from './system.ts';
import { workItemRoutes } from './work-items.ts';
import { workflowRoutes } from './workflows.ts';

export function allRoutes(services: Services): Route[] {
  return [
    ...accountRoutes(services),
    ...overviewRoutes(services),
    ...boardRoutes(services),
    ...repositoryRoutes(services),
    ...contextRoutes(services),
    ...lessonRoutes(services),
    ...rankingFitRoutes(services),
    ...sourceRestrictionRoutes(services),
    ...graphRoutes(services),
    ...changeRoutes(services),
    ...collisionRoutes(services),
    ...landingRoutes(services),
    ...inboxRoutes(services),
    ...sessionRoutes(services),
    ...breakerRoutes(services),
    ...claimRoutes(services),
    ...agentRoutes(services),
    ...workItemRoutes(services),
    ...runRoutes(services),
    ...devboxRoutes(services),
    ...workflowRoutes(services),
    ...productionRoutes(services),
    ...auditRoutes(services),
    ...peopleRoutes(services),
    ...absenceRoutes(services),
    ...autonomyRoutes(services),
    ...policyRoutes(services),
    ...forgeRoutes(services),
    ...connectionRoutes(services),
    ...subscriptionRoutes(services),
    ...githubAppRoutes(services),
    ...systemRoutes(services),
    ...streamRoutes(services),
  ];
}
