/** A task's words as they are searched for. Pure. */
import { readReferences, readScopes } from './messages.ts';
import { countTerms, splitIdentifier, stem, toTerms, WHOLE_MARK } from './terms.ts';

export interface TaskText {
  title: string;
  body: string;
}

export interface FileQuery {
  /** Title and body; the title counts twice. */
  terms: ReadonlyMap<string, number>;
  titleTerms: ReadonlyMap<string, number>;
  /** Whole identifiers of several words, with their mark. */
  identifiers: readonly string[];
  /** Words that look like paths or file names. */
  paths: readonly string[];
  /** Runs of one to four words, joined: what a file may be named after, and whether it looked like code. */
  names: ReadonlyMap<string, 'code' | 'words'>;
  scopes: readonly string[];
  references: readonly string[];
  words: number;
}

/** Longer bodies are cut: their later words add noise and cost time. */
const MAX_BODY = 6_000;
const MAX_NAMES = 400;

export function readFileQuery({ title, body: fullBody }: TaskText): FileQuery {
  const body = fullBody.slice(0, MAX_BODY);
  const titleTerms = toTerms(title.slice(0, 1_000));
  const terms = countTerms([...titleTerms, ...titleTerms, ...toTerms(body)]);
  const text = `${title} ${body}`;
  return {
    terms,
    titleTerms: countTerms(titleTerms),
    identifiers: [...terms.keys()].filter((term) => term.startsWith(WHOLE_MARK)),
    paths: [...new Set(text.match(/[\w.@-]+(?:\/[\w.@-]+)+|\b[\w-]+\.[a-z]{1,6}\b/gi) ?? [])].slice(
      0,
      60,
    ),
    names: readNames(title, body),
    scopes: readScopes(title),
    references: readReferences(text),
    words: titleTerms.length,
  };
}

function readNames(title: string, body: string): Map<string, 'code' | 'words'> {
  const names = new Map<string, 'code' | 'words'>();
  for (const sentence of [title, ...body.split(/[\n.;:]\s/)]) {
    const words = sentence.match(/[A-Za-z][A-Za-z0-9_-]*/g) ?? [];
    words.forEach((word, at) => {
      const isCode = splitIdentifier(word).length > 1 || /[_-]/.test(word);
      const alone = flat(word);
      if (alone.length >= 3 && names.size < MAX_NAMES && (isCode || !names.has(alone)))
        names.set(alone, isCode ? 'code' : (names.get(alone) ?? 'words'));
      let joined = alone;
      for (const next of words.slice(at + 1, at + 4)) {
        joined += flat(next);
        if (names.size < MAX_NAMES && !names.has(joined)) names.set(joined, 'words');
      }
    });
  }
  return names;
}

function flat(word: string): string {
  return word.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}

/** Terms of a scope such as `pkg/css`, for folders that are named so. */
export function scopeTerms(scope: string): string[] {
  return scope
    .split(/[^a-z0-9]+/)
    .filter((part) => part.length > 1)
    .map(stem);
}
