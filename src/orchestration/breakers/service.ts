/** The verbs of the breakers: of one session, and of all together. */
import type { Id } from '#kernel';
import type { OrchestrationDeps } from '../deps.ts';
import { createFleetBreakers, type FleetBreakers } from './fleet-service.ts';
import { createSessionBreakers, type SessionBreakers } from './session-service.ts';
import type { BreakerSettings } from './settings.ts';

export interface BreakerService extends FleetBreakers, SessionBreakers {
  /** A session is over: how it ended is counted for its agent and repository. */
  finish(session: { id: Id<'ses'>; agent: string; repository: string | null }): Promise<void>;
}

export function createBreakerService(
  deps: OrchestrationDeps & { settings: BreakerSettings },
): BreakerService & AsyncDisposable {
  const fleet = createFleetBreakers({ ...deps, settings: deps.settings.fleet });
  const sessions = createSessionBreakers({ ...deps, isEnabled: deps.settings.fleet.isEnabled });
  return {
    ...fleet,
    ...sessions,
    async finish({ id, agent, repository }) {
      const { stage, spent } = await sessions.ofSession(id);
      // One that did nothing says nothing about its agent.
      if (spent.calls === 0) return;
      const outcome = stage === 'closed' ? 'worked' : 'failed';
      await fleet.reportOutcome({ sessionId: id, agent, repository, outcome });
    },
  };
}
