/** What a document holds for ranking: its words, its headings, and the paths and names it mentions. Pure. */

export interface DocumentText {
  headings: string[];
  /** Path-like words, with slashes, or a file name with its ending. */
  mentions: string[];
}

const MAX_HEADINGS = 40;
const MAX_MENTIONS = 2_000;
const PATH_LIKE = /[\w@.~-]{1,80}(?:\/[\w@.~-]{1,80}){1,14}|\b[\w-]{2,80}\.[a-z][a-z0-9]{0,6}\b/gi;

export function readDocumentText(text: string): DocumentText {
  const headings: string[] = [];
  for (const [line] of text.matchAll(/^#{1,6} .{1,200}$|^.{3,120}\n(?=(?:={3,}|-{3,}|~{3,})$)/gm)) {
    headings.push(line);
    if (headings.length >= MAX_HEADINGS) break;
  }
  const mentions = new Set<string>();
  for (const [word] of text.matchAll(PATH_LIKE)) {
    mentions.add(trimMention(word));
    if (mentions.size >= MAX_MENTIONS) break;
  }
  return { headings, mentions: [...mentions] };
}

/** Documents a source file names, by base name. */
export function readDocumentLinks(text: string): string[] {
  if (!/\.(?:mdx?|rst|adoc)\b/i.test(text)) return [];
  const names = new Set<string>();
  for (const [word] of text.matchAll(/[\w./-]{1,200}\.(?:mdx?|rst|adoc)\b/gi)) {
    names.add(word.slice(word.lastIndexOf('/') + 1).toLowerCase());
    if (names.size >= 50) break;
  }
  return [...names];
}

function trimMention(word: string): string {
  return word.replace(/^(?:\.{1,2}\/)+|^[.~]?\/+|[.~-]+$/g, '');
}
