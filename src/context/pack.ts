/**
 * Builds a context pack: looks for what bears on a request and gives each find its source, age and
 * reason. Reads only; the service keeps what was served.
 */
import picomatch from 'picomatch';
import type { GitRepository } from '#git';
import type { Queryable } from '#kernel';
import { type Posting, scoreBm25 } from './bm25.ts';
import { CODE_OWNER_PLACES, type CodeOwnerRule, ruleOfPath } from './code-owners.ts';
import { findReplacements } from './decisions.ts';
import { mentionedPaths } from './documents.ts';
import { freshnessOf } from './freshness.ts';
import { type FieldIndex, type IndexField, readIndex } from './index-store.ts';
import { maskSecrets } from './masking.ts';
import {
  findFiles,
  findFilesByEnding,
  findSuccessors,
  findVanished,
  type KnownDocument,
  type KnownFile,
  type KnownSection,
  readAuthors,
  readCatalogOwners,
  readCompanions,
  readDocuments,
  readFiles,
  readLessons,
  readSections,
  readTouches,
} from './pack-store.ts';
import { type Authorship, rankPeople } from './people.ts';
import { neutralise } from './quoting.ts';
import { bestOf, rankFiles, type RankedFile, topOf, voteByHistory } from './rank.ts';
import { type ItemDraft } from './render.ts';
import type { ContextRequest, Repository } from './schema.ts';
import { shorten } from './tokens.ts';
import { countTerms, toTerms } from './words.ts';

export interface CodeOwnersFile {
  path: string;
  rules: CodeOwnerRule[];
}

export interface PackFinds {
  drafts: ItemDraft[];
  unknowns: string[];
}

const BM25: Readonly<Record<IndexField, { k1: number; b: number }>> = {
  content: { k1: 1.2, b: 0.75 },
  path: { k1: 0.6, b: 0.3 },
  message: { k1: 1.2, b: 0.5 },
  section: { k1: 1.2, b: 0.6 },
};
/** Longer requests are cut: their later words add noise, not meaning. */
const MAX_QUERY_TERMS = 80;
const SIMILAR_CHANGES = 80;
const TOP_FILES = 14;
/** The best files stand for the request where people, companions and rules are looked up. */
const CORE_FILES = 5;
const CLASS_WEIGHT: Readonly<Record<string, number>> = {
  source: 1,
  configuration: 0.7,
  other: 0.6,
  test: 0.45,
  document: 0.15,
  generated: 0,
};

/** Everything found for a request, best first within each kind; nothing is cut to a budget yet. */
export async function findForPack(
  db: Queryable,
  repository: Repository,
  request: ContextRequest,
  codeOwners: CodeOwnersFile | undefined,
  now: Date,
): Promise<PackFinds> {
  const unknowns: string[] = [];
  const { id } = repository;
  const revision = repository.headSha ?? '';
  const wanted = queryTerms(request);
  const [index, records, named] = await Promise.all([
    readIndex(db, id, ['content', 'path', 'message', 'section'], [...wanted.keys()]),
    readDocuments(db, id, { kinds: ['rule', 'decision'] }),
    findNamedFiles(db, id, request),
  ]);
  const scores = {
    content: score(index, 'content', wanted),
    path: score(index, 'path', wanted),
    message: score(index, 'message', wanted),
    section: score(index, 'section', wanted),
  };
  const similar = topOf(scores.message, SIMILAR_CHANGES);
  const touches = await readTouches(db, id, similar);
  const ranked = rankFiles({
    content: scores.content,
    path: scores.path,
    memory: voteByHistory(scores.message, touches, now),
    mentioned: new Set(named.files.map(({ number }) => number)),
  });
  const files = await pickFiles(db, id, ranked, named.files);
  const core = files.slice(0, CORE_FILES);
  const coreNumbers = core.map(({ file }) => file.number);
  const corePaths = [...new Set([...request.paths, ...core.map(({ file }) => file.path)])];

  const [companions, authors, sections, lessons, catalogOwners] = await Promise.all([
    readCompanions(db, id, coreNumbers, now),
    readAuthors(db, id, coreNumbers, foldersOf(corePaths), now),
    readSections(db, id, { numbers: topOf(scores.section, 40) }),
    readLessons(db, id),
    readCatalogOwners(db, id),
  ]);
  const documents = await findDocuments(db, id, {
    records,
    sections,
    sectionScores: scores.section,
    corePaths,
    wanted,
    now,
  });
  const rules = await findRules(db, id, {
    rules: records.filter(({ kind }) => kind === 'rule'),
    paths: corePaths,
    sectionScores: scores.section,
    now,
  });
  const people = findPeople({
    authors,
    codeOwners,
    catalogOwners,
    corePaths,
    core,
    revision,
    unknowns,
  });

  if (files.length === 0) unknowns.push('No file matches the words of the request.');
  for (const path of named.missing)
    unknowns.push(`There is no file ${maskSecrets(neutralise(path))}.`);
  if (documents.drafts.length === 0) unknowns.push('No decision record or document bears on this.');
  if (!records.some(({ kind }) => kind === 'rule')) {
    unknowns.push(
      'The repository has no rule file for agents (AGENTS.md, CLAUDE.md, Cursor rules).',
    );
  }

  const drafts = [
    ...rules,
    ...documents.drafts,
    ...files.map((found) => fileDraft(found, { index, touches, scores, revision, unique: files })),
    ...(await companionDrafts(db, id, companions, files)),
    ...people,
    ...findLessons(lessons, wanted, corePaths, now),
    ...named.warnings,
    ...documents.warnings,
  ];
  return { drafts: drafts.map(toSafe), unknowns };
}

