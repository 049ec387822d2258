/** Which of two heads of one change is the newer one, when news of them comes in any order. Pure. */

export interface HeadNews {
  sha: string;
  /** When the source says it happened. */
  at: Date;
}

/** How the told head lies to the known one in the history; unknown when a commit is not here. */
export type Ancestry = 'descendant' | 'ancestor' | 'unrelated' | 'unknown';

/**
 * Whether one thing surely happened before another. Hosts count in whole seconds, some news of one
 * host in finer steps than other news: within a second nothing is sure.
 */
export function isEarlier(a: Date, b: Date): boolean {
  return toSeconds(a) < toSeconds(b);
}

/**
 * The source's time decides. Only where it ties does the history: a forced push may well go back to an
 * older commit.
 */
export function isNewerHead(known: HeadNews, told: HeadNews, ancestry: Ancestry): boolean {
  if (told.sha === known.sha || isEarlier(told.at, known.at)) return false;
  return isEarlier(known.at, told.at) || ancestry !== 'ancestor';
}

function toSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1_000);
}
