/**
 * What kind of file a path is and which lines of it are code. The shipped model was trained under these
 * very patterns, so a change of one asks for a new model.
 */
import type { FileKind } from './change.ts';

const SOURCE =
  /\.(ts|tsx|js|jsx|mjs|cjs|mts|cts|vue|svelte|go|py|java|scala|kt|rs|rb|c|h|cc|cpp|hpp|cs|php|sql|graphql|proto|sh)$/i;
const TEST =
  /(^|\/)(tests?|__tests__|__mocks__|testdata|test-fixtures|fixtures|spec|specs|e2e|playground|integration-tests|benchmarks?|jmh-benchmarks)(\/|$)|[._-](test|tests|spec|bench)\.[a-z]+$|_test\.go$|(^|\/)test_[^/]*\.py$|(^|\/)conftest\.py$|Test(s|Case|Base|Utils?)?\.(java|scala|kt)$/i;
const DOCS =
  /\.(md|mdx|rst|txt|adoc|html)$|(^|\/)(docs?|www|documentation|site|examples?|changelogs?|\.changeset|releasenotes)(\/|$)|changelog/i;
const GENERATED =
  /(^|\/)(vendor|node_modules|third_party|dist|generated|cassettes|locale|locales|i18n|snapshots|__snapshots__)(\/|$)|\.min\.js$|\.pb\.go$|_generated\.|\.lock$|package-lock\.json$|pnpm-lock\.yaml$|yarn\.lock$|go\.sum$|\.snap$|schema\.graphql$|zz_generated/i;

export function kindOf(path: string): FileKind {
  if (GENERATED.test(path)) return 'generated';
  if (TEST.test(path)) return 'test';
  if (DOCS.test(path)) return 'docs';
  return SOURCE.test(path) ? 'source' : 'other';
}

const TRIVIAL =
  /^(\s*$|\s*(\/\/|\/?\*|#|\*|"""|'''|<!--))|^\s*(import|from|package|use|using|include|require|export \* from)\b|^\s*[{}()[\];,]*\s*$/;
const CONTROL =
  /\b(if|else|for|while|switch|case|catch|except|try|return|throw|raise|goto|defer|go|await|async|select|lock|synchronized|mutex)\b|\?|&&|\|\|/;
/** Beyond this a line is data, and patterns over it cost more than they say. */
const MAX_LINE = 2_000;

/** Blank lines, comments, imports and lone brackets carry no behaviour. */
export function isTrivialLine(line: string): boolean {
  return TRIVIAL.test(line.slice(0, MAX_LINE));
}

export function isControlLine(line: string): boolean {
  return CONTROL.test(line.slice(0, MAX_LINE));
}
