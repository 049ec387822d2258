/** The message of a merge commit of ours, with trailers by which it is recognised on any host. */
import type { MergeRequest } from './contract.ts';

const TRAILER_LINE = /^[A-Za-z][A-Za-z0-9-]*: \S/;

/** The caller's message, and whose merge it is: change, branch, head and key of the request. */
export function mergeMessage({
  change,
  message,
  expectedHeadSha,
  idempotencyKey,
}: MergeRequest): string {
  return withTrailers(message, [
    ...(change.changeId === undefined ? [] : [['Loom-Change', change.changeId] as const]),
    ['Loom-Branch', change.branch],
    ['Loom-Head', expectedHeadSha],
    ['Loom-Merge-Key', idempotencyKey],
  ]);
}

/** Appends the trailers that are not there yet (`git help interpret-trailers`). */
export function withTrailers(
  message: string,
  trailers: readonly (readonly [name: string, value: string])[],
): string {
  const text = message.replaceAll('\0', '').trimEnd();
  const paragraphs = text.split(/\n[ \t]*\n/);
  const last = paragraphs.length > 1 ? paragraphs.at(-1)!.split('\n') : [];
  const isBlock = last.length > 0 && last.every((line) => TRAILER_LINE.test(line));
  const added = trailers
    // A line break in a value would begin a trailer of the value's own choosing.
    .map(([name, value]) => `${name}: ${value.replaceAll(/\s+/g, ' ').trim()}`)
    .filter((line) => !(isBlock && last.includes(line)));
  if (added.length === 0) return `${text}\n`;
  return `${text}${isBlock ? '\n' : '\n\n'}${added.join('\n')}\n`;
}
