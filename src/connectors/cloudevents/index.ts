/**
 * CloudEvents 1.0 over HTTP: any system that can send the standard format reports here. Deployments
 * and incidents told in the CDEvents vocabulary are understood, everything else is kept as it came.
 */
export { CLOUD_EVENTS, createCloudEventsSource, type CloudEventsOptions } from './source.ts';
