/** Paths a text names in links, code spans or plainly, with the line of the first time. */
import type { Mention } from './document.ts';

const MAX_FOUND = 300;
const MAX_KEPT = 200;
const MAX_PATH = 300;
/** Longer lines are data, and searching them costs more than it finds. */
const MAX_LINE_CHARACTERS = 5_000;

const LINK = /\]\(<?([^)\s>#?([]{1,500})/g;
const PLAIN =
  /(?<![\w:/.@-])(?:[\w@.-]{1,100}\/){1,20}[\w@.-]{1,100}\/?|(?<=`)[\w.-]{1,100}\.\w{1,8}(?=`)/g;

/**
 * @param from Path of the document, against which relative links are resolved.
 * @param firstLine Lines of the file before the text.
 */
export function findMentions(text: string, from = '', firstLine = 0): Mention[] {
  const folder = from.includes('/') ? from.slice(0, from.lastIndexOf('/')) : '';
  const found = new Map<string, number>();
  const add = (path: string, line: number): void => {
    if (path !== '' && path.length <= MAX_PATH && !found.has(path)) found.set(path, line);
  };
  for (const [index, whole] of text.split('\n').entries()) {
    if (found.size > MAX_FOUND) break;
    const line = whole.slice(0, MAX_LINE_CHARACTERS);
    const number = firstLine + index + 1;
    for (const [, target = ''] of line.matchAll(LINK)) {
      if (/^[a-z][a-z0-9+.-]*:|^\/\/|^#/i.test(target)) continue;
      add(joinPath(target.startsWith('/') ? '' : folder, target), number);
    }
    for (const [candidate] of line.matchAll(PLAIN)) {
      if (candidate.startsWith('..')) continue;
      add(candidate.replace(/^\.\//, '').replace(/[/.]+$/, ''), number);
    }
  }
  return [...found].slice(0, MAX_KEPT).map(([path, line]) => ({ path, line }));
}

/** The same without lines. */
export function mentionedPaths(text: string, from = ''): string[] {
  return findMentions(text, from).map(({ path }) => path);
}

function joinPath(folder: string, target: string): string {
  const parts: string[] = [];
  for (const part of `${folder}/${target}`.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}
