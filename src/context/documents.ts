/**
 * Reads a repository's documents: sections by heading, decision records with their status, rule files
 * with the paths they hold for, and the paths a text names.
 */
import { parse as parseYaml } from 'yaml';
import { shorten } from './tokens.ts';

export interface Section {
  /** `Title > Chapter > Section`. */
  heading: string;
  /** 1-based, inclusive. */
  startLine: number;
  endLine: number;
  text: string;
}

export type DecisionStatus =
  | 'proposed'
  | 'accepted'
  | 'rejected'
  | 'deprecated'
  | 'superseded'
  | 'unknown';

export interface Decision {
  status: DecisionStatus;
  decidedOn: string | null;
  /** Paths or numbers as written: `0003`, `docs/adr/0003-x.md`. */
  supersedes: string[];
  supersededBy: string[];
}

export interface ReadDocument {
  kind: 'document' | 'decision' | 'rule';
  title: string;
  sections: Section[];
  /** Of rules: globs the rule holds for; none means everywhere. */
  scope: string[];
  mentions: string[];
  decision: Decision | undefined;
}

const MAX_SECTION_CHARACTERS = 6_000;
const MAX_SECTIONS = 400;
const DOCUMENT_FILE = /\.(?:md|mdx|mdc|markdown|adoc|rst)$/i;
const DECISION_FOLDER =
  /(?:^|\/)(?:adrs?|decisions?|decision-records?|architecture-decisions|rfcs?|proposals|keps?|enhancements)\/(?:.*\/)?[^/]+$/i;
const DECISION_NAME = /(?:^|\/)(?:adr|rfc|kep)[-_ ]?\d+[^/]*$/i;
const NOT_A_RECORD = /(?:^|\/)(?:readme|index|template|adr-template|_[^/]*)\.\w+$/i;

/** What kind of document a path holds; undefined when we do not read it as one. */
export function documentKind(path: string): ReadDocument['kind'] | undefined {
  if (ruleScope(path) !== undefined) return 'rule';
  if (!DOCUMENT_FILE.test(path) || /(?:^|\/)(?:node_modules|vendor|third_party)\//.test(path)) {
    return undefined;
  }
  const isDecision = DECISION_FOLDER.test(path) || DECISION_NAME.test(path);
  return isDecision && !NOT_A_RECORD.test(path) ? 'decision' : 'document';
}

/** Where a rule file holds by its place; undefined when the path is no rule file. */
function ruleScope(path: string): string[] | undefined {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
  const name = path.slice(folder === '' ? 0 : folder.length + 1);
  if (/^(?:AGENTS|CLAUDE|GEMINI)\.md$|^\.(?:cursor|windsurf|cline)rules$/.test(name)) {
    return folder === '' ? [] : [`${folder}/**`];
  }
  if (path === '.github/copilot-instructions.md') return [];
  if (/^\.github\/instructions\/.+\.instructions\.md$/.test(path)) return [];
  const cursor = /^(?<base>(?:.*\/)?)\.cursor\/rules\/.+\.mdc?$/.exec(path);
  if (cursor?.groups !== undefined) {
    return cursor.groups['base'] === '' ? [] : [`${cursor.groups['base']}**`];
  }
  return undefined;
}

/** Reads one document. Never throws: text that is not as expected is read as plain text. */
export function readDocument(path: string, text: string): ReadDocument {
  const kind = documentKind(path) ?? 'document';
  const { values, bodyLine, body } = readFrontMatter(text);
  const sections = splitSections(body, bodyLine);
  const title =
    asText(values['title']) ??
    (kind === 'rule'
      ? path
      : (sections.find((section) => section.heading !== '')?.heading.split(' > ')[0] ?? path));
  return {
    kind,
    title: shorten(title, 200),
    sections,
    scope: kind === 'rule' ? scopeOf(path, values) : [],
    mentions: mentionedPaths(body, path),
    decision: kind === 'decision' ? readDecision(values, body) : undefined,
  };
}

