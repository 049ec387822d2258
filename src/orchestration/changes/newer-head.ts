/** Which of two heads of one change is the newer one, when news of them comes in any order. Pure. */

export interface HeadNews {
  sha: string;
  /** When the source says it happened. */
  at: Date;
}

/** How the told head lies to the known one in the history; unknown when a commit is not here. */
export type Ancestry = 'descendant' | 'ancestor' | 'unrelated' | 'unknown';

/**
 * The source's time decides. Only where it ties, as it does on hosts that count in seconds, does the
 * history: a forced push may well go back to an older commit.
 */
export function isNewerHead(known: HeadNews, told: HeadNews, ancestry: Ancestry): boolean {
  if (told.sha === known.sha) return false;
  const difference = told.at.getTime() - known.at.getTime();
  if (difference !== 0) return difference > 0;
  return ancestry !== 'ancestor';
}
