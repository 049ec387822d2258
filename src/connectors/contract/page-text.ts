/** Which files hold documents, and their text as Markdown. Pure. */
import { readPage } from './html-to-markdown.ts';

const DOCUMENT_FILE = /\.(?:md|mdx|markdown|adoc|rst|txt|html?)$/i;
const HIDDEN = /(?:^|\/)(?:\.|node_modules\/|_(?:sidebar|footer|header)\.)/i;

export function isDocumentFile(path: string): boolean {
  return DOCUMENT_FILE.test(path) && !HIDDEN.test(path);
}

/** @param bytes As they lie there; what is no UTF-8 is read with gaps, what is no text gives undefined. */
export function readDocumentFile(
  path: string,
  bytes: Uint8Array,
): { title: string; text: string; author?: string | undefined } | undefined {
  if (bytes.subarray(0, 8_000).includes(0)) return undefined;
  const text = new TextDecoder('utf-8').decode(bytes);
  if (!/\.html?$/i.test(path)) return { title: '', text };
  return readPage(text);
}
