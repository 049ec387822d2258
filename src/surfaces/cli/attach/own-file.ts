/**
 * Files that are wholly ours carry the digest of their text in their first line, so that a later release
 * may replace them and a change by hand is noticed before it is lost. Pure.
 */
import { createHash } from 'node:crypto';

const FIRST_LINE = /^\/\/ Written by `loom attach`; `loom detach` removes it\. ([0-9a-f]{16})\n/;

export function signed(text: string): string {
  return `// Written by \`loom attach\`; \`loom detach\` removes it. ${digest(text)}\n${text}`;
}

/** Whether the text is just as some release wrote it. */
export function isOurText(text: string): boolean {
  const match = FIRST_LINE.exec(text);
  return match !== null && match[1] === digest(text.slice(match[0].length));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
