/** The verbs of the breakers. */
import type { OrchestrationDeps } from '../deps.ts';
import { createFleetBreakers, type FleetBreakers } from './fleet-service.ts';
import type { BreakerSettings } from './settings.ts';

export type BreakerService = FleetBreakers;

export function createBreakerService(
  deps: OrchestrationDeps & { settings: BreakerSettings },
): BreakerService {
  return createFleetBreakers({ ...deps, settings: deps.settings.fleet });
}
