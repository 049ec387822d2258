/**
 * Cuts documents at their headings. Markdown is read by remark, which knows what is code, quote or
 * comment; AsciiDoc, reStructuredText and texts too large for it line by line.
 */
import type { Root } from 'mdast';
import { toString } from 'mdast-util-to-string';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import { unified } from 'unified';
import { shorten } from '../../tokens.ts';
import type { Section } from './document.ts';

const MAX_SECTION_CHARACTERS = 6_000;
const MAX_SECTIONS = 400;
const MAX_HEADING = 150;
/** Above this, or with lines nobody wrote by hand, the simple reader has to do. */
const MAX_MARKDOWN_CHARACTERS = 100_000;
const MAX_LINE_CHARACTERS = 5_000;

interface Heading {
  /** Index of the line. */
  line: number;
  level: number;
  title: string;
}

const markdown = unified().use(remarkParse).use(remarkGfm);

/** The tree of a Markdown text; undefined where it is better not made. */
export function parseMarkdown(text: string): Root | undefined {
  if (text.length > MAX_MARKDOWN_CHARACTERS) return undefined;
  if (text.split('\n').some((line) => line.length > MAX_LINE_CHARACTERS)) return undefined;
  // Thousands of brackets or quotes in a row make any parser of Markdown slow, and are no text.
  if (/[[\]()<>*_`~!]{200}|^(?:[ \t]*>){50}/m.test(text)) return undefined;
  return markdown.parse(text);
}

/** @param firstLine Lines of the file before the text, such as its front matter. */
export function splitSections(text: string, firstLine = 0, tree = parseMarkdown(text)): Section[] {
  const lines = text.split('\n');
  const headings = tree === undefined ? scanHeadings(lines) : headingsOf(tree);
  const sections: Section[] = [];
  const trail: string[] = [];
  let heading = '';
  let start = 0;

  const close = (end: number): void => {
    const body = lines.slice(start, end).join('\n');
    if (body.trim() === '' || sections.length >= MAX_SECTIONS) return;
    sections.push({
      heading,
      startLine: firstLine + start + 1,
      endLine: firstLine + end,
      text: shorten(body.trim(), MAX_SECTION_CHARACTERS),
    });
  };

  for (const { line, level, title } of headings) {
    close(line);
    start = line;
    trail.length = Math.min(trail.length, level - 1);
    trail[level - 1] = title;
    heading = trail.filter((part) => part !== undefined).join(' > ');
  }
  close(lines.length);
  return sections;
}

/** Headings of the document itself; those in quotes and lists belong to what they quote. */
function headingsOf(tree: Root): Heading[] {
  return tree.children.flatMap((node) => {
    if (node.type !== 'heading' || node.position === undefined) return [];
    const title = toString(node).replace(/\s+/g, ' ').trim();
    return title === ''
      ? []
      : [
          {
            line: node.position.start.line - 1,
            level: node.depth,
            title: shorten(title, MAX_HEADING),
          },
        ];
  });
}

function scanHeadings(lines: readonly string[]): Heading[] {
  const headings: Heading[] = [];
  let fence: string | undefined;
  lines.forEach((line, index) => {
    const mark = /^[ \t]{0,3}(`{3,}|~{3,})/.exec(line.slice(0, 100))?.[1];
    if (mark !== undefined) {
      if (fence === undefined) fence = mark;
      else if (mark.startsWith(fence)) fence = undefined;
      return;
    }
    const found = fence === undefined ? headingAt(lines, index) : undefined;
    if (found !== undefined) headings.push({ line: index, ...found });
  });
  return headings;
}

function headingAt(
  lines: readonly string[],
  index: number,
): { level: number; title: string } | undefined {
  const line = lines[index]!.slice(0, 1_000);
  const marked = /^ {0,3}(#{1,6}|={1,6}) +(\S.*)$/.exec(line);
  if (marked !== null) {
    const title = marked[2]!.replace(/[ #=]+$/, '');
    return title === ''
      ? undefined
      : { level: marked[1]!.length, title: shorten(title, MAX_HEADING) };
  }
  const under = /^ {0,3}(={3,}|-{3,})[ \t]*$/.exec((lines[index + 1] ?? '').slice(0, 1_000));
  const isTitle = under !== null && /^ {0,3}[^\s>|*+\-#]/.test(line) && !line.includes('|');
  if (!isTitle) return undefined;
  return { level: under[1]!.startsWith('=') ? 1 : 2, title: shorten(line.trim(), MAX_HEADING) };
}
