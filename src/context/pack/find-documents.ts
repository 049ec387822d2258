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
import { findFiles, findRewritten, findVanished } from '../file-store.ts';
import { bestOf } from '../rank.ts';
import type { RankedPath } from '../ranking/ranker.ts';
import type { ItemDraft } from '../render.ts';
import type { Evidence } from '../schema.ts';
import { shorten } from '../tokens.ts';
import { touchesAny } from './mention.ts';

const MAX_TEXT = 500;
/** Of the ranking's best document; below it, the ranking speaks for nothing. */
const LIKELY = 0.15;
const INCIDENT = /(?:^|\/)(?:post-?mortems?|incidents?|incident-reports?)(?:\/|[-_.])/i;

export async function findDocuments(
  db: Queryable,
  id: string,
  input: {
    records: readonly KnownDocument[];
    sections: readonly KnownSection[];
    sectionScores: ReadonlyMap<number, number>;
    /** What the ranking expects to bear on it; without it, only words and names count. */
    ranked?: readonly RankedPath[];
    corePaths: readonly string[];
    /** False for what whoever asks may not know of. */
    mayRead(path: string): boolean;
    now: Date;
  },
): Promise<ItemDraft[]> {
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
  const expected = new Map((input.ranked ?? []).map((entry) => [entry.path, entry]));
  const others = await readDocuments(db, id, {
    paths: [...new Set([...bestSection.keys(), ...expected.keys()])],
  });
  const linking = decisions.filter((decision) => linkStrength(decision, input.corePaths) > 0);
  const all = new Map(
    [...others, ...linking]
      .filter(({ path }) => input.mayRead(path))
      .map((document) => [document.path, document]),
  );
  const best = Math.max(bestOf(input.sectionScores), Number.MIN_VALUE);
  const ranked = [...all.values()]
    .filter(({ kind }) => kind !== 'rule')
    .map((document) => {
      const section = bestSection.get(document.path);
      const text =
        section === undefined ? 0 : (input.sectionScores.get(section.number) ?? 0) / best;
      const link = linkStrength(document, input.corePaths);
      const rank = expected.get(document.path)?.score ?? 0;
      const value = documentWeight(document) * (rank + link + (rank > 0 ? 0.3 : 1) * text);
      return { document, section, text, link, rank, value };
    })
    // A weak echo of common words is noise; a link is always evidence.
    .filter(({ text, link, rank }) => text >= 0.35 || link > 0 || rank >= LIKELY)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, 12);

  const withoutSection = ranked.filter(({ section }) => section === undefined);
  const firstSections = new Map(
    (await readSections(db, id, { paths: withoutSection.map(({ document }) => document.path) }))
      .toReversed()
      .map((section) => [section.path, section]),
  );
  const mentions = [...new Set(ranked.flatMap(({ document }) => document.mentions))];
  const [vanished, living, rewritten] = await Promise.all([
    findVanished(db, id, mentions),
    findFiles(db, id, mentions),
    findRewritten(
      db,
      id,
      ranked.map(({ document }) => document),
    ),
  ]);
  const livingPaths = new Set(living.map(({ path }) => path));
  const titles = new Map(decisions.map((decision) => [decision.path, decision.title]));

  return ranked.map(({ document, section: matched, text, link, value }): ItemDraft => {
    const section = matched ?? firstSections.get(document.path);
    const by = replacements.get(document.path);
    const isReplaced =
      by !== undefined || document.status === 'superseded' || document.status === 'deprecated';
    const gone = document.mentions.filter((path) => vanished.has(path));
    const changed = rewritten.get(document.path) ?? [];
    const kind = kindOf(document);
    const freshness = freshnessOf({
      kind,
      changedAt: document.changedAt,
      now: input.now,
      livingMentions: document.mentions.filter((path) => livingPaths.has(path)).length,
      vanishedMentions: gone.length,
      rewrittenMentions: changed.length,
      isReplaced,
    });
    const why: Evidence[] = [];
    if (by !== undefined) {
      const evidence = `replaced by ${titles.get(by) ?? by} (${by})`;
      why.push({ signal: 'replaced', evidence });
    } else if (document.status !== null && document.status !== 'unknown') {
      why.push({ signal: 'status', evidence: document.status });
    }
    if (gone.length > 0) {
      const evidence = `names ${gone.slice(0, 2).join(', ')}, which is gone`;
      why.push({ signal: 'vanished', evidence });
    } else if (changed.length > 0) {
      const evidence = `names ${changed.slice(0, 2).join(', ')}, which changed a lot since`;
      why.push({ signal: 'rewritten', evidence });
    }
    if (link > 0) {
      const named = document.mentions.filter((path) => touchesAny(path, input.corePaths));
      why.push({ signal: 'link', evidence: `names ${named.slice(0, 2).join(', ')}` });
    }
    if (text >= 0.35) why.push({ signal: 'text', evidence: 'text matches' });
    const expectation = expected.get(document.path);
    if (expectation !== undefined && expectation.score >= LIKELY)
      why.push(...expectation.why.slice(0, 2));
    return {
      kind,
      title: document.title,
      path: document.path,
      // What no longer holds is named, not quoted.
      text: isReplaced || section === undefined ? '' : shorten(section.text, MAX_TEXT),
      why,
      source: {
        system: 'git',
        object: document.path,
        revision: document.sha ?? '',
        ...(section === undefined || isReplaced
          ? {}
          : { lines: `${section.startLine}-${section.endLine}` }),
      },
      observedAt: document.changedAt,
      freshness,
      score: Math.min(1, value / 1.3),
      isUntrusted: true,
    };
  });
}

function kindOf(document: KnownDocument): 'decision' | 'incident' | 'document' {
  if (document.kind === 'decision') return 'decision';
  const isIncident = document.form === 'postmortem' || INCIDENT.test(document.path);
  return isIncident ? 'incident' : 'document';
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
