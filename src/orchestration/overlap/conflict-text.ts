/** What git could not merge, cut out of the merged file. Pure. */

const CONTEXT_LINES = 3;
const MAX_CHARACTERS = 3_000;

/**
 * The regions between git's markers with a few lines around them; regions that meet are one.
 * @param limit how many regions at most
 */
export function conflictRegions(text: string, limit: number): { text: string; isCut: boolean }[] {
  const lines = text.split('\n');
  const spans: { from: number; to: number }[] = [];
  let start: number | undefined;
  for (const [at, line] of lines.entries()) {
    if (line.startsWith('<<<<<<< ')) start ??= at;
    else if (line.startsWith('>>>>>>> ') && start !== undefined) {
      const from = Math.max(0, start - CONTEXT_LINES);
      const last = spans.at(-1);
      const to = Math.min(lines.length, at + 1 + CONTEXT_LINES);
      if (last !== undefined && from <= last.to) last.to = to;
      else spans.push({ from, to });
      start = undefined;
    }
  }
  return spans.slice(0, limit).map(({ from, to }) => {
    const region = lines.slice(from, to).join('\n');
    return { text: region.slice(0, MAX_CHARACTERS), isCut: region.length > MAX_CHARACTERS };
  });
}