/** YAML between two `---` lines at the very start. */
function readFrontMatter(text: string): {
  values: Record<string, unknown>;
  /** Line of the text at which the body starts, counted from 0. */
  bodyLine: number;
  body: string;
} {
  const plain = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  const match = /^---\n([\s\S]{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|$)/.exec(plain);
  if (match === null) return { values: {}, bodyLine: 0, body: plain };
  let values: unknown;
  try {
    values = parseYaml(match[1]!, { maxAliasCount: 20, logLevel: 'silent' });
  } catch {
    // Cursor writes `globs: *.ts`, which YAML takes for an alias: read such lines one by one.
    values = Object.fromEntries(
      match[1]!.split('\n').flatMap((line) => {
        const pair = /^([\w-]+):\s*(.*)$/.exec(line);
        return pair === null ? [] : [[pair[1]!, pair[2]!]];
      }),
    );
  }
  const isRecord = typeof values === 'object' && values !== null && !Array.isArray(values);
  return {
    values: isRecord ? (values as Record<string, unknown>) : {},
    bodyLine: match[0].split('\n').length - 1,
    body: plain.slice(match[0].length),
  };
}

/** Cuts Markdown (or AsciiDoc, reStructuredText) at headings; code blocks are no place for headings. */
export function splitSections(text: string, firstLine = 0): Section[] {
  const lines = text.split('\n');
  const sections: Section[] = [];
  const trail: string[] = [];
  let heading = '';
  let start = 0;
  let fence: string | undefined;

  const close = (end: number): void => {
    const body = lines.slice(start, end).join('\n');
    if (body.trim() === '' || sections.length >= MAX_SECTIONS) return;
    sections.push({
      heading,
      startLine: firstLine + start + 1,
      endLine: firstLine + end,
      text: shorten(body.trim(), MAX_SECTION_CHARACTERS),
    });
  };

  lines.forEach((line, index) => {
    const mark = /^\s{0,3}(```+|~~~+)/.exec(line)?.[1];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      return;
    }
    if (fence !== undefined) return;
    const found = headingAt(lines, index);
    if (found === undefined) return;
    close(index);
    start = index;
    trail.length = Math.min(trail.length, found.level - 1);
    trail[found.level - 1] = found.title;
    heading = trail.filter((part) => part !== undefined).join(' > ');
  });
  close(lines.length);
  return sections;
}

function headingAt(
  lines: readonly string[],
  index: number,
): { level: number; title: string } | undefined {
  const line = lines[index]!;
  const marked = /^\s{0,3}(#{1,6}|={1,6})\s+(.+?)\s*[#=]*\s*$/.exec(line);
  if (marked !== null) return { level: marked[1]!.length, title: shorten(marked[2]!, 150) };
  const under = /^\s{0,3}(={3,}|-{3,})\s*$/.exec(lines[index + 1] ?? '');
  const isTitle = under !== null && /^\s{0,3}[^\s>|*+\-#].*/.test(line) && !line.includes('|');
  if (!isTitle) return undefined;
  return { level: under[1]!.startsWith('=') ? 1 : 2, title: shorten(line.trim(), 150) };
}

/** MADR keeps the status in the front matter or a list, Nygard below a heading. */
function readDecision(values: Record<string, unknown>, body: string): Decision {
  const written =
    asText(values['status']) ??
    /^\s{0,3}#+\s*Status\s*\n+\s*([^\n]+)/im.exec(body)?.[1] ??
    /^[\s*>|-]*\**Status\**\s*[:|]\s*\**\s*([^\n]+)/im.exec(body)?.[1] ??
    '';
  const supersededBy = references(
    `${written}\n${linesAbout(body, /superseded?\s+by|replaced\s+by/i)}`,
    /(?:superseded?|replaced)[\s-]+by/i,
  );
  const supersedes = references(
    `${asText(values['supersedes']) ?? asText(values['replaces']) ?? ''}\n${linesAbout(body, /supersedes|replaces/i)}`,
    /supersedes|replaces|^/i,
  );
  const fromFields = listOf(
    values['superseded-by'] ?? values['superseded_by'] ?? values['replaced-by'],
  );
  const by = [
    ...new Set([...supersededBy, ...fromFields.flatMap((value) => references(value, /^/))]),
  ];
  return {
    status: statusOf(written, by.length > 0),
    decidedOn:
      asText(values['date']) ??
      /^[\s*-]*\**Date\**\s*:\s*\**\s*(\d{4}-\d\d-\d\d)/im.exec(body)?.[1] ??
      null,
    supersedes: supersedes.filter((reference) => !by.includes(reference)),
    supersededBy: by,
  };
}

function statusOf(written: string, isSuperseded: boolean): DecisionStatus {
  const word = written.toLowerCase();
  if (/superseded|replaced|obsolete/.test(word)) return 'superseded';
  if (/deprecat|withdrawn|retired/.test(word)) return 'deprecated';
  if (/reject|declined/.test(word)) return 'rejected';
  if (isSuperseded) return 'superseded';
  if (/accept|approved|implemented|adopted|active|final|done/.test(word)) return 'accepted';
  if (/propos|draft|discuss|review|provisional|experimental|implementable/.test(word))
    return 'proposed';
  return 'unknown';
}

function linesAbout(body: string, subject: RegExp): string {
  return body
    .split('\n')
    .filter((line) => subject.test(line) && line.length < 500)
    .slice(0, 10)
    .join('\n');
}

/** Record names after a phrase: a link target, a file name, or a number. */
function references(text: string, after: RegExp): string[] {
  return text.split('\n').flatMap((line) => {
    const match = after.exec(line);
    if (match === null) return [];
    const rest = line.slice(match.index + match[0].length);
    const links = [...rest.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((link) => link[1]!);
    if (links.length > 0) return links;
    return [...rest.matchAll(/[\w./-]+\.md\b|\b(?:ADR|RFC|KEP)?[- ]?(\d{1,5})\b/gi)].map(
      (name) => name[1] ?? name[0],
    );
  });
}

function scopeOf(path: string, values: Record<string, unknown>): string[] {
  if (values['alwaysApply'] === true || values['alwaysApply'] === 'true')
    return ruleScope(path) ?? [];
  const globs = [values['globs'], values['applyTo'], values['paths']]
    .flatMap(listOf)
    .flatMap((text) => text.split(/,(?![^{]*\})/))
    .map((glob) =>
      glob
        .trim()
        .replace(/^["']|["']$/g, '')
        .replace(/^\.?\//, ''),
    )
    .filter((glob) => glob !== '' && glob.length < 300);
  if (globs.length === 0) return ruleScope(path) ?? [];
  return globs.includes('**') || globs.includes('**/*') || globs.includes('*') ? [] : globs;
}

/** Paths a text names in links, code spans or plainly; relative links are resolved. */
export function mentionedPaths(text: string, from = ''): string[] {
  const found = new Set<string>();
  const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/')) : '';
  for (const [, target] of text.matchAll(/\]\(<?([^)\s>#?]+)/g)) {
    if (/^[a-z][a-z0-9+.-]*:|^\/\/|^#/i.test(target!)) continue;
    found.add(joinPath(target!.startsWith('/') ? '' : folder, target!));
  }
  for (const [candidate] of text.matchAll(
    /(?<![\w:/.@-])(?:[\w@.-]+\/)+[\w@.-]+\/?|(?<=`)[\w.-]+\.\w{1,8}(?=`)/g,
  )) {
    if (candidate.startsWith('..')) continue;
    found.add(candidate.replace(/^\.\//, '').replace(/[/.]+$/, ''));
    if (found.size > 300) break;
  }
  found.delete('');
  return [...found].filter((path) => path.length <= 300).slice(0, 200);
}

function joinPath(folder: string, target: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${target}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function asText(value: unknown): string | undefined {
  if (value instanceof Date) return value.toISOString().slice(0, 10);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined;
}

function listOf(value: unknown): string[] {
  return (Array.isArray(value) ? value : [value]).flatMap((entry) => asText(entry) ?? []);
}