/** Masks secrets and takes out what cannot be seen; nothing reaches a pack without passing here. */
function toSafe(draft: ItemDraft): ItemDraft {
  const safe = (text: string) => maskSecrets(neutralise(text));
  return {
    ...draft,
    title: safe(draft.title),
    reason: safe(draft.reason),
    excerpt: safe(draft.excerpt),
  };
}

/** Terms of the request; the title counts twice. */
export function queryTerms(request: { title: string; text: string }): Map<string, number> {
  const terms = new Map<string, number>();
  const add = (text: string, weight: number) => {
    for (const term of toTerms(text)) {
      // Repeating a word in a long text says little; a second mention counts, a tenth does not.
      if (terms.size >= MAX_QUERY_TERMS && !terms.has(term)) continue;
      terms.set(term, Math.min(4, (terms.get(term) ?? 0) + weight));
    }
  };
  add(request.title, 2);
  add(request.text.slice(0, 8_000), 1);
  return terms;
}

function score(
  index: ReadonlyMap<IndexField, FieldIndex>,
  field: IndexField,
  wanted: ReadonlyMap<string, number>,
): Map<number, number> {
  const { postings, totals } = index.get(field)!;
  return scoreBm25(postings, wanted, totals, BM25[field]);
}

/** Files the request names, by whole path or by the end of one; and what became of those that are gone. */
async function findNamedFiles(
  db: Queryable,
  id: string,
  request: ContextRequest,
): Promise<{ files: KnownFile[]; missing: string[]; warnings: ItemDraft[] }> {
  const text = `${request.title}\n${request.text}`;
  const fileNames = [...text.matchAll(/(?<![\w/.-])[\w-]+(?:\.[\w-]+)*\.[a-z]\w{0,7}\b/gi)].map(
    ([name]) => name,
  );
  const written = [...new Set([...mentionedPaths(text), ...fileNames])].slice(0, 60);
  const exact = await findFiles(db, id, [...request.paths, ...written]);
  const found = new Map(exact.map((file) => [file.path, file]));
  const open = written.filter((path) => !found.has(path));
  for (const file of open.length === 0 ? [] : await findFilesByEnding(db, id, open)) {
    // A name many files share names none of them.
    const ending = open.find((path) => file.path.endsWith(`/${path}`));
    if (ending !== undefined) found.set(file.path, file);
  }
  const isFound = (path: string) =>
    [...found.keys()].some((known) => known === path || known.endsWith(`/${path}`));
  const gone = [...new Set([...request.paths, ...written])].filter(
    (path) => !isFound(path) && (path.includes('/') || request.paths.includes(path)),
  );
  const successors =
    gone.length === 0 ? new Map<string, string | null>() : await findSuccessors(db, id, gone);
  const moved = [...successors.values()].filter((path) => path !== null);
  for (const file of moved.length === 0 ? [] : await findFiles(db, id, moved)) {
    found.set(file.path, file);
  }
  const warnings = [...successors].map(([path, successor]) =>
    warning({
      title: path,
      path,
      reason:
        successor === null ? 'was deleted; the request still names it' : `is now ${successor}`,
      score: 1,
    }),
  );
  const byEnding = new Map<string, number>();
  for (const file of found.values()) {
    const name = file.path.slice(file.path.lastIndexOf('/') + 1);
    byEnding.set(name, (byEnding.get(name) ?? 0) + 1);
  }
  const files = [...found.values()].filter((file) => {
    const isWhole = exact.includes(file) || moved.includes(file.path);
    return isWhole || (byEnding.get(file.path.slice(file.path.lastIndexOf('/') + 1)) ?? 0) <= 4;
  });
  return {
    files,
    missing: request.paths.filter((path) => !isFound(path) && !successors.has(path)),
    warnings,
  };
}

