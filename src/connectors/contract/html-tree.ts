/**
 * Reads HTML, and the XHTML wikis keep their pages in, into a tree. It takes whatever comes: what is not
 * closed is closed, what is closed and was never opened is passed over. One pass over the text, bounded in
 * depth and number, so that no page is slow. It is a reader of texts and no browser: nothing is run, and
 * scripts, styles and what is hidden are left out by whoever walks the tree. Why it is our own:
 * docs/adr/0015. Pure.
 */

export interface HtmlElement {
  /** Lower case, with its prefix: `ac:structured-macro`. */
  name: string;
  attributes: ReadonlyMap<string, string>;
  children: HtmlNode[];
}
export type HtmlNode = HtmlElement | string;

const MAX_DEPTH = 200;
const MAX_NODES = 200_000;
const MAX_ATTRIBUTES = 50;
const VOID = new Set(
  'area base br col embed hr img input link meta param source track wbr ri:url ri:page ri:attachment ri:user ri:space'.split(
    ' ',
  ),
);
/** Their content is text up to their end, whatever it looks like. */
const RAW = new Set(['script', 'style', 'textarea', 'title', 'noscript', 'template']);
/** Opening one of these ends an open one of the same kind: their ends may be left out. */
const SIBLINGS: Readonly<Record<string, readonly string[]>> = {
  li: ['li'],
  p: ['p'],
  tr: ['tr', 'td', 'th'],
  td: ['td', 'th'],
  th: ['td', 'th'],
  dt: ['dt', 'dd'],
  dd: ['dt', 'dd'],
  option: ['option'],
};
/** And what it never ends beyond. */
const SCOPES = new Set(['ul', 'ol', 'table', 'div', 'section', 'article', 'body', 'dl', 'select']);

export function parseHtml(text: string): HtmlElement {
  const root: HtmlElement = { name: '#root', attributes: new Map(), children: [] };
  const open: HtmlElement[] = [root];
  let lowered: string | undefined;
  let nodes = 0;
  let at = 0;
  const top = () => open.at(-1)!;
  const addText = (part: string) => {
    if (part !== '') top().children.push(part);
  };

  while (at < text.length && nodes < MAX_NODES) {
    const next = text.indexOf('<', at);
    if (next === -1) break;
    if (next > at) addText(decodeEntities(text.slice(at, next)));
    nodes += 1;
    if (text.startsWith('<![CDATA[', next)) {
      const end = text.indexOf(']]>', next);
      addText(text.slice(next + 9, end === -1 ? undefined : end));
      at = end === -1 ? text.length : end + 3;
    } else if (text.startsWith('<!--', next)) {
      const end = text.indexOf('-->', next + 4);
      at = end === -1 ? text.length : end + 3;
    } else if (/[!?]/.test(text[next + 1] ?? '')) {
      at = endOf(text, next);
    } else if (text[next + 1] === '/') {
      at = endOf(text, next);
      close(nameAt(text, next + 2));
    } else if (/[a-z]/i.test(text[next + 1] ?? '')) {
      at = openElement(next);
    } else {
      addText('<');
      at = next + 1;
    }
  }
  if (at < text.length && nodes < MAX_NODES) addText(decodeEntities(text.slice(at)));
  return root;

  function openElement(start: number): number {
    const name = nameAt(text, start + 1);
    const end = endOf(text, start);
    const tag = text.slice(start + 1 + name.length, end - 1);
    const element: HtmlElement = { name, attributes: readAttributes(tag), children: [] };
    for (const sibling of SIBLINGS[name] ?? []) closeWithin(sibling);
    top().children.push(element);
    if (tag.endsWith('/') || VOID.has(name)) return end;
    if (RAW.has(name)) {
      lowered ??= text.toLowerCase();
      const close = lowered.indexOf(`</${name}`, end);
      const stop = close === -1 ? text.length : close;
      if (name === 'title' || name === 'textarea') {
        element.children.push(decodeEntities(text.slice(end, stop)));
      }
      return close === -1 ? text.length : endOf(text, close);
    }
    // Deeper than anybody writes: its content goes on at this level.
    if (open.length < MAX_DEPTH) open.push(element);
    return end;
  }

  function close(name: string): void {
    const index = open.findLastIndex((element) => element.name === name);
    if (index > 0) open.length = index;
  }

  function closeWithin(name: string): void {
    for (let index = open.length - 1; index > 0; index -= 1) {
      if (open[index]!.name === name) {
        open.length = index;
        return;
      }
      if (SCOPES.has(open[index]!.name)) return;
    }
  }
}

/** All text below a node, as it stands. */
export function textOf(node: HtmlNode): string {
  if (typeof node === 'string') return node;
  return node.children.map(textOf).join('');
}

/** Elements of a name below a node, in the order of the text, outermost first. */
export function findAll(node: HtmlNode, name: string, limit = 1_000): HtmlElement[] {
  const found: HtmlElement[] = [];
  const walk = (one: HtmlNode): void => {
    if (typeof one === 'string' || found.length >= limit) return;
    if (one.name === name) found.push(one);
    one.children.forEach(walk);
  };
  walk(node);
  return found;
}

function nameAt(text: string, at: number): string {
  return (/^[a-z][\w:-]{0,60}/i.exec(text.slice(at, at + 64))?.[0] ?? '').toLowerCase();
}

/** Behind the `>` that ends the tag; one within quotes does not. */
function endOf(text: string, start: number): number {
  let quote = '';
  const most = Math.min(text.length, start + 20_000);
  for (let at = start + 1; at < most; at += 1) {
    const character = text[at]!;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === '>') return at + 1;
    else if ((character === '"' || character === "'") && text[at - 1] === '=') quote = character;
  }
  return most;
}

function readAttributes(tag: string): Map<string, string> {
  const attributes = new Map<string, string>();
  const pattern =
    /([^\s"'<>/=]{1,100})(?:\s{0,10}=\s{0,10}(?:"([^"]*)"|'([^']*)'|([^\s"'<>`]+)))?/g;
  for (const [, name, double, single, bare] of tag.matchAll(pattern)) {
    if (attributes.size >= MAX_ATTRIBUTES) break;
    attributes.set(name!.toLowerCase(), decodeEntities(double ?? single ?? bare ?? ''));
  }
  return attributes;
}

/** Names that texts use; numbers give all others. */
const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
  ensp: ' ',
  emsp: ' ',
  thinsp: ' ',
  shy: '',
  zwnj: '',
  zwj: '',
  ndash: '–',
  mdash: '—',
  lsquo: '‘',
  rsquo: '’',
  sbquo: '‚',
  ldquo: '“',
  rdquo: '”',
  bdquo: '„',
  laquo: '«',
  raquo: '»',
  hellip: '…',
  bull: '•',
  middot: '·',
  copy: '©',
  reg: '®',
  trade: '™',
  deg: '°',
  plusmn: '±',
  times: '×',
  divide: '÷',
  euro: '€',
  pound: '£',
  sect: '§',
  para: '¶',
  larr: '←',
  rarr: '→',
  uarr: '↑',
  darr: '↓',
  harr: '↔',
  le: '≤',
  ge: '≥',
  ne: '≠',
  asymp: '≈',
  infin: '∞',
  micro: 'µ',
  frac12: '½',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
  ntilde: 'ñ',
  oslash: 'ø',
  aring: 'å',
  aelig: 'æ',
};

export function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z][a-z0-9]{1,20}));/gi, (...found) => {
    const [whole, decimal, hex, name] = found as [string, string?, string?, string?];
    if (name !== undefined) return ENTITIES[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal);
    const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : '\ufffd';
  });
}
