/** The settings of the installation as the breakers read them. Pure. */
import type { Config } from '#kernel';
import type { Budget } from './budget.ts';
import type { FleetSettings } from './fleet-service.ts';
import type { Thresholds } from './thresholds.ts';

export interface BreakerSettings {
  thresholds: Partial<Thresholds>;
  budget: Budget;
  assumedSteps: number;
  fleet: FleetSettings;
}

const MICROS_PER_CENT = 10_000;

export function breakerSettings(config: Config['breakers']): BreakerSettings {
  const {
    sameCall,
    sameFailure,
    cycleRounds,
    sameError,
    testRuns,
    editReturns,
    idleSteps,
    messages,
    burstSteps,
    quietPolls,
    tripsToEndSession,
  } = config;
  return {
    thresholds: {
      sameCall,
      sameFailure,
      cycleRounds,
      sameError,
      testRuns,
      editReturns,
      idleSteps,
      messages,
      burstSteps,
      quietPolls,
      tripsToEndSession,
    },
    budget: {
      tokens: config.budgetTokens ?? null,
      costUsdMicros:
        config.budgetUsdCents === undefined ? null : config.budgetUsdCents * MICROS_PER_CENT,
      minutes: config.budgetMinutes ?? null,
      calls: config.budgetCalls ?? null,
    },
    assumedSteps: config.assumedSteps,
    fleet: {
      isEnabled: config.enabled,
      failures: config.fleetFailures,
      windowMinutes: config.fleetWindowMinutes,
      cooldownMinutes: config.cooldownMinutes,
      reviewDays: config.reviewDays,
      reviewFloor: config.reviewFloor,
      feedbackTurns: config.feedbackTurns,
      feedbackMinutes: config.feedbackMinutes,
    },
  };
}
