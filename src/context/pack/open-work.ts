/** What others are doing right now on the files in question. Pure. */
import type { ItemDraft } from '../render.ts';
import { touchesAny } from './mention.ts';

/** A claim or an open change of somebody else. */
export interface OpenWork {
  kind: 'claim' | 'change';
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
  branch: string | null;
  url: string | null;
}

/** Asked of the room that knows sessions and changes. */
export type FindOpenWork = (query: {
  repository: string;
  paths: readonly string[];
  /** Work of this session is no collision. */
  exceptSession: string | undefined;
}) => Promise<OpenWork[]>;

const MAX_SHOWN = 6;

export function collisionDrafts(work: readonly OpenWork[], paths: readonly string[]): ItemDraft[] {
  return work
    .flatMap((one): ItemDraft[] => {
      const common = one.paths.filter(
        (path) => touchesAny(path.replace(/\/$/, ''), paths) || paths.includes(path),
      );
      if (common.length === 0) return [];
      const where = `${common.slice(0, 2).join(', ')}${common.length > 2 ? ` and ${common.length - 2} more` : ''}`;
      const evidence =
        one.kind === 'claim'
          ? `${one.by} holds ${where}${one.until === null ? '' : ` until ${one.until.toISOString().slice(0, 16)}Z`}; edits of it are refused`
          : `${one.by} changes ${where} on ${one.branch ?? 'a branch'}; it is not merged yet`;
      return [
        {
          kind: 'collision',
          title: one.title === '' ? one.id : one.title,
          path: common[0]!,
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
          score: one.kind === 'claim' ? 1 : 0.9,
          isUntrusted: true,
        },
      ];
    })
    .slice(0, MAX_SHOWN);
}
