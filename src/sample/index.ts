/**
 * The sample organisation: a small company that really works, seen by LoomStack only from outside. It
 * imports nothing of the product but the kernel's plain values, and knows no shortcut.
 */
export { isSampleMade, removeSample, runSample, type SampleSetup } from './sample.ts';
