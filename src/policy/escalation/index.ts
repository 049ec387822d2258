/**
 * Escalation package: what one person needs to decide in a minute, in ten slots that are always there.
 * What is not known is said in its slot. Pure: values in, values out.
 */
export {
  buildEscalation,
  type EscalationInput,
  readdressEscalation,
  type WhyYou,
} from './build.ts';
export { type PatchHunk, readPatchHunks } from './hunks.ts';
export { foldLines, renderEscalationMarkdown } from './render.ts';
export { EscalationPackage } from './schema.ts';
export { plainText } from './words.ts';
