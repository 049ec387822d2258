/** Reads one document: what it is, its sections, its fields, and the paths it names. */
import { shorten } from '../../tokens.ts';
import { decisionForm, readDecision, readKepFile } from './decision.ts';
import type { ReadDocument } from './document.ts';
import { asText, readFrontMatter } from './front-matter.ts';
import { findMentions } from './mentions.ts';
import { operationsForm, postmortemFields } from './operations.ts';
import { scopeByPlace, scopeOf } from './rule-scope.ts';
import { parseMarkdown, splitSections } from './sections.ts';

const DOCUMENT_FILE = /\.(?:md|mdx|mdc|markdown|adoc|rst)$/i;
const MARKDOWN_FILE = /\.(?:md|mdx|mdc|markdown)$|(?:^|\/)\.(?:cursor|windsurf|cline)rules$/i;
const DECISION_FOLDER =
  /(?:^|\/)(?:adrs?|decisions?|decision-records?|architecture-decisions|rfcs?|proposals|keps?|enhancements)\/(?:.*\/)?[^/]+$/i;
const DECISION_NAME = /(?:^|\/)(?:adr|rfc|kep)[-_ ]?\d+[^/]*$/i;
const NOT_A_RECORD = /(?:^|\/)(?:index|template|adr-template|_[^/]*)\.\w+$/i;
const READ_ME = /(?:^|\/)readme\.\w+$/i;
const KEP_FILE = /(?:^|\/)kep\.ya?ml$/;
const FOREIGN = /(?:^|\/)(?:node_modules|vendor|third_party)\//;

/** What kind of document a path holds; undefined when we do not read it as one. */
export function documentKind(path: string): ReadDocument['kind'] | undefined {
  if (scopeByPlace(path) !== undefined) return 'rule';
  if (KEP_FILE.test(path) && !FOREIGN.test(path)) return 'decision';
  if (!DOCUMENT_FILE.test(path) || FOREIGN.test(path)) return undefined;
  const isDecision = DECISION_FOLDER.test(path) || DECISION_NAME.test(path);
  return isDecision && !NOT_A_RECORD.test(path) && !READ_ME.test(path) ? 'decision' : 'document';
}

/** Never throws: text that is not as expected is read as plain text. */
export function readDocument(path: string, text: string): ReadDocument {
  const kind = documentKind(path) ?? 'document';
  if (KEP_FILE.test(path)) return readKep(path, text);
  const { values, bodyLine, body } = readFrontMatter(text);
  const tree = MARKDOWN_FILE.test(path) ? parseMarkdown(body) : undefined;
  const sections = splitSections(body, bodyLine, tree);
  const title =
    asText(values['title']) ??
    (kind === 'rule'
      ? path
      : (sections.find((section) => section.heading !== '')?.heading.split(' > ')[0] ?? path));
  const mentions = findMentions(body, path, bodyLine);
  const form =
    kind === 'rule'
      ? 'rule'
      : kind === 'decision'
        ? decisionForm(path, values, sections)
        : operationsForm(path, sections);
  return {
    kind,
    form,
    title: shorten(title, 200),
    sections,
    scope: kind === 'rule' ? scopeOf(path, values) : [],
    mentions: mentions.map((mention) => mention.path),
    mentionLines: mentions.map(({ line }) => line),
    decision: kind === 'decision' ? readDecision(values, body) : undefined,
    details: form === 'postmortem' ? postmortemFields(sections) : {},
  };
}

function readKep(path: string, text: string): ReadDocument {
  const record = readKepFile(text);
  const lines = text.split('\n').length;
  return {
    kind: 'decision',
    form: 'proposal',
    title: shorten(record?.title ?? path, 200),
    sections: [{ heading: '', startLine: 1, endLine: lines, text: shorten(text.trim(), 6_000) }],
    scope: [],
    mentions: [],
    mentionLines: [],
    decision: record?.decision ?? {
      status: 'unknown',
      decidedOn: null,
      supersedes: [],
      supersededBy: [],
    },
    details: {},
  };
}
