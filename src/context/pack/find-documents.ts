/** Decision records and documents that bear on a request, by their words or by what they name. */
import type { Queryable } from '#kernel';
import { findReplacements } from '../decisions.ts';
import { freshnessOf } from '../freshness.ts';
import {
  type KnownDocument,
  type KnownSection,
  readDocuments,
  readSections,
} from '../document-store.ts';
import { findFiles, findVanished } from '../file-store.ts';
import { bestOf } from '../rank.ts';
import type { ItemDraft } from '../render.ts';
import { shorten } from '../tokens.ts';
import { touchesAny } from './mention.ts';
import { warning } from './warning.ts';

export async function findDocuments(
  db: Queryable,
  id: string,
  input: {
    records: readonly KnownDocument[];
    sections: readonly KnownSection[];
    sectionScores: ReadonlyMap<number, number>;
    corePaths: readonly string[];
    wanted: ReadonlyMap<string, number>;
    now: Date;
  },
): Promise<{ drafts: ItemDraft[]; warnings: ItemDraft[] }> {
  const decisions = input.records.filter(({ kind }) => kind === 'decision');
  const replacements = findReplacements(decisions);
  const bestSection = new Map<string, KnownSection>();
  for (const section of input.sections) {
    const best = bestSection.get(section.path);
    const value = input.sectionScores.get(section.number) ?? 0;
    if (best === undefined || value > (input.sectionScores.get(best.number) ?? 0)) {
      bestSection.set(section.path, section);
    }
  }
  const others = await readDocuments(db, id, { paths: [...bestSection.keys()] });
  const linking = decisions.filter((decision) => linkStrength(decision, input.corePaths) > 0);
  const all = new Map([...others, ...linking].map((document) => [document.path, document]));
  const best = Math.max(bestOf(input.sectionScores), Number.MIN_VALUE);
  const ranked = [...all.values()]
    .filter(({ kind }) => kind !== 'rule')
    .map((document) => {
      const section = bestSection.get(document.path);
      const text =
        section === undefined ? 0 : (input.sectionScores.get(section.number) ?? 0) / best;
      const link = linkStrength(document, input.corePaths);
      return { document, section, text, link, value: documentWeight(document) * (text + link) };
    })
    // A weak echo of common words is noise; a link is always evidence.
    .filter(({ text, link }) => text >= 0.35 || link > 0)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, 12);

  const withoutSection = ranked.filter(({ section }) => section === undefined);
  const firstSections = new Map(
    (await readSections(db, id, { paths: withoutSection.map(({ document }) => document.path) }))
      .toReversed()
      .map((section) => [section.path, section]),
  );
  const mentions = [...new Set(ranked.flatMap(({ document }) => document.mentions))];
  const [vanished, living] = await Promise.all([
    findVanished(db, id, mentions),
    findFiles(db, id, mentions),
  ]);
  const livingPaths = new Set(living.map(({ path }) => path));
  const titles = new Map(decisions.map((decision) => [decision.path, decision.title]));

  const drafts: ItemDraft[] = [];
  const warnings: ItemDraft[] = [];
  for (const { document, section: matched, text, link, value } of ranked) {
    const section = matched ?? firstSections.get(document.path);
    const by = replacements.get(document.path);
    const isReplaced =
      by !== undefined || document.status === 'superseded' || document.status === 'deprecated';
    const gone = document.mentions.filter((path) => vanished.has(path));
    const freshness = freshnessOf({
      kind: document.kind === 'decision' ? 'decision' : 'document',
      changedAt: document.changedAt,
      now: input.now,
      livingMentions: document.mentions.filter((path) => livingPaths.has(path)).length,
      vanishedMentions: gone.length,
      isReplaced,
    });
    const reasons = [
      document.status === null || document.status === 'unknown' ? '' : document.status,
      text >= 0.35 ? 'text matches' : '',
      link > 0
        ? `names ${document.mentions
            .filter((path) => touchesAny(path, input.corePaths))
            .slice(0, 2)
            .join(', ')}`
        : '',
      gone.length > 0 ? `names ${gone.slice(0, 2).join(', ')}, which is gone` : '',
      by === undefined ? '' : `replaced by ${by}`,
    ].filter((reason) => reason !== '');
    drafts.push({
      kind: document.kind === 'decision' ? 'decision' : 'document',
      title: document.title,
      path: document.path,
      // What no longer holds is named, not quoted.
      excerpt: isReplaced || section === undefined ? '' : shorten(section.text, 600),
      reason: reasons.join('; '),
      source: {
        system: 'git',
        object: document.path,
        revision: document.sha ?? '',
        ...(section === undefined || isReplaced
          ? {}
          : { lines: `${section.startLine}-${section.endLine}` }),
      },
      changedAt: document.changedAt,
      freshness,
      score: Math.min(1, value / 1.3),
      isUntrusted: true,
    });
    if (by !== undefined) {
      warnings.push(
        warning({
          title: document.title,
          path: document.path,
          reason: `no longer holds; read ${titles.get(by) ?? by} (${by}) instead`,
          score: 0.8,
        }),
      );
    }
  }
  return { drafts, warnings };
}

/** Where the folder of a decision is named often, one name is weaker evidence than a lone one. */
function linkStrength(document: KnownDocument, paths: readonly string[]): number {
  const hits = document.mentions.filter((mention) => touchesAny(mention, paths)).length;
  return hits === 0 ? 0 : Math.min(1, 0.6 + hits / (hits + document.mentions.length));
}

function documentWeight(document: KnownDocument): number {
  if (document.kind === 'decision') {
    switch (document.status) {
      case 'superseded':
      case 'deprecated':
        return 0.4;
      case 'rejected':
        return 0.3;
      case 'proposed':
        return 0.9;
      default:
        return 1.2;
    }
  }
  return /(?:^|\/)(?:changelog|history|changes|releases?|news|contributors)\b/i.test(document.path)
    ? 0.25
    : 0.9;
}