interface FoundFile extends RankedFile {
  file: KnownFile;
}

async function pickFiles(
  db: Queryable,
  id: string,
  ranked: readonly RankedFile[],
  named: readonly KnownFile[],
): Promise<FoundFile[]> {
  const rows = await readFiles(
    db,
    id,
    ranked.slice(0, 200).map(({ number }) => number),
  );
  const known = new Map([...rows, ...named].map((file) => [file.number, file]));
  return ranked
    .flatMap((entry) => {
      const file = known.get(entry.number);
      if (file === undefined) return [];
      const weight = entry.parts.mentioned > 0 ? 1 : (CLASS_WEIGHT[file.class] ?? 0.5);
      return weight === 0 ? [] : [{ ...entry, file, score: entry.score * weight }];
    })
    .toSorted((a, b) => b.score - a.score)
    .slice(0, TOP_FILES);
}

function fileDraft(
  found: FoundFile,
  context: {
    index: ReadonlyMap<IndexField, FieldIndex>;
    touches: readonly { position: number; fileNumber: number; sha: string; subject: string }[];
    scores: { message: ReadonlyMap<number, number> };
    revision: string;
    unique: readonly FoundFile[];
  },
): ItemDraft {
  const { file, parts } = found;
  const best = Math.max(...context.unique.map((other) => other.score), Number.MIN_VALUE);
  const reasons: string[] = [];
  if (parts.mentioned > 0) reasons.push('named in the request');
  const inPath = termsOf(context.index.get('path')!.postings, file.number);
  if (parts.path > 0.1 && inPath.length > 0) reasons.push(`path has ${inPath.join(', ')}`);
  const inContent = termsOf(context.index.get('content')!.postings, file.number);
  if (parts.content > 0.1 && inContent.length > 0) reasons.push(`text has ${inContent.join(', ')}`);
  const voter = context.touches
    .filter((touch) => touch.fileNumber === file.number)
    .toSorted(
      (a, b) =>
        (context.scores.message.get(b.position) ?? 0) -
        (context.scores.message.get(a.position) ?? 0),
    )[0];
  if (parts.memory > 0.1 && voter !== undefined) {
    reasons.push(`changed by ${voter.sha.slice(0, 9)} "${shorten(voter.subject, 70)}"`);
  }
  return {
    kind: 'file',
    title: file.path,
    path: file.path,
    excerpt: shorten(file.outline, 500),
    reason: reasons.join('; ') || 'matches the request weakly',
    source: { system: 'git', object: file.path, revision: file.sha ?? context.revision },
    changedAt: file.changedAt,
    freshness: 'current',
    score: found.score / best,
    isUntrusted: true,
  };
}

/** The rarest terms an item was found by. */
function termsOf(postings: ReadonlyMap<string, readonly Posting[]>, item: number): string[] {
  return [...postings]
    .filter(([, found]) => found.some((posting) => posting.item === item))
    .toSorted(([, a], [, b]) => a.length - b.length)
    .slice(0, 4)
    .map(([term]) => term);
}

