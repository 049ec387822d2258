/** Why this person, in short sentences to them: what they reviewed and wrote here, and what names them. Pure. */

import { REVIEW_SIGNALS } from '../reviewers/index.ts';

export interface KnownHere {
  /** Share of the recent reviews of these files, 0 to 1. */
  fileReviews: number;
  folderReviews: number;
  /** Share of this author's reviews. */
  authorReviews: number;
  /** Share of recent changes to these files. */
  fileAuthorship: number;
  folderAuthorship: number;
}

const MAX_REASONS = 3;
const LEAST_SHARE = 0.05;

/** At most three, the strongest first; never none. */
export function reasonsOf(person: {
  known: KnownHere | null;
  isOwner: boolean;
  standsInFor: string | null;
  rules: readonly string[];
  sources: readonly string[];
}): string[] {
  const { known, sources } = person;
  const shares: [number, string][] =
    known === null
      ? []
      : [
          [known.fileReviews, 'of the reviews of these files are yours'],
          [known.fileAuthorship, 'of recent changes to these files are yours'],
          [known.authorReviews, "of this author's reviews are yours"],
          // What is known of the files says more than what is known of their folders.
          [known.folderReviews * 0.6, 'of the reviews nearby are yours'],
          [known.folderAuthorship * 0.6, 'of recent changes nearby are yours'],
        ];
  const strongest = shares
    .filter(([share]) => share >= LEAST_SHARE)
    .toSorted(([a], [b]) => b - a)
    .map(([share, words]) => `${percent(share, words)} % ${words}`);
  const rule = person.rules[0];
  const names = sources.filter((source) => source !== 'owners' && source !== 'expertise');
  const reasons = [
    ...(person.standsInFor === null ? [] : [`You stand in for ${person.standsInFor}`]),
    ...(names.length > 0 && rule !== undefined ? [`Rule ${rule} asks ${names.join(' or ')}`] : []),
    ...strongest,
    ...(person.isOwner ? ['CODEOWNERS names you'] : []),
  ];
  return reasons.length === 0
    ? ['You may approve it and have the fewest open reviews']
    : reasons.slice(0, MAX_REASONS);
}

function percent(share: number, words: string): number {
  return Math.round((words.includes('nearby') ? share / 0.6 : share) * 100);
}

/** What the ranking knows of a person here, as shares. */
export function knownHere(signals: Float64Array): KnownHere {
  const share = (name: (typeof REVIEW_SIGNALS)[number]) =>
    signals[REVIEW_SIGNALS.indexOf(name)] ?? 0;
  return {
    fileReviews: share('file-near'),
    folderReviews: share('folder-near'),
    authorReviews: share('pair-near'),
    fileAuthorship: share('file-authorship'),
    folderAuthorship: share('folder-authorship'),
  };
}
