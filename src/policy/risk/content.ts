/**
 * What the changed lines of a patch say, beyond how many there are: read by patterns that hold for most
 * languages, so that a count means much the same in each. The shipped model was trained under these very
 * patterns, so a change of one asks for a new model.
 */
import type { Hunk } from '#git';
import type { ContentCounts } from './change.ts';
import { isTrivialLine } from './source-lines.ts';

const COMMENT = /^\s*(\/\/|\/?\*|#(?!\[|include|define|if|endif|else)|"""|'''|<!--)/;
const IMPORT = /^\s*(import|from|package|use|using|include|require|export \* from|#include)\b/;
const ABSENCE =
  /\b(null|nil|undefined|None|NULL|nullptr|isNull|is_none|is_some|Optional)\b|\?\.|\?\?/;
const TEXT = /"[^"]*"|'[^']*'|`/;
const NUMBER = /\b(?!0\b|1\b)\d+(\.\d+)?\b/;
const CALL = /[A-Za-z_]\w*\(/g;
const ARITHMETIC = /[\w)\]]\s*[-+*/%]\s*[\w(]|\w\[/;
const NAME = /[A-Za-z_]\w{2,}/g;
const NARROW = /\.(ts|tsx|js|jsx|vue|svelte|rb|mjs|cjs|kt)$/;
/** Beyond this a line is data, and patterns over it cost more than they say. */
const MAX_LINE = 400;
const MAX_LENGTH = 200;
const MAX_NAMES = 5_000;
/** Shorter lines are the same by chance. */
const MIN_MOVED = 11;

export interface ContentCounter {
  add(hunk: Hunk): void;
  counts(): ContentCounts;
}

/** Counts over the hunks of production files of one change. */
export function createContentCounter(): ContentCounter {
  const names = new Set<string>();
  const removedTexts = new Map<string, number>();
  const addedTexts = new Map<string, number>();
  const counts = {
    codeLines: 0,
    commentLines: 0,
    importLines: 0,
    deepest: 0,
    characters: 0,
    numbers: 0,
    texts: 0,
    absences: 0,
    calls: 0,
    arithmetic: 0,
  };

  function addLine(line: string, path: string): void {
    if (COMMENT.test(line)) {
      counts.commentLines += 1;
      return;
    }
    if (IMPORT.test(line)) {
      counts.importLines += 1;
      return;
    }
    if (isTrivialLine(line)) return;
    counts.codeLines += 1;
    const text = line.trim();
    note(addedTexts, text);
    counts.deepest = Math.max(counts.deepest, depthOf(line, path));
    counts.characters += Math.min(MAX_LENGTH, text.length);
    if (NUMBER.test(line)) counts.numbers += 1;
    if (TEXT.test(line)) counts.texts += 1;
    if (ABSENCE.test(line)) counts.absences += 1;
    if (ARITHMETIC.test(line)) counts.arithmetic += 1;
    counts.calls += line.match(CALL)?.length ?? 0;
    if (names.size >= MAX_NAMES) return;
    for (const name of line.match(NAME) ?? []) names.add(name);
  }

  return {
    add({ path, added = [], removed = [] }) {
      for (const line of removed) {
        const part = line.slice(0, MAX_LINE);
        if (!COMMENT.test(part) && !IMPORT.test(part) && !isTrivialLine(part))
          note(removedTexts, part.trim());
      }
      for (const line of added) addLine(line.slice(0, MAX_LINE), path);
    },
    counts() {
      let movedLines = 0;
      for (const [text, times] of addedTexts)
        movedLines += Math.min(times, removedTexts.get(text) ?? 0);
      return { ...counts, movedLines, names: names.size };
    },
  };
}

function note(texts: Map<string, number>, text: string): void {
  if (text.length >= MIN_MOVED) texts.set(text, (texts.get(text) ?? 0) + 1);
}

/** Levels of indentation: a tab each, else two or four spaces, as the language has it. */
function depthOf(line: string, path: string): number {
  const space = /^[\t ]*/.exec(line)![0];
  if (space.includes('\t')) return space.split('\t').length - 1;
  return space.length / (NARROW.test(path) ? 2 : 4);
}
