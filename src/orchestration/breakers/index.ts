/** Circuit breakers: they cut loops and overspending before these cost. They run nothing and judge no code. */
export { backtestTrace, BreakerTrace, type TraceVerdict } from './backtest.ts';
export { type Breaker, createBreaker } from './breaker.ts';
export { type Budget, NO_BUDGET } from './budget.ts';
export { BreakerStep, type RuleName, RULES, type Stage, STAGES, type Verdict } from './step.ts';
export { DEFAULT_THRESHOLDS, type Thresholds } from './thresholds.ts';
export type { HeldDelivery } from './held.ts';
export type { FleetBreakers, FleetSettings } from './fleet-service.ts';
export { type BreakerService, createBreakerService } from './service.ts';
export type { SessionBreaker, SessionBreakers, SessionStep } from './session-service.ts';
export {
  BreakerTotals,
  BreakerTrip,
  FLEET_SCOPES,
  FleetBreaker,
  type Outcome,
  type StartAnswer,
} from './schema.ts';
export { breakerSettings, type BreakerSettings } from './settings.ts';
export { turnOfChange, turnOfCommands } from './turns.ts';
