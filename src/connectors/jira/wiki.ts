/** The little Markdown that we write, in Jira's wiki markup. Pure. */

/** Lists, links and code; everything else is escaped, so that no text of others is markup. */
export function toWiki(markdown: string): string {
  return markdown
    .split('\n')
    .map((line) => {
      const isItem = line.startsWith('- ');
      return `${isItem ? '* ' : ''}${inline(isItem ? line.slice(2) : line)}`;
    })
    .join('\n');
}

const PART = /\[([^\]\n]*)\]\((https?:\/\/[^\s)]+)\)|`([^`\n]*)`/g;

function inline(text: string): string {
  let result = '';
  let end = 0;
  for (const match of text.matchAll(PART)) {
    const [whole, title, url, code] = match;
    result += escape(text.slice(end, match.index));
    result += url === undefined ? `{{${escape(code ?? '')}}}` : `[${escape(title ?? '')}|${url}]`;
    end = match.index + whole.length;
  }
  return result + escape(text.slice(end));
}

function escape(text: string): string {
  return text.replaceAll(/[\\[\]{}|*_!~^@]/g, String.raw`\$&`);
}
