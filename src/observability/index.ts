/**
 * Observability: deployments, incidents, and the walk between a request and its outcome. Everything
 * here is a reading of the ledger; it holds no second truth.
 */
export { Deployment, Incident, Trace, TraceNode, WhyAnswer } from './schema.ts';
export { traceProjection } from './projection.ts';
export {
  createObservabilityService,
  type ObservabilityDeps,
  type ObservabilityService,
} from './service.ts';
export {
  createTelemetryService,
  readPrices,
  SessionUsage,
  type Signal as TelemetrySignal,
  type TelemetryService,
  type ToldSpend,
} from './telemetry/index.ts';
