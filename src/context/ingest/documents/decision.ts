/**
 * Decision records: status, date, and whose place they take. MADR keeps them in the front matter or a
 * list, Nygard below a heading, Kubernetes enhancement proposals in a kep.yaml beside the text.
 */
import { isMap, parseDocument } from 'yaml';
import type { Decision, DecisionStatus, DocumentForm, Section } from './document.ts';
import { asText, listOf } from './front-matter.ts';

const MAX_LINES = 10;
const MAX_LINE = 500;
const MAX_KEP_CHARACTERS = 30_000;

export function readDecision(values: Readonly<Record<string, unknown>>, body: string): Decision {
  const lines = body.split('\n').map((line) => line.slice(0, MAX_LINE));
  const written = asText(values['status']) ?? statusLine(lines) ?? '';
  const supersededBy = references(
    [written, ...linesAbout(lines, /superseded?\s+by|replaced\s+by/i)],
    /(?:superseded?|replaced)[\s-]+by/i,
  );
  const supersedes = [
    ...[values['supersedes'], values['replaces']]
      .flatMap(listOf)
      .flatMap((text) => references([text], /^/)),
    ...references(linesAbout(lines, /supersedes|replaces/i), /supersedes|replaces/i),
  ];
  const fromFields = [
    values['superseded-by'],
    values['superseded_by'],
    values['replaced-by'],
  ].flatMap(listOf);
  const by = [
    ...new Set([...supersededBy, ...fromFields.flatMap((value) => references([value], /^/))]),
  ];
  return {
    status: statusOf(written, by.length > 0),
    decidedOn: asText(values['date']) ?? dateLine(lines) ?? null,
    supersedes: [...new Set(supersedes)].filter((reference) => !by.includes(reference)),
    supersededBy: by,
  };
}

/** In which form a decision is written. */
export function decisionForm(
  path: string,
  values: Readonly<Record<string, unknown>>,
  sections: readonly Section[],
): DocumentForm {
  if (
    /(?:^|\/)(?:rfcs?|proposals?|keps?|enhancements)\//i.test(path) ||
    /(?:^|\/)(?:rfc|kep)[-_ ]?\d/i.test(path)
  )
    return 'proposal';
  const headings = new Set(
    sections.map(({ heading }) => heading.split(' > ').at(-1)!.toLowerCase()),
  );
  const isMadr =
    'status' in values ||
    headings.has('considered options') ||
    headings.has('decision outcome') ||
    headings.has('decision drivers');
  return isMadr ? 'adr-madr' : 'adr-nygard';
}

/** `kep.yaml` and its like: a record whose fields are all of it. Undefined when it is no such thing. */
export function readKepFile(text: string): { title: string; decision: Decision } | undefined {
  // Parsing what is nested without end takes its time, and no record of fields is that long.
  if (text.length > MAX_KEP_CHARACTERS) return undefined;
  const document = parseDocument(text, { logLevel: 'silent' });
  if (document.errors.length > 0 || !isMap(document.contents)) return undefined;
  let values: Record<string, unknown>;
  try {
    values = document.toJS({ maxAliasCount: 20 }) as Record<string, unknown>;
  } catch {
    // Anchors upon anchors: a text that grows without end is no record.
    return undefined;
  }
  const title = asText(values['title']);
  if (title === undefined) return undefined;
  const decision = readDecision(
    { ...values, date: values['last-updated'] ?? values['creation-date'] ?? values['date'] },
    '',
  );
  return { title, decision };
}

function statusLine(lines: readonly string[]): string | undefined {
  for (const [index, line] of lines.entries()) {
    if (/^ {0,3}#{1,6}[ \t]*Status[ \t]*#*$/i.test(line)) {
      return lines
        .slice(index + 1)
        .find((next) => next.trim() !== '')
        ?.trim();
    }
    const inLine =
      /^[ \t*>|-]{0,20}Status[ \t]{0,5}\*{0,2}[ \t]{0,5}[:|][ \t]{0,5}\*{0,2}[ \t]{0,5}(\S.*)$/i.exec(
        line,
      );
    if (inLine !== null) return inLine[1];
  }
  return undefined;
}

function dateLine(lines: readonly string[]): string | undefined {
  for (const line of lines) {
    const match =
      /^[ \t*-]{0,20}Date[ \t]{0,5}\*{0,2}[ \t]{0,5}:[ \t]{0,5}\*{0,2}[ \t]{0,5}(\d{4}-\d\d-\d\d)/i.exec(
        line,
      );
    if (match !== null) return match[1];
  }
  return undefined;
}

function statusOf(written: string, isSuperseded: boolean): DecisionStatus {
  const word = written.toLowerCase();
  if (/superseded|replaced|obsolete/.test(word)) return 'superseded';
  if (/deprecat|withdrawn|retired/.test(word)) return 'deprecated';
  if (/reject|declined/.test(word)) return 'rejected';
  if (isSuperseded) return 'superseded';
  if (/accept|approved|implemented|adopted|active|final|done/.test(word)) return 'accepted';
  if (/propos|draft|discuss|review|provisional|experimental|implementable|deferred/.test(word))
    return 'proposed';
  return 'unknown';
}

function linesAbout(lines: readonly string[], subject: RegExp): string[] {
  return lines.filter((line) => line.length < MAX_LINE && subject.test(line)).slice(0, MAX_LINES);
}

/** Record names after a phrase: a link target, a file name, or a number. */
function references(lines: readonly string[], after: RegExp): string[] {
  return lines.flatMap((line) => {
    const match = after.exec(line);
    if (match === null) return [];
    const rest = line.slice(match.index + match[0].length);
    const links = [...rest.matchAll(/\]\(([^)\s#[(]{1,300})/g)].map((link) => link[1]!);
    if (links.length > 0) return links;
    return [...rest.matchAll(/[\w./-]{1,200}\.md\b|\b(?:ADR|RFC|KEP)?[- ]?(\d{1,5})\b/gi)].map(
      (name) => name[1] ?? name[0],
    );
  });
}
