/** Confluence's storage format as Markdown: what its macros say stays, what they draw goes. Pure. */
import { codeBlock, findAll, type HtmlElement, htmlToMarkdown, textOf } from '#connectors/contract';

const BOXES: Readonly<Record<string, string>> = {
  info: 'Info',
  note: 'Note',
  warning: 'Warning',
  tip: 'Tip',
  panel: '',
};

export function storageToMarkdown(storage: string, baseUrl: string): string {
  return htmlToMarkdown(storage, {
    baseUrl,
    isBlock: ({ name }) =>
      /^ac:(?:structured-macro|macro|task-list|task|task-body|layout|layout-section|layout-cell|rich-text-body)$/.test(
        name,
      ),
    special,
  });
}

function special(element: HtmlElement, inner: () => string): string | undefined {
  switch (element.name) {
    case 'ac:structured-macro':
    case 'ac:macro':
      return macro(element, inner);
    case 'ac:task': {
      const done = textIn(element, 'ac:task-status') === 'complete';
      const body = findAll(element, 'ac:task-body', 1)[0];
      return `- [${done ? 'x' : ' '}] ${body === undefined ? '' : textOf(body).replace(/\s+/g, ' ').trim()}`;
    }
    case 'ac:link':
      return link(element);
    case 'ac:image':
      return picture(element);
    case 'time':
      return element.attributes.get('datetime') ?? inner();
    // Settings of macros, pictures of moods, what was never written, and what only people's names are behind.
    case 'ac:parameter':
    case 'ac:emoticon':
    case 'ac:placeholder':
    case 'ac:task-id':
    case 'ac:task-uuid':
    case 'ri:user':
      return '';
    default:
      return undefined;
  }
}

function macro(element: HtmlElement, inner: () => string): string {
  const name = element.attributes.get('ac:name') ?? '';
  const parameter = (key: string) =>
    element.children.find(
      (child): child is HtmlElement =>
        typeof child !== 'string' &&
        child.name === 'ac:parameter' &&
        child.attributes.get('ac:name') === key,
    );
  const said = (key: string) => {
    const found = parameter(key);
    return found === undefined ? '' : textOf(found).trim();
  };
  if (name === 'code' || name === 'noformat') {
    const language = /^[\w+-]{1,30}$/.exec(said('language'))?.[0] ?? '';
    return codeBlock(textIn(element, 'ac:plain-text-body'), language).trim();
  }
  if (name === 'jira') return said('key');
  if (name === 'status') return said('title');
  // Kept for other pages to show; readers of this one do not see it.
  if (name === 'excerpt' && said('hidden') === 'true') return '';
  const body = inner().trim();
  const box = BOXES[name];
  if (box === undefined) return body;
  const title = said('title') || box;
  const lines = title === '' ? body : `**${title}**\n\n${body}`;
  return body === '' ? '' : lines.replace(/^/gm, '> ').replace(/^> $/gm, '>');
}

function link(element: HtmlElement): string {
  const words = ['ac:link-body', 'ac:plain-text-link-body']
    .map((name) => textIn(element, name))
    .find((text) => text !== '');
  const page = findAll(element, 'ri:page', 1)[0]?.attributes.get('ri:content-title');
  const file = findAll(element, 'ri:attachment', 1)[0]?.attributes.get('ri:filename');
  return (words ?? page ?? file ?? '').replace(/\s+/g, ' ');
}

function picture(element: HtmlElement): string {
  const words = element.attributes.get('ac:alt') ?? element.attributes.get('ac:title') ?? '';
  return words === '' ? '' : `(picture: ${words})`;
}

function textIn(element: HtmlElement, name: string): string {
  const [found] = findAll(element, name, 1);
  return found === undefined ? '' : textOf(found).trim();
}
