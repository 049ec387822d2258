/** Notion's blocks as Markdown. Pure. */
import { z } from 'zod';
import { codeBlock, webAddress } from '#connectors/contract';

const RichText = z.object({
  plain_text: z.string(),
  href: z.string().nullish(),
  annotations: z.object({ bold: z.boolean().optional(), code: z.boolean().optional() }).optional(),
});
export type RichText = z.infer<typeof RichText>;
export const RichTexts = z.array(RichText);

/** Blocks are of many kinds, and new ones come: what we do not know is read by its text, if it has any. */
const Content = z.object({
  rich_text: RichTexts.optional(),
  checked: z.boolean().optional(),
  language: z.string().optional(),
  title: z.string().optional(),
  url: z.string().optional(),
  caption: RichTexts.optional(),
  expression: z.string().optional(),
  cells: z.array(RichTexts).optional(),
});

export const Block = z
  .object({
    id: z.string(),
    type: z.string(),
    has_children: z.boolean().default(false),
    archived: z.boolean().default(false),
    in_trash: z.boolean().default(false),
  })
  .loose();
export type Block = z.infer<typeof Block>;

export interface BlockTree {
  block: Block;
  children: BlockTree[];
}

export function blocksToMarkdown(trees: readonly BlockTree[], indent = ''): string {
  let number = 0;
  const parts: string[] = [];
  let wasList = false;
  for (const tree of trees) {
    const { type, archived, in_trash: inTrash } = tree.block;
    number = type === 'numbered_list_item' ? number + 1 : 0;
    const text = archived || inTrash ? '' : blockText(tree, indent, number);
    if (text === '') continue;
    const isList = /list_item$|^to_do$/.test(type);
    if (parts.length > 0) parts.push(isList && wasList ? '\n' : '\n\n');
    parts.push(text);
    wasList = isList;
  }
  return parts.join('');
}

function blockText({ block, children }: BlockTree, indent: string, number: number): string {
  const { type } = block;
  const content = Content.safeParse(block[type]).data ?? {};
  const words = richText(content.rich_text ?? []);
  const below = (deeper: string) => blocksToMarkdown(children, deeper);
  const item = (mark: string) => {
    const inner = children.length === 0 ? '' : below(`${indent}${' '.repeat(mark.length)}`);
    return `${indent}${mark}${words}${inner === '' ? '' : `\n${inner}`}`;
  };
  const then = (text: string) => [text, below(indent)].filter((part) => part !== '').join('\n\n');
  switch (type) {
    case 'heading_1':
    case 'heading_2':
    case 'heading_3':
      return then(words === '' ? '' : `${'#'.repeat(Number(type.at(-1)))} ${words}`);
    case 'bulleted_list_item':
      return item('- ');
    case 'numbered_list_item':
      return item(`${number}. `);
    case 'to_do':
      return item(`- [${content.checked === true ? 'x' : ' '}] `);
    case 'quote':
    case 'callout':
      return then(words).replace(/^/gm, '> ');
    case 'code': {
      const plain = (content.rich_text ?? []).map(({ plain_text: text }) => text).join('');
      return codeBlock(plain, content.language === 'plain text' ? '' : content.language).trim();
    }
    case 'equation':
      return content.expression ?? '';
    case 'table':
      return table(children);
    case 'divider':
      return '---';
    case 'bookmark':
    case 'embed':
    case 'link_preview':
      return webAddress(content.url) ?? '';
    // Pages and databases below are read by themselves.
    case 'child_page':
    case 'child_database':
      return content.title === undefined ? '' : `Page: ${content.title}`;
    case 'image':
    case 'video':
    case 'file':
    case 'pdf': {
      const caption = richText(content.caption ?? []);
      return caption === '' ? '' : `(${type}: ${caption})`;
    }
    default:
      return then(words === '' ? '' : `${indent}${words}`);
  }
}

function table(rows: readonly BlockTree[]): string {
  const lines = rows.map(({ block }) => {
    const { cells = [] } = Content.safeParse(block['table_row']).data ?? {};
    return cells.map((cell) =>
      richText(cell)
        .replace(/\s+/g, ' ')
        .replaceAll('|', String.raw`\|`),
    );
  });
  const [head, ...rest] = lines;
  if (head === undefined) return '';
  const write = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [write(head), write(head.map(() => '---')), ...rest.map(write)].join('\n');
}

export function richText(parts: readonly RichText[]): string {
  return parts
    .map(({ plain_text: text, href, annotations }) => {
      const address = webAddress(href ?? undefined);
      if (annotations?.code === true && !text.includes('`')) return `\`${text}\``;
      const words = annotations?.bold === true && text.trim() !== '' ? `**${text}**` : text;
      return address === undefined || address === text ? words : `[${words}](${address})`;
    })
    .join('');
}
