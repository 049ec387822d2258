/**
 * What a site asks of programs that read it, by its robots.txt (RFC 9309). The group that names us counts,
 * else the one for everybody; of the rules that fit an address the longest decides, and of two equal ones
 * the one that allows. Pure.
 */

/** By this name a site may speak to us. */
export const PRODUCT = 'loomstack';
/** The standard asks readers to take 500 KiB; what stands beyond is left out. */
const MAX_CHARACTERS = 500 * 1024;
const MAX_RULES = 5_000;

interface Rule {
  isAllowed: boolean;
  pattern: string;
}
export type Robots = readonly Rule[];

export function parseRobots(text: string): Robots {
  const groups: { agents: string[]; rules: Rule[] }[] = [];
  let isNaming = false;
  for (const line of text
    .slice(0, MAX_CHARACTERS)
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)) {
    const [, key = '', value = ''] = /^\s*([\w-]+)\s*:\s*([^#]*?)\s*(?:#.*)?$/.exec(line) ?? [];
    switch (key.toLowerCase()) {
      case 'user-agent':
        // Names one after the other begin one group.
        if (!isNaming) groups.push({ agents: [], rules: [] });
        groups.at(-1)!.agents.push(value.toLowerCase());
        isNaming = true;
        break;
      case 'allow':
      case 'disallow':
        isNaming = false;
        // An empty rule rules nothing.
        if (value !== '' && groups.length > 0) {
          groups.at(-1)!.rules.push({ isAllowed: key.toLowerCase() === 'allow', pattern: value });
        }
        break;
      default:
        break;
    }
  }
  const ours = groups.filter(({ agents }) => agents.includes(PRODUCT));
  const counting = ours.length > 0 ? ours : groups.filter(({ agents }) => agents.includes('*'));
  return counting.flatMap(({ rules }) => rules).slice(0, MAX_RULES);
}

/** Whether the page may be read. */
export function mayRead(robots: Robots, url: URL): boolean {
  const path = canonical(`${url.pathname}${url.search}`);
  if (path === '/robots.txt') return true;
  let best: Rule | undefined;
  for (const rule of robots) {
    if (!fits(canonical(rule.pattern), path)) continue;
    const longer = rule.pattern.length - (best?.pattern.length ?? -1);
    if (longer > 0 || (longer === 0 && rule.isAllowed)) best = rule;
  }
  return best?.isAllowed ?? true;
}

/** `*` is anything, `$` at the end is the end. Without backtracking: a site may write what it likes. */
function fits(pattern: string, path: string): boolean {
  const isWhole = pattern.endsWith('$');
  const parts = (isWhole ? pattern.slice(0, -1) : pattern).split('*');
  const [first = '', ...rest] = parts;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const [index, part] of rest.entries()) {
    if (isWhole && index === rest.length - 1) {
      return path.length - part.length >= at && path.endsWith(part);
    }
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return !isWhole || at === path.length;
}

/** The same octets written in either way are the same. */
function canonical(text: string): string {
  return text
    .replaceAll(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character.toWellFormed()))
    .replaceAll(/%([0-9a-f]{2})/gi, (escape, hex: string) => {
      const character = String.fromCharCode(Number.parseInt(hex, 16));
      return /[A-Za-z0-9._~-]/.test(character) ? character : escape.toUpperCase();
    });
}
