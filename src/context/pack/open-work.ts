/** What others are doing right now on the files in question. Pure. */
import type { ItemDraft } from '../render.ts';
import { touchesAny } from './mention.ts';

/**
 * A claim or an open change of somebody else; a collision that was found between the asking session's work
 * and theirs; or work elsewhere that seems to be the same.
 */
export interface OpenWork {
  kind: 'claim' | 'change' | 'collision' | 'same-work';
  id: string;
  /** What it is about, in its author's words. */
  title: string;
  /** The agent or person at it. */
  by: string;
  /** Files, or folders ending in `/`. */
  paths: readonly string[];
  since: Date;
  /** End of the lease of a claim. */
  until: Date | null;
  /** Why it is a collision, or the same; null where the paths say it. */
  finding: string | null;
  branch: string | null;
  url: string | null;
}

/** Asked of the room that knows sessions and changes. */
export type FindOpenWork = (query: {
  repository: string;
  paths: readonly string[];
  title: string;
  text: string;
  /** Work of this session is no collision. */
  exceptSession: string | undefined;
}) => Promise<OpenWork[]>;

const MAX_SHOWN = 6;
/** What git cannot merge, and what is refused, come first. */
const SCORES: Readonly<Record<OpenWork['kind'], number>> = {
  collision: 1,
  claim: 0.98,
  'same-work': 0.95,
  change: 0.9,
};

export function collisionDrafts(work: readonly OpenWork[], paths: readonly string[]): ItemDraft[] {
  return work
    .flatMap((one): ItemDraft[] => {
      const isFound = one.kind === 'collision' || one.kind === 'same-work';
      // What was found of the two pieces of work holds wherever it lies.
      const common = isFound
        ? one.paths
        : one.paths.filter(
            (path) => touchesAny(path.replace(/\/$/, ''), paths) || paths.includes(path),
          );
      if (common.length === 0 && one.kind !== 'same-work') return [];
      const where = `${common.slice(0, 2).join(', ')}${common.length > 2 ? ` and ${common.length - 2} more` : ''}`;
      const evidence = evidenceOf(one, where);
      return [
        {
          kind: 'collision',
          title: one.title === '' ? one.id : one.title,
          ...(common[0] === undefined ? {} : { path: common[0] }),
          text: '',
          why: [{ signal: one.kind, evidence }],
          source: {
            system: 'loom',
            object: one.id,
            revision: '',
            ...(one.url === null ? {} : { url: one.url }),
          },
          observedAt: one.since,
          freshness: 'current',
          score: SCORES[one.kind],
          isUntrusted: true,
        },
      ];
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, MAX_SHOWN);
}

function evidenceOf({ kind, by, until, branch, finding }: OpenWork, where: string): string {
  switch (kind) {
    case 'claim': {
      const end = until === null ? '' : ` until ${until.toISOString().slice(0, 16)}Z`;
      return `${by} holds ${where}${end}; edits of it are refused`;
    }
    case 'change':
      return `${by} changes ${where} on ${branch ?? 'a branch'}; it is not merged yet`;
    case 'collision':
      return `collides with ${by} in ${where}${finding === null ? '' : `: ${finding}`}`;
    case 'same-work':
      return `${by} seems to do the same${finding === null ? '' : ` (${finding})`}`;
  }
}
