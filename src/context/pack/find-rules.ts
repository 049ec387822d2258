/** Rules for agents that hold where the request will be worked on. */
import type { Queryable } from '#kernel';
import picomatch from 'picomatch';
import { findVanished } from '../file-store.ts';
import { freshnessOf } from '../freshness.ts';
import { type KnownDocument, type KnownSection, readSections } from '../document-store.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';

/** A rule is a sentence or two; `expand` gives the rest. */
const MAX_RULE = 420;

export async function findRules(
  db: Queryable,
  id: string,
  input: {
    rules: readonly KnownDocument[];
    paths: readonly string[];
    sectionScores: ReadonlyMap<number, number>;
    now: Date;
  },
): Promise<ItemDraft[]> {
  const holding = input.rules.flatMap((rule) => {
    if (rule.scope.length === 0)
      return [{ rule, signal: 'scope', reason: 'holds everywhere', weight: 0.85 }];
    const matches = picomatch(rule.scope, { dot: true });
    const hit = input.paths.find((path) => matches(path));
    // The nearer to the path, the stronger.
    return hit === undefined
      ? []
      : [{ rule, signal: 'path-scope', reason: `holds for ${hit}`, weight: 1 }];
  });
  const sections = await readSections(db, id, {
    paths: holding.slice(0, 12).map(({ rule }) => rule.path),
  });
  const vanished = await findVanished(db, id, [
    ...new Set(holding.flatMap(({ rule }) => rule.mentions)),
  ]);
  const best = Math.max(
    ...sections.map(({ number }) => input.sectionScores.get(number) ?? 0),
    Number.MIN_VALUE,
  );
  const seen = new Set<string>();
  return holding.slice(0, 12).flatMap(({ rule, signal, reason, weight }) => {
    const own = sections.filter((section) => section.path === rule.path);
    const length = own.reduce((sum, section) => sum + section.text.length, 0);
    const wholeText = own.map(({ text }) => text).join('\n\n');
    const parts: readonly Pick<
      KnownSection,
      'heading' | 'startLine' | 'endLine' | 'text' | 'number'
    >[] =
      length <= 1_000 && own.length > 0
        ? [{ ...own[0]!, heading: '', endLine: own.at(-1)!.endLine, text: wholeText }]
        : own
            .toSorted(
              (a, b) =>
                (input.sectionScores.get(b.number) ?? 0) - (input.sectionScores.get(a.number) ?? 0),
            )
            .slice(0, 2);
    return parts.flatMap((section): ItemDraft[] => {
      // CLAUDE.md often repeats AGENTS.md; one copy is enough.
      const key = section.text.replace(/\s+/g, ' ').trim();
      if (key === '' || seen.has(key)) return [];
      seen.add(key);
      const gone = rule.mentions.filter((path) => vanished.has(path));
      const match = (input.sectionScores.get(section.number) ?? 0) / best;
      const chapter = section.heading.split(' > ').at(-1) ?? '';
      return [
        {
          kind: 'rule',
          title: chapter === '' ? rule.path : `${rule.path}: ${chapter}`,
          path: rule.path,
          text: shorten(section.text, MAX_RULE),
          why: [
            { signal, evidence: reason },
            ...(gone.length === 0
              ? []
              : [
                  {
                    signal: 'vanished',
                    evidence: `names ${gone.slice(0, 2).join(', ')}, which is gone`,
                  },
                ]),
          ],
          source: {
            system: 'git',
            object: rule.path,
            revision: rule.sha ?? '',
            lines: `${section.startLine}-${section.endLine}`,
          },
          observedAt: rule.changedAt,
          freshness: freshnessOf({
            kind: 'rule',
            changedAt: rule.changedAt,
            now: input.now,
            livingMentions: rule.mentions.filter((path) => !vanished.has(path)).length,
            vanishedMentions: gone.length,
            isReplaced: false,
          }),
          score: weight * (0.6 + 0.4 * match),
          isUntrusted: false,
        },
      ];
    });
  });
}
