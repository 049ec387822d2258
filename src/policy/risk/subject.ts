/** What the subject line of a change says about its purpose. */

const FIX_WORDS =
  /\b(fix(es|ed|ing)?|bug|bugs|bugfix|hotfix|regression|crash(es|ed|ing)?|panic(s|ked)?|race|deadlock|leak(s|ed|ing)?|npe|nullpointer\w*|incorrect(ly)?|wrong(ly)?|broken|corrupt(ed|ion)?|data loss)\b/i;
const NO_FIX_WORDS =
  /\b(typos?|lint(er|ing)?|flaky|flakiness|tests?|docs?|documentation|comments?|spelling|warnings?|javadoc|readme|changelog|formatting|rename|style|ci|workflow|build|gradle|deps?|dependenc(y|ies)|snapshot|benchmark|checkstyle|e2e|storybook|vulnerab\w*)\b/i;
const NO_FIX_TYPES = /^(docs?|chore|style|tests?|ci|build|refactor|perf|release|feat)$/i;
const CONVENTIONAL = /^(\w+)(\(([^)]*)\))?!?:\s*(.*)$/;

/** A fix of behaviour: not of tests, docs, lint, builds or dependencies. */
export function isFixSubject(subject: string): boolean {
  const [, type = '', , scope = '', rest = ''] = CONVENTIONAL.exec(subject) ?? [];
  if (NO_FIX_TYPES.test(type)) return false;
  if (/^(fix|hotfix|bugfix)$/i.test(type)) {
    return (
      !/deps|doc|test|ci|build|types?$|playground/i.test(scope) &&
      !/\b(typos?|flaky|lint|docs?)\b/i.test(rest)
    );
  }
  return FIX_WORDS.test(subject) && !NO_FIX_WORDS.test(subject);
}

export interface Purpose {
  isFix: boolean;
  isFeature: boolean;
  isRefactoring: boolean;
  isChore: boolean;
  isRevert: boolean;
}

export function purposeOf(subject: string): Purpose {
  const text = subject.toLowerCase();
  return {
    isFix: /\bfix|bug|crash|panic|regress/.test(text),
    isFeature: /^feat|\badd(s|ed)?\b|implement|support|introduce|new\b/.test(text),
    isRefactoring: /refactor|clean ?up|simplif|rename|move|extract|remove/.test(text),
    isChore: /^(chore|ci|build|style|docs|test|perf)|minor|bump|deprecat/.test(text),
    isRevert: /^\W*revert/.test(text),
  };
}

const MAX_WORDS = 24;

/** Distinct words of a subject, lower case; numbers and ticket names say nothing about its kind. */
export function subjectWords(subject: string): string[] {
  const words = subject
    .toLowerCase()
    .replace(/\(#\d+\)|#\d+|\b[a-z]+-\d+\b/g, ' ')
    .match(/[a-z][a-z]+/g);
  return [...new Set(words ?? [])].slice(0, MAX_WORDS);
}
