/** Trailers at the end of a commit message (`git help interpret-trailers`). */

export interface Trailer {
  name: string;
  value: string;
}

const TRAILER_LINE = /^[A-Za-z][A-Za-z0-9-]*: \S/;

/** Appends the trailers that are not there yet, in a block of their own or after the one there is. */
export function withTrailers(message: string, trailers: readonly Trailer[]): string {
  const text = message.replaceAll('\0', '').trimEnd();
  const lines = text.split('\n');
  const lastBlank = lines.findLastIndex((line) => line.trim() === '');
  const block = lastBlank < 0 ? [] : lines.slice(lastBlank + 1);
  const isBlock = block.length > 0 && block.every((line) => TRAILER_LINE.test(line));
  const present = new Set(isBlock ? block : []);
  const added = trailers
    .map(({ name, value }) => `${name}: ${value.replaceAll(/\s+/g, ' ').trim()}`)
    .filter((line) => !present.has(line));
  if (added.length === 0) return `${text}\n`;
  return `${text}${isBlock ? '\n' : '\n\n'}${added.join('\n')}\n`;
}
