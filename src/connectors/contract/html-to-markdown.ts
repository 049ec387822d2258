/**
 * A page's text as Markdown: headings, lists, tables, links and code stay, looks go, and so does what a
 * reader of the page does not see. Connectors give the elements of their own a meaning by `special`. Pure.
 */
import { findAll, type HtmlElement, type HtmlNode, parseHtml, textOf } from './html-tree.ts';

export interface MarkdownOptions {
  /** Links are read against it; ours are always whole addresses of the web. */
  baseUrl?: string | undefined;
  /** Markdown of an element; undefined leaves it to the common rules. `inner` is that of its content. */
  /** Elements of its own that are blocks; those of HTML are known. */
  isBlock?: (element: HtmlElement) => boolean;
  special?: (element: HtmlElement, inner: () => string) => string | undefined;
}

const DROPPED = new Set(
  'script style noscript template svg canvas iframe object embed form button select input textarea nav footer aside dialog video audio head'.split(
    ' ',
  ),
);
const BLOCKS = new Set(
  'address article aside blockquote body dd details div dl dt fieldset figure figcaption header hr html main ol p pre section summary table ul'.split(
    ' ',
  ),
);
const MAX_MARKDOWN = 1_000_000;
const MAX_CELLS = 10_000;

export function htmlToMarkdown(html: string, options: MarkdownOptions = {}): string {
  return treeToMarkdown(parseHtml(html), options);
}

/** The main part of a web page with its title, for pages written for people. */
export function readPage(
  html: string,
  options: MarkdownOptions = {},
): { title: string; author: string | undefined; text: string } {
  const tree = parseHtml(html);
  const [main] = [...findAll(tree, 'main', 1), ...findAll(tree, 'article', 1)];
  const metas = findAll(tree, 'meta', 200);
  const named = (name: string) =>
    metas
      .find(({ attributes }) => (attributes.get('name') ?? attributes.get('property')) === name)
      ?.attributes.get('content')
      ?.trim();
  const heading = findAll(main ?? tree, 'h1', 1)[0];
  const title = oneLine(textOf(findAll(tree, 'title', 1)[0] ?? heading ?? ''));
  const author = named('author') ?? named('article:author');
  return {
    title: title === '' ? oneLine(heading === undefined ? '' : textOf(heading)) : title,
    author: author === undefined || author === '' ? undefined : author,
    text: treeToMarkdown(main ?? tree, options),
  };
}

export function treeToMarkdown(tree: HtmlElement, options: MarkdownOptions = {}): string {
  let cells = 0;
  // Asked at every level of what is nested: once per element is enough.
  const blockness = new WeakMap<HtmlElement, boolean>();
  const text = blocks(tree.children, '');
  return text
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim()
    .slice(0, MAX_MARKDOWN);

  function blocks(nodes: readonly HtmlNode[], indent: string): string {
    let result = '';
    let line = '';
    const flush = () => {
      const words = tidy(line);
      if (words !== '') result += `\n\n${indent}${escapeStart(words)}`;
      line = '';
    };
    for (const node of nodes) {
      if (typeof node !== 'string' && isBlock(node)) {
        flush();
        result += block(node, indent);
      } else line += inline(node);
    }
    flush();
    return result;
  }

  function isBlock(element: HtmlElement): boolean {
    const known = blockness.get(element) ?? findBlockness(element);
    blockness.set(element, known);
    return known;
  }

  function findBlockness(element: HtmlElement): boolean {
    if (/^h[1-6]$/.test(element.name) || BLOCKS.has(element.name)) return true;
    if (options.isBlock?.(element) === true) return true;
    return element.name === 'a' || element.name === 'span'
      ? false
      : element.children.some((child) => typeof child !== 'string' && isBlock(child));
  }

  function block(element: HtmlElement, indent: string): string {
    const { name, children } = element;
    if (isLeftOut(element)) return '';
    const given = options.special?.(element, () => blocks(children, indent));
    if (given !== undefined) return given === '' ? '' : `\n\n${given}`;
    const level = /^h([1-6])$/.exec(name)?.[1];
    if (level !== undefined) {
      const title = tidy(children.map(inline).join('')).replace(/\n/g, ' ');
      return title === '' ? '' : `\n\n${'#'.repeat(Number(level))} ${title}`;
    }
    switch (name) {
      case 'ul':
      case 'ol':
        return list(element, indent);
      case 'pre':
        return codeBlock(textOf(element), languageOf(element));
      case 'blockquote':
        return `\n\n${quote(blocks(children, '').trim())}`;
      case 'table':
        return table(element);
      case 'hr':
        return '\n\n---';
      case 'dt':
        return `\n\n${indent}**${tidy(children.map(inline).join(''))}**`;
      default:
        return blocks(children, indent);
    }
  }

  function list(element: HtmlElement, indent: string): string {
    let number = 0;
    const items = element.children.flatMap((item) => {
      if (typeof item === 'string' || isLeftOut(item)) return [];
      number += 1;
      const mark = element.name === 'ol' ? `${number}. ` : '- ';
      const inner = blocks(item.children, '')
        .trim()
        .replace(/\n{2,}/g, '\n');
      if (inner === '') return [];
      const deeper = indent.length >= 40 ? indent : `${indent}${' '.repeat(mark.length)}`;
      return [`${indent}${mark}${inner.split('\n').join(`\n${deeper}`)}`];
    });
    return items.length === 0 ? '' : `\n\n${items.join('\n')}`;
  }

  function table(element: HtmlElement): string {
    const rows = rowsOf(element).map((row) =>
      row.children.flatMap((cell) => {
        if (typeof cell === 'string' || !/^t[dh]$/.test(cell.name) || cells >= MAX_CELLS) return [];
        cells += 1;
        return [oneLine(blocks(cell.children, '')).replaceAll('|', String.raw`\|`)];
      }),
    );
    const [head, ...rest] = rows.filter((row) => row.length > 0);
    if (head === undefined) return '';
    const write = (row: readonly string[]) => `| ${row.join(' | ')} |`;
    return `\n\n${[write(head), write(head.map(() => '---')), ...rest.map(write)].join('\n')}`;
  }

  function inline(node: HtmlNode): string {
    if (typeof node === 'string') return node.replace(/\s+/g, ' ');
    if (isLeftOut(node)) return '';
    const { name, children } = node;
    const inner = () => children.map(inline).join('');
    const given = options.special?.(node, inner);
    if (given !== undefined) return given;
    switch (name) {
      case 'br':
        return '\n';
      case 'a':
        return link(node, tidy(inner()).replace(/\n/g, ' '));
      case 'code':
      case 'kbd':
      case 'samp':
        return codeSpan(textOf(node));
      case 'strong':
      case 'b':
        return wrapped('**', inner());
      case 'em':
      case 'i':
        return wrapped('*', inner());
      case 'del':
      case 's':
        return '';
      case 'img': {
        const alternative = oneLine(node.attributes.get('alt') ?? '');
        return alternative === '' ? '' : `(picture: ${alternative})`;
      }
      default:
        return inner();
    }
  }

  function link(element: HtmlElement, words: string): string {
    const address = webAddress(element.attributes.get('href'), options.baseUrl);
    if (address === undefined || words === '') return words;
    return words === address ? address : `[${words.replace(/[[\]]/g, '')}](${address})`;
  }
}

