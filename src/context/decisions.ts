/** Which decisions still stand, whatever each record says of itself. Pure. */
/** What of a record says whether it stands. */
export interface StandingRecord {
  path: string;
  status: string | null;
  supersedes: readonly string[];
  supersededBy: readonly string[];
}

/** Path of the record that took a decision's place, by either side's word. */
export function findReplacements(decisions: readonly StandingRecord[]): Map<string, string> {
  const replacements = new Map<string, string>();
  for (const decision of decisions) {
    for (const reference of decision.supersededBy) {
      const by = resolveDecision(reference, decision.path, decisions);
      if (by !== undefined && by !== decision.path) replacements.set(decision.path, by);
    }
  }
  for (const decision of decisions) {
    // A proposal does not replace anything until it is accepted.
    if (decision.status !== 'accepted' && decision.status !== 'unknown') continue;
    for (const reference of decision.supersedes) {
      const old = resolveDecision(reference, decision.path, decisions);
      if (old !== undefined && old !== decision.path && !replacements.has(old)) {
        replacements.set(old, decision.path);
      }
    }
  }
  return replacements;
}

/** Finds the record another one names: by link, by file name, or by its number. */
function resolveDecision(
  reference: string,
  from: string,
  decisions: readonly StandingRecord[],
): string | undefined {
  const folder = from.slice(0, from.lastIndexOf('/') + 1);
  const number = /^\D{0,4}0*(\d{1,5})\b/.exec(reference)?.[1];
  const byName = decisions.find(
    ({ path }) =>
      path === reference ||
      path === folder + reference.replace(/^\.\//, '') ||
      path.slice(path.lastIndexOf('/') + 1) === reference.slice(reference.lastIndexOf('/') + 1),
  );
  if (byName !== undefined || number === undefined || reference.includes('/')) return byName?.path;
  return decisions.find(({ path }) => path.startsWith(folder) && numberOf(path) === Number(number))
    ?.path;
}

function numberOf(path: string): number | undefined {
  const match = /^\D{0,5}(\d{1,5})/.exec(path.slice(path.lastIndexOf('/') + 1));
  return match === null ? undefined : Number(match[1]);
}
