/** Telemetry of agents: OTLP in, numbers of sessions out. It keeps no text and asks nobody. */
export type { Signal } from './records.ts';
export { SessionUsage } from './schema.ts';
export { readPrices } from './usage.ts';
export { createTelemetryService, type TelemetryService, type ToldSpend } from './service.ts';