/** Of the table itself; a table within a cell has its own. */
function rowsOf(table: HtmlElement): HtmlElement[] {
  return table.children.flatMap((child) => {
    if (typeof child === 'string') return [];
    if (child.name === 'tr') return [child];
    return /^t(?:head|body|foot)$/.test(child.name) ? rowsOf(child) : [];
  });
}

/** Whole, and of the web; undefined for anything that is run, sent or inside the page. */
export function webAddress(href: string | undefined, baseUrl?: string): string | undefined {
  if (href === undefined || href.startsWith('#') || href.length > 1_000) return undefined;
  if (!URL.canParse(href, baseUrl)) return undefined;
  const url = new URL(href, baseUrl);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  url.username = '';
  url.password = '';
  return url.href.replaceAll('(', '%28').replaceAll(')', '%29');
}

export function codeBlock(text: string, language = ''): string {
  const body = text.replace(/^\n+|\s+$/g, '');
  if (body === '') return '';
  const longest = Math.max(2, ...[...body.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `\n\n${fence}${language}\n${body}\n${fence}`;
}

function isLeftOut({ name, attributes }: HtmlElement): boolean {
  if (DROPPED.has(name) || attributes.has('hidden')) return true;
  if (attributes.get('aria-hidden') === 'true') return true;
  // What a person does not see is not what the page says, and a favourite place to speak to agents.
  return /display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])/i.test(
    attributes.get('style') ?? '',
  );
}

function codeSpan(text: string): string {
  const words = oneLine(text);
  if (words === '') return '';
  return words.includes('`') ? `\`\` ${words} \`\`` : `\`${words}\``;
}

function wrapped(mark: string, words: string): string {
  const inner = words.trim();
  if (inner === '') return words;
  const [before, after] = [/^\s/.test(words) ? ' ' : '', /\s$/.test(words) ? ' ' : ''];
  return `${before}${mark}${inner}${mark}${after}`;
}

function quote(text: string): string {
  return text === ''
    ? ''
    : text
        .split('\n')
        .map((line) => `> ${line}`.trimEnd())
        .join('\n');
}

function languageOf(element: HtmlElement): string {
  const [code] = findAll(element, 'code', 1);
  const names = `${element.attributes.get('class') ?? ''} ${code?.attributes.get('class') ?? ''}`;
  return /(?:^|\s)(?:language|lang|highlight-source)-([\w+-]{1,30})/.exec(names)?.[1] ?? '';
}

function tidy(text: string): string {
  return text
    .replace(/[ \t\u00a0]+/g, ' ')
    .replace(/ ?\n ?/g, '\n')
    .trim();
}

/** Text that only looks like a heading or a rule of Markdown is text. */
function escapeStart(text: string): string {
  return text.replace(/^(#{1,6} |---+$|===+$|```|~~~)/gm, String.raw`\$1`);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
