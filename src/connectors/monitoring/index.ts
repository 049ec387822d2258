/**
 * Monitoring and delivery systems: alerts become incidents, reports of what was rolled out become
 * deployments. One mapping for each system; none of them is ever called.
 */
export { tokenOf } from './proof.ts';
export { createMonitoringSource, type MonitoringSourceOptions } from './source.ts';
export { type MonitoringSystem, SYSTEMS } from './systems.ts';
