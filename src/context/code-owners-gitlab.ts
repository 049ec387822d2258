/**
 * CODEOWNERS as GitLab reads it: sections that decide each for itself, owners a section gives to lines
 * without any, exclusions, and patterns that reach below a folder only with a slash at their end.
 * https://docs.gitlab.com/user/project/codeowners/reference/
 */
import type { CodeOwnerRule } from './code-owners.ts';

/** GitLab's order; the first file found counts. */
export const GITLAB_CODE_OWNER_PLACES = ['CODEOWNERS', 'docs/CODEOWNERS', '.gitlab/CODEOWNERS'];

/** `[Name]`, `^[Name]` where approval is optional, `[Name][2]` for so many approvals; then owners. */
const SECTION = /^\^?\[(?<name>[^\]]+)\](?:\[\d+\])?(?<owners>(?:\s.*)?)$/;

/** Reads the rules, each with its section; what stands before the first has the section `''`. */
export function parseGitLabCodeOwners(text: string): CodeOwnerRule[] {
  const rules: CodeOwnerRule[] = [];
  let section = '';
  let defaults: string[] = [];
  for (const [index, raw] of text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\r|\n/)
    .entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trim();
    if (line === '') continue;
    const header = SECTION.exec(line)?.groups;
    if (header !== undefined) {
      // Names that differ in case only are one section.
      section = header['name']!.trim().toLowerCase();
      defaults = ownersIn(header['owners']!);
      continue;
    }
    const entry = /^(?<not>!?)(?<pattern>(?:\\.|[^\s\\])+)(?<owners>(?:\s.*)?)$/.exec(line)?.groups;
    if (entry === undefined) continue;
    const isExclusion = entry['not'] === '!';
    const own = ownersIn(entry['owners']!);
    const expression = toExpression(entry['pattern']!);
    rules.push({
      pattern: entry['pattern']!,
      owners: isExclusion ? [] : own.length > 0 ? own : defaults,
      line: index + 1,
      section,
      isExclusion,
      matches: (path) => expression.test(path),
    });
  }
  return rules;
}

function ownersIn(text: string): string[] {
  return text.split(/\s+/).filter((word) => word.includes('@'));
}

/** A pattern without a slash in front may begin in any folder. */
function toExpression(pattern: string): RegExp {
  if (pattern === '*') return /^/;
  const isRooted = pattern.startsWith('/');
  const isFolder = pattern.endsWith('/');
  const body = pattern.replace(/^\//, '').replace(/\/$/, '');
  let source = '';
  for (let at = 0; at < body.length; at += 1) {
    const character = body[at]!;
    if (character === '\\' && at + 1 < body.length) {
      at += 1;
      source += literal(body[at]!);
    } else if (body.startsWith('**/', at) && (at === 0 || body[at - 1] === '/')) {
      at += 2;
      source += '(?:.*/)?';
    } else if (character === '*') {
      while (body[at + 1] === '*') at += 1;
      source += '[^/]*';
    } else if (character === '?') source += '[^/]';
    else source += literal(character);
  }
  return new RegExp(`^${isRooted ? '' : '(?:.*/)?'}${source}${isFolder ? '/.+' : ''}$`, 's');
}

function literal(character: string): string {
  return character.replace(/[.*+?^${}()|[\]\\/]/, '\\$&');
}
