/** Which commit made a branch red: halving what lies between green and red. Pure. */

export type Verdict = 'pass' | 'fail';

/**
 * `suspects` in the order they landed, the last one known to be red; whatever came before the first is
 * green. Gives the culprit, or whom to ask next; undefined where nobody can be asked.
 */
export function bisect(
  suspects: readonly string[],
  verdictOf: (sha: string) => Verdict | undefined,
): { culprit: string } | { ask: string } | undefined {
  let first = 0;
  let red = suspects.length - 1;
  for (const [place, sha] of suspects.entries()) {
    const verdict = verdictOf(sha);
    if (verdict === 'pass' && place < suspects.length - 1) first = place + 1;
    if (verdict === 'fail' && place >= first) {
      red = place;
      break;
    }
  }
  if (suspects.length === 0) return undefined;
  if (first === red) return { culprit: suspects[red]! };
  return { ask: suspects[first + Math.floor((red - first - 1) / 2)]! };
}
