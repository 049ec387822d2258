/**
 * Insights: reports over several layers, read only. It writes nothing and keeps nothing.
 */
export { buildXray, type XrayProgress } from './xray/build.ts';
export { XrayReport } from './xray/schema.ts';
