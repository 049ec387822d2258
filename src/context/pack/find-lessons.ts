/** What earlier sessions learned that bears on a request. Pure. */
import { freshnessOf } from '../freshness.ts';
import type { ServedLesson } from '../lessons/store.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';
import { countTerms } from '../words.ts';
import { touchesAny } from './mention.ts';

export function findLessons(
  lessons: readonly ServedLesson[],
  wanted: ReadonlyMap<string, number>,
  paths: readonly string[],
  now: Date,
): ItemDraft[] {
  return lessons
    .map((lesson) => {
      const terms = countTerms(lesson.text);
      const common = [...wanted.keys()].filter((term) => terms.has(term));
      const onPath = lesson.paths.filter((path) => touchesAny(path, paths));
      const match = common.length / Math.max(3, Math.sqrt(wanted.size * Math.max(1, terms.size)));
      return { lesson, common, onPath, value: Math.min(1, match) + (onPath.length > 0 ? 0.6 : 0) };
    })
    .filter(({ common, onPath }) => common.length >= 2 || onPath.length > 0)
    .map(({ lesson, common, onPath, value }) => ({
      kind: 'lesson' as const,
      title: shorten(lesson.text.split('\n')[0] ?? '', 90),
      ...(lesson.paths[0] === undefined ? {} : { path: lesson.paths[0] }),
      text: shorten(lesson.text, 400),
      why:
        onPath.length > 0
          ? [{ signal: 'scope', evidence: `learned on ${onPath.slice(0, 2).join(', ')}` }]
          : [{ signal: 'text', evidence: `shares ${common.slice(0, 4).join(', ')}` }],
      source: { system: 'loom', object: lesson.id, revision: '' },
      observedAt: lesson.createdAt,
      freshness: freshnessOf({
        kind: 'lesson',
        changedAt: lesson.decidedAt ?? lesson.createdAt,
        now,
        livingMentions: onPath.length,
        vanishedMentions: 0,
        isReplaced: false,
      }),
      score: Math.min(1, value),
      // A person read it and put it into force.
      isUntrusted: false,
    }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 8);
}
