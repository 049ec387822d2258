/**
 * Paths as a careless eye or a case-blind file system reads them. Rules look at both forms, so that no
 * spelling of a protected path escapes them; grants look at the real one only.
 */

/** Letters of other scripts that look like Latin ones, in lower case. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  // Cyrillic
  а: 'a',
  в: 'b',
  с: 'c',
  ԁ: 'd',
  е: 'e',
  ѕ: 's',
  һ: 'h',
  і: 'i',
  ј: 'j',
  к: 'k',
  ӏ: 'l',
  м: 'm',
  о: 'o',
  р: 'p',
  ԛ: 'q',
  т: 't',
  у: 'y',
  ԝ: 'w',
  х: 'x',
  // Greek
  α: 'a',
  ε: 'e',
  ι: 'i',
  κ: 'k',
  ν: 'v',
  ο: 'o',
  ρ: 'p',
  τ: 't',
  υ: 'u',
  χ: 'x',
  // Latin
  ı: 'i',
};
/** Not seen at all: zero width, marks of direction, joiners, variation selectors, controls. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]/gu;
const IS_PLAIN = /^[\x20-\x7e]*$/;

/** The form in which twins are equal. */
export function foldPath(path: string): string {
  const lower = path.toLowerCase();
  if (IS_PLAIN.test(lower)) return lower;
  const bare = lower.normalize('NFKC').replaceAll(UNSEEN, '').toLowerCase();
  return Array.from(bare, (character) => LOOKALIKES[character] ?? character).join('');
}

/** True when a path is written so that it passes for another one. Letters of one script never are. */
export function isPathTwin(path: string): boolean {
  if (IS_PLAIN.test(path)) return false;
  if (path !== path.replaceAll(UNSEEN, '') || path !== path.normalize('NFC')) return true;
  return (path.match(/[\p{L}\p{M}\p{N}]+/gu) ?? []).some((word) => {
    if (IS_PLAIN.test(word)) return false;
    if (IS_PLAIN.test(foldPath(word))) return true;
    return /\p{Script=Latin}/u.test(word) && /[\p{Script=Cyrillic}\p{Script=Greek}]/u.test(word);
  });
}
