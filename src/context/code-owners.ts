/**
 * CODEOWNERS as GitHub reads it: the last matching rule wins, a rule without owners clears ownership,
 * case matters. It looks like gitignore and is not: no negation, no character ranges.
 * https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners
 */

export interface CodeOwnerRule {
  pattern: string;
  owners: string[];
  /** 1-based line in the file. */
  line: number;
  /** GitLab only: sections decide each for itself. */
  section?: string;
  /** GitLab only: what matches is owned by nobody of its section, whatever its other lines say. */
  isExclusion?: boolean;
  matches(path: string): boolean;
}

/** GitHub's order; the first file found counts. */
export const CODE_OWNER_PLACES = ['.github/CODEOWNERS', 'CODEOWNERS', 'docs/CODEOWNERS'];
/** GitHub ignores a larger file altogether. */
export const MAX_CODE_OWNERS_BYTES = 3 * 1024 * 1024;

/** Reads the rules. Lines GitHub would skip as errors are skipped. */
export function parseCodeOwners(text: string): CodeOwnerRule[] {
  return text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .flatMap((raw, index) => {
      const line = raw.replace(/(^|\s)#.*$/, '').trim();
      const match = /^(?<pattern>(?:\\.|[^\s\\])+)(?<owners>(?:\s.*)?)$/.exec(line);
      if (match?.groups === undefined) return [];
      // A section header is GitLab's, negation and ranges are gitignore's: GitHub knows none of them.
      const pattern = match.groups['pattern']!;
      if (/^[!^]|^\[/.test(pattern) || /(?<!\\)\[/.test(pattern)) return [];
      const owners = match.groups['owners']!.split(/\s+/).filter((owner) => owner !== '');
      if (!owners.every((owner) => owner.includes('@'))) return [];
      const expression = toExpression(pattern);
      return [{ pattern, owners, line: index + 1, matches: (path) => expression.test(path) }];
    });
}

/** Owners of one path; empty when nobody owns it. */
export function ownersOfPath(rules: readonly CodeOwnerRule[], path: string): string[] {
  if (!rules.some(({ section }) => section !== undefined)) {
    return ruleOfPath(rules, path)?.owners ?? [];
  }
  const owners = new Set<string>();
  for (const ofSection of Map.groupBy(rules, ({ section }) => section).values()) {
    const isOut = ofSection.some((rule) => rule.isExclusion === true && rule.matches(path));
    if (!isOut) for (const owner of ruleOfPath(ofSection, path)?.owners ?? []) owners.add(owner);
  }
  return [...owners];
}

/** The rule that decides about a path. */
export function ruleOfPath(
  rules: readonly CodeOwnerRule[],
  path: string,
): CodeOwnerRule | undefined {
  return rules.findLast((rule) => rule.matches(path));
}

function toExpression(pattern: string): RegExp {
  const isFolder = /(?<!\\)\/$/.test(pattern);
  const trimmed = isFolder ? pattern.slice(0, -1) : pattern;
  const isAnchored = trimmed.includes('/');
  const body = trimmed.replace(/^\//, '');
  let source = '';
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at]!;
    if (character === '\\' && at + 1 < body.length) {
      at += 1;
      source += literal(body[at]!);
    } else if (character === '*' && body[at + 1] === '*') {
      const startsPart = at === 0 || body[at - 1] === '/';
      at += 1;
      if (startsPart && body[at + 1] === '/') {
        at += 1;
        source += '(?:.*/)?';
      } else source += '.*';
    } else if (character === '*') source += '[^/]*';
    else if (character === '?') source += '[^/]';
    else source += literal(character);
  }
  // `dir/*` reaches direct children only; any other match also owns everything below it.
  const reachesChildrenOnly = isAnchored && /(?:^|\/)\*$/.test(body);
  const tail = isFolder ? '/.*' : reachesChildrenOnly ? '' : '(?:/.*)?';
  return new RegExp(`^${isAnchored ? '' : '(?:.*/)?'}${source}${tail}$`, 's');
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}
