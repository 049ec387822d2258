/** How long a text is for a model. One place, so that every budget means the same. */

/** About four characters make a token in English and code; measured on the real text, rounded up. */
export function countTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Cuts a text to so many characters at a line or word end, and says that it did. */
export function shorten(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  if (maxCharacters < 2) return '';
  const cut = text.slice(0, maxCharacters - 1);
  const lineEnd = cut.lastIndexOf('\n');
  const wordEnd = cut.lastIndexOf(' ');
  const end =
    lineEnd > maxCharacters * 0.6 ? lineEnd : wordEnd > maxCharacters * 0.6 ? wordEnd : -1;
  // Half of a surrogate pair is no character.
  return `${(end > 0 ? cut.slice(0, end) : cut.replace(/[\ud800-\udbff]$/, '')).trimEnd()}…`;
}