async function companionDrafts(
  db: Queryable,
  id: string,
  companions: Awaited<ReturnType<typeof readCompanions>>,
  files: readonly FoundFile[],
): Promise<ItemDraft[]> {
  const shown = new Set(files.map(({ file }) => file.number));
  const rows = await readFiles(
    db,
    id,
    companions.map(({ fileNumber }) => fileNumber),
  );
  const byNumber = new Map(rows.map((file) => [file.number, file]));
  const best = Math.max(...companions.map((companion) => companion.score), Number.MIN_VALUE);
  return companions.flatMap((companion): ItemDraft[] => {
    const file = byNumber.get(companion.fileNumber);
    if (file === undefined || shown.has(file.number)) return [];
    return [
      {
        kind: 'companion',
        title: file.path,
        path: file.path,
        excerpt: '',
        reason: `changed with the files above in ${companion.together} commits`,
        source: { system: 'git', object: file.path, revision: companion.lastSha },
        changedAt: companion.lastAt,
        freshness: 'current',
        score: (0.6 * companion.score) / best,
        isUntrusted: true,
      },
    ];
  });
}

async function findDocuments(
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

/** True when the text names one of the paths, or a folder that holds one. */
function touchesAny(mention: string, paths: readonly string[]): boolean {
  if (mention === '') return false;
  return paths.some(
    (path) => path === mention || (mention.includes('/') && path.startsWith(`${mention}/`)),
  );
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

async function findRules(
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
    if (rule.scope.length === 0) return [{ rule, reason: 'holds everywhere', weight: 0.85 }];
    const matches = picomatch(rule.scope, { dot: true });
    const hit = input.paths.find((path) => matches(path));
    // The nearer to the path, the stronger.
    return hit === undefined ? [] : [{ rule, reason: `holds for ${hit}`, weight: 1 }];
  });
  const sections = await readSections(db, id, {
    paths: holding.slice(0, 12).map(({ rule }) => rule.path),
  });
  const best = Math.max(
    ...sections.map(({ number }) => input.sectionScores.get(number) ?? 0),
    Number.MIN_VALUE,
  );
  const seen = new Set<string>();
  return holding.slice(0, 12).flatMap(({ rule, reason, weight }) => {
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
      const match = (input.sectionScores.get(section.number) ?? 0) / best;
      const chapter = section.heading.split(' > ').at(-1) ?? '';
      return [
        {
          kind: 'rule',
          title: chapter === '' ? rule.path : `${rule.path}: ${chapter}`,
          path: rule.path,
          excerpt: shorten(section.text, 700),
          reason,
          source: {
            system: 'git',
            object: rule.path,
            revision: rule.sha ?? '',
            lines: `${section.startLine}-${section.endLine}`,
          },
          changedAt: rule.changedAt,
          freshness: freshnessOf({
            kind: 'rule',
            changedAt: rule.changedAt,
            now: input.now,
            livingMentions: 0,
            vanishedMentions: 0,
            isReplaced: false,
          }),
          score: weight * (0.6 + 0.4 * match),
          isUntrusted: false,
        },
      ];
    });
  });
}

function findPeople(input: {
  authors: Awaited<ReturnType<typeof readAuthors>>;
  codeOwners: CodeOwnersFile | undefined;
  catalogOwners: Awaited<ReturnType<typeof readCatalogOwners>>;
  corePaths: readonly string[];
  core: readonly FoundFile[];
  revision: string;
  unknowns: string[];
}): ItemDraft[] {
  const { codeOwners, corePaths, unknowns, revision } = input;
  const drafts: ItemDraft[] = [];
  const owned = new Map<string, { paths: string[]; rule: CodeOwnerRule }>();
  for (const path of corePaths) {
    const rule = codeOwners === undefined ? undefined : ruleOfPath(codeOwners.rules, path);
    for (const owner of rule?.owners ?? []) {
      const entry = owned.get(owner) ?? { paths: [], rule: rule! };
      entry.paths.push(path);
      owned.set(owner, entry);
    }
  }
  for (const [owner, { paths, rule }] of owned) {
    drafts.push({
      kind: 'owner',
      title: owner,
      excerpt: '',
      reason: `owns ${listed(paths)} by \`${rule.pattern}\` in ${codeOwners!.path}`,
      source: { system: 'git', object: codeOwners!.path, revision, lines: String(rule.line) },
      changedAt: null,
      freshness: 'current',
      score: 0.5 + (0.5 * paths.length) / Math.max(1, corePaths.length),
      isUntrusted: false,
    });
  }
  if (codeOwners === undefined)
    unknowns.push(`There is no CODEOWNERS file (${CODE_OWNER_PLACES.join(', ')}).`);
  else if (owned.size === 0 && corePaths.length > 0)
    unknowns.push(`${codeOwners.path} names nobody for these files.`);

  for (const entity of input.catalogOwners) {
    const folder = entity.path.slice(0, entity.path.lastIndexOf('/') + 1).replace(/^\.loom\/$/, '');
    const paths = corePaths.filter((path) => path.startsWith(folder));
    if (paths.length === 0 || owned.has(entity.owner)) continue;
    drafts.push({
      kind: 'owner',
      title: entity.owner,
      excerpt: '',
      reason: `owns ${entity.kind} ${entity.name} by ${entity.path}`,
      source: { system: 'catalog', object: entity.path, revision },
      changedAt: null,
      freshness: 'current',
      score: folder === '' ? 0.3 : 0.6,
      isUntrusted: false,
    });
  }

  const known = rankPeople(toAuthorships(input.authors)).slice(0, 4);
  const best = known[0]?.score ?? 1;
  const coreNames = input.core.map(({ file }) => file.path);
  for (const person of known) {
    drafts.push({
      kind: 'person',
      title: person.name,
      excerpt: '',
      reason:
        person.changes > 0
          ? `${person.changes} ${person.changes === 1 ? 'change' : 'changes'} to ${listed(coreNames)}`
          : person.inFolders > 0
            ? 'changed neighbouring files'
            : 'active in this repository',
      source: {
        system: 'git',
        object: `history of ${listed(coreNames) || 'the repository'}`,
        revision,
      },
      changedAt: person.lastAt,
      freshness: 'current',
      score: (0.7 * person.score) / best,
      isUntrusted: true,
    });
  }
  return drafts;
}

