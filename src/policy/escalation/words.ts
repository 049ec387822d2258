/**
 * Words for people in a hurry: counted, cut at a limit, and free of everything that could pass for
 * something else. What people and agents write reaches a package only through here. Pure.
 */

/** Control characters, and whatever turns the direction of text or takes no room. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}]/gu;

/** One line of plain text: nothing unseen, no line break, at most `maxChars` long. */
export function plainText(text: string, maxChars = 300): string {
  const line = text
    .slice(0, maxChars * 4)
    .replaceAll(/[\s\u0085]+/g, ' ')
    .replaceAll(UNSEEN, '')
    .replaceAll(/ +/g, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length <= maxChars ? line : `${characters.slice(0, maxChars - 1).join('')}…`;
}

export function countWords(text: string): number {
  return text.split(/\s+/).filter((word) => word !== '').length;
}

/** The first words; a cut is marked on the last of them and costs no word. */
export function cutWords(text: string, maxWords: number, maxChars = 600): string {
  const line = plainText(text, maxChars);
  const words = line.split(' ');
  return words.length <= maxWords ? line : `${words.slice(0, maxWords).join(' ')}…`;
}

/** Parts joined until the words are used up; what does not fit is left out whole, the first one cut. */
export function joinWithin(
  parts: readonly string[],
  maxWords: number,
  separator = '; ',
): { text: string; shown: number } {
  let text = '';
  let shown = 0;
  for (const part of parts) {
    const line = plainText(part);
    if (line === '') continue;
    const longer = text === '' ? line : `${text}${separator}${line}`;
    if (countWords(longer) > maxWords) break;
    text = longer;
    shown += 1;
  }
  const [first] = parts;
  if (shown === 0 && first !== undefined) return { text: cutWords(first, maxWords), shown: 1 };
  return { text, shown };
}
