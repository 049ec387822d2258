/** Definitions that others may use and a change alters. Pure. */

export interface Declared {
  name: string;
  kind: string;
  /** The line that declares it. */
  signature: string;
}

/** Shorter names mean too much to mean anything. */
const MIN_NAME = 4;

/**
 * Names whose declaration is another afterwards, or gone. A body may change freely: whoever calls it does
 * not see it. A name declared several times in a file counts as changed when any of its lines does.
 */
export function changedSymbols(
  language: string,
  before: readonly Declared[],
  after: readonly Declared[],
): string[] {
  const now = new Map<string, Set<string>>();
  for (const { name, signature } of after) {
    const known = now.get(name);
    if (known === undefined) now.set(name, new Set([signature]));
    else known.add(signature);
  }
  const changed = before.filter(
    (one) =>
      one.name.length >= MIN_NAME &&
      isExported(language, one) &&
      now.get(one.name)?.has(one.signature) !== true,
  );
  return [...new Set(changed.map(({ name }) => name))];
}

/** As far as one line can tell; where a language has no mark for it, a leading underscore hides. */
export function isExported(language: string, { name, kind, signature }: Declared): boolean {
  switch (language) {
    case 'typescript':
    case 'tsx':
    case 'javascript':
      return kind === 'method' ? !/^(?:private|#)/.test(signature) : /^export\b/.test(signature);
    case 'rust':
      return /^pub\b/.test(signature);
    case 'go':
      return /^\p{Lu}/u.test(name);
    case 'java':
    case 'c-sharp':
      return /\b(?:public|protected)\b/.test(signature);
    case 'kotlin':
      return !/\b(?:private|internal)\b/.test(signature);
    default:
      return !name.startsWith('_') && !/^\s*private\b/.test(signature);
  }
}