function toAuthorships(rows: Awaited<ReturnType<typeof readAuthors>>): Authorship[] {
  const authors = new Map<string, Authorship>();
  for (const row of rows) {
    const key = `${row.name}\n${row.email}`;
    const author = authors.get(key) ?? {
      name: row.name,
      email: row.email,
      onPaths: 0,
      inFolders: 0,
      anywhere: 0,
      changes: 0,
      lastAt: row.lastAt,
    };
    if (row.kind === 'paths') {
      author.onPaths += row.weight;
      author.changes += row.changes;
    } else if (row.kind === 'folders') author.inFolders += row.weight;
    else author.anywhere += row.weight;
    if (row.kind === 'paths' || row.lastAt > author.lastAt) author.lastAt = row.lastAt;
    authors.set(key, author);
  }
  return [...authors.values()];
}

function findLessons(
  lessons: Awaited<ReturnType<typeof readLessons>>,
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
      excerpt: shorten(lesson.text, 400),
      reason:
        onPath.length > 0
          ? `learned on ${onPath.slice(0, 2).join(', ')}`
          : `shares ${common.slice(0, 4).join(', ')}`,
      source: { system: 'loom', object: lesson.id, revision: '' },
      changedAt: lesson.createdAt,
      freshness: freshnessOf({
        kind: 'lesson',
        changedAt: lesson.createdAt,
        now,
        livingMentions: onPath.length,
        vanishedMentions: 0,
        isReplaced: false,
      }),
      score: Math.min(1, value),
      isUntrusted: true,
    }))
    .toSorted((a, b) => b.score - a.score)
    .slice(0, 8);
}

function warning(values: {
  title: string;
  path: string;
  reason: string;
  score: number;
}): ItemDraft {
  return {
    kind: 'warning',
    title: values.title,
    path: values.path,
    excerpt: '',
    reason: values.reason,
    source: { system: 'git', object: values.path, revision: '' },
    changedAt: null,
    freshness: 'current',
    score: values.score,
    isUntrusted: true,
  };
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 2).join(', ');
  return paths.length > 2 ? `${shown} and ${paths.length - 2} more` : shown;
}

function foldersOf(paths: readonly string[]): string[] {
  return [
    ...new Set(
      paths
        .filter((path) => path.includes('/'))
        .map((path) => path.slice(0, path.lastIndexOf('/'))),
    ),
  ];
}

/** Reads the CODEOWNERS file of a commit, at the first place GitHub would look. */
export async function readCodeOwnersText(
  git: GitRepository,
  revision: string,
  maxBytes: number,
): Promise<{ path: string; text: string } | undefined> {
  for (const path of CODE_OWNER_PLACES) {
    const text = await git.readText(revision, path, maxBytes);
    if (text !== undefined) return { path, text };
  }
  return undefined;
}
