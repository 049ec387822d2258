/**
 * Many texts as one binary parameter. In an array each would be escaped, and read character by
 * character to find its end: for JSON, which is full of quotes, that costs more than storing it. In SQL:
 *
 *   convert_from(substring($1::bytea from start for length), 'UTF8')
 */

export interface PackedTexts {
  bytes: Buffer;
  /** Where each begins, from 1; null where there is none. */
  starts: (number | null)[];
  /** In bytes. */
  lengths: (number | null)[];
}

export function packTexts(texts: readonly (string | undefined)[]): PackedTexts {
  const starts: (number | null)[] = [];
  const lengths: (number | null)[] = [];
  let end = 0;
  for (const text of texts) {
    const length = text === undefined ? null : Buffer.byteLength(text);
    starts.push(length === null ? null : end + 1);
    lengths.push(length);
    end += length ?? 0;
  }
  const bytes = Buffer.allocUnsafe(end);
  for (const [index, text] of texts.entries()) {
    if (text !== undefined) bytes.write(text, starts[index]! - 1);
  }
  return { bytes, starts, lengths };
}
